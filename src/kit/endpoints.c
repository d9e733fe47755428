/* SPDX-License-Identifier: Apache-2.0 */
/* endpoints.c - several hosts of one definition: which of their outcomes is the test's. */
#include <stdio.h>

#include "probe_state.h"
#include "text.h"

typedef bool attempt_function(struct probe *probe, const struct target *target,
                              const struct endpoint *endpoint, struct error *err);

/* How one endpoint failed. */
struct outcome {
    struct error error;
    enum stage stage;
    int attempt;
};

/* After a refused login another host would be refused as well, and accounts lock. */
static bool is_final(enum reason reason)
{
    return reason == REASON_LOGIN_REFUSED || reason == REASON_LOGIN_METHOD ||
           reason == REASON_LOGIN_NOT_ALLOWED || reason == REASON_KERBEROS_FAILED ||
           reason == REASON_OAUTH_REFUSED;
}

static void tell_failure(struct probe *probe, const struct endpoint *endpoint,
                         const struct outcome *outcome)
{
    char where[300];
    text_endpoint(where, sizeof where, endpoint->host, endpoint->port);
    char *message = text_format("%s: %s at %s: %s", where, reason_name(outcome->error.reason),
                                stage_name(outcome->stage), outcome->error.message);
    probe_finding_at(probe, outcome->stage, SEVERITY_WARNING, "endpoint-failed",
                     outcome->error.property[0] ? outcome->error.property : NULL, message);
    text_wipe_free(message);
}

bool probe_each_endpoint(struct probe *probe, const struct target *target,
                         attempt_function *attempt, struct error *err)
{
    struct outcome decisive = {.attempt = -1};
    for (size_t i = 0; i < target->endpoint_count; i++) {
        const struct endpoint *endpoint = &target->endpoints[i];
        struct outcome outcome = {.error = ERROR_INIT};
        probe->attempt_deadline =
            deadline_share(probe->deadline, (int)(target->endpoint_count - i));
        probe_attempt(probe, endpoint, STAGE_DNS);
        if (attempt(probe, target, endpoint, &outcome.error))
            return true;
        outcome.stage = probe->stage;
        outcome.attempt = probe->attempt;
        if (target->endpoint_count > 1)
            tell_failure(probe, endpoint, &outcome);
        if (decisive.attempt < 0 || outcome.stage > decisive.stage)
            decisive = outcome;
        if (is_final(outcome.error.reason) || deadline_passed(probe->deadline))
            break;
    }
    *err = decisive.error;
    probe->stage = decisive.stage;
    probe->deciding_attempt = decisive.attempt;
    return false;
}
