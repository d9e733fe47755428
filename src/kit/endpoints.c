/* SPDX-License-Identifier: Apache-2.0 */
/* endpoints.c - several hosts of one definition: which of their outcomes is the test's. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "probe_state.h"
#include "text.h"

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

/* Nothing of it would be different in the clear. */
static bool is_of_tls(const struct probe *probe, const struct error *err)
{
    return probe->stage == STAGE_TLS && err->reason != REASON_WRONG_PROTOCOL;
}

void probe_without_tls(struct probe *probe, struct error *err)
{
    probe->attempt_deadline = probe->endpoint_deadline;
    probe->tls_optional = false;
    probe_finding(probe, SEVERITY_WARNING, "tls-failed", err->property[0] ? err->property : NULL,
                  "TLS failed and is not enforced, so the test went on in the clear: %s: %s",
                  reason_name(err->reason), err->message);
    probe->over_tls = *err;
    *err = ERROR_INIT;
}

void probe_tell_over_tls(const struct probe *probe, struct error *err)
{
    struct error both = *err;
    if (probe->over_tls.reason == REASON_NONE)
        return;
    error_set(err, err->reason, "%s; over TLS it failed before: %s: %s", both.message,
              reason_name(probe->over_tls.reason), probe->over_tls.message);
    memcpy(both.message, err->message, sizeof both.message);
    *err = both;
}

/* In the clear the service takes nobody, so what TLS failed by is what has to be mended. */
static void tell_both(const struct probe *probe, struct error *err)
{
    const struct error *over_tls = &probe->over_tls;
    if (err->reason != REASON_TLS_REQUIRED || over_tls->reason == REASON_NONE)
        return;
    probe_tell_over_tls(probe, err);
    error_remedy(err, "%s",
                 over_tls->remedy[0] ? over_tls->remedy : reason_info(over_tls->reason)->remedy);
    if (over_tls->property[0])
        error_property(err, over_tls->property);
}

/* TLS first where it is wanted (design, section 5), in the clear where it may be. */
static bool try_endpoint(struct probe *probe, const struct target *target,
                         const struct endpoint *endpoint, probe_attempt_function *attempt,
                         struct error *err)
{
    const struct tls_policy *tls = &target->tls;
    probe_attempt(probe, endpoint, STAGE_DNS);
    probe->attempt_deadline = probe->endpoint_deadline;
    if (!tls->attempt)
        return attempt(probe, target, endpoint, false, err);
    if (!probe_tls_expect(probe, tls, err))
        return false;
    probe->tls_optional = !tls->require;
    probe->over_tls = ERROR_INIT;
    bool accepted = attempt(probe, target, endpoint, true, err);
    if (!accepted && !tls->require && is_of_tls(probe, err)) {
        probe_without_tls(probe, err);
        probe_attempt(probe, endpoint, STAGE_TCP);
        accepted = attempt(probe, target, endpoint, false, err);
    }
    /* A driver may have gone on in the clear by itself. */
    if (!accepted)
        tell_both(probe, err);
    return accepted;
}

/* A line break that came along with a password looks like a wrong password. */
static void see_blanks(struct probe *probe, const struct target *target, const struct error *err)
{
    const char *password = target->password;
    size_t length = password ? strlen(password) : 0;
    if (err->reason != REASON_LOGIN_REFUSED || length == 0 ||
        (!isspace((unsigned char)password[0]) && !isspace((unsigned char)password[length - 1])))
        return;
    probe_finding(
        probe, SEVERITY_WARNING, "password-blank", target->password_property,
        "the password begins or ends with a blank or a line break, which was sent as part "
        "of it");
}

bool probe_each_endpoint(struct probe *probe, const struct target *target,
                         probe_attempt_function *attempt, struct error *err)
{
    struct outcome decisive = {.attempt = -1};
    probe->user = target->user;
    for (size_t i = 0; i < target->endpoint_count; i++) {
        const struct endpoint *endpoint = &target->endpoints[i];
        struct outcome outcome = {.error = ERROR_INIT};
        probe->endpoint_deadline =
            deadline_share(probe->deadline, (int)(target->endpoint_count - i));
        if (try_endpoint(probe, target, endpoint, attempt, &outcome.error))
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
    see_blanks(probe, target, err);
    return false;
}
