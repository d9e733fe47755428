/* SPDX-License-Identifier: Apache-2.0 */
/* agent_call.c - an identity first, then a worker that asks. */
#include "agent_call.h"

#include <stdlib.h>

#include "agent_identity.h"
#include "agent_worker.h"
#include "registry.h"
#include "text.h"

enum { CALL_MS = 10000 };

/* One under way; the identity is kept for the next. */
struct agent_call {
    struct agent_identity *agent;
    const char *request;
    struct deadline deadline;
    struct error *err;
    char *answer;
    bool done;
};

static void finish(struct agent_call *call, const struct error *err)
{
    if (err)
        *call->err = *err;
    call->done = true;
    event_base_loopbreak(agent_identity_base(call->agent));
}

static void end_worker(void *argument, json_t *answer, const struct error *err)
{
    struct agent_call *call = argument;
    if (answer)
        call->answer = json_dumps(answer, JSON_COMPACT);
    finish(call, answer ? NULL : err);
}

static void use_identity(void *argument, const char *access)
{
    struct agent_call *call = argument;
    struct error err = ERROR_INIT;
    json_t *document = json_loads(access, 0, NULL);
    if (agent_access_failed(document, &err)) {
        json_decref(document);
        finish(call, &err);
        return;
    }
    json_t *request = json_pack("{s:o, s:o, s:s}", "glue", json_loads(call->request, 0, NULL),
                                "aws", document, "drivers", agent_identity_drivers(call->agent));
    if (!agent_worker_start(call->agent, request, "glue", call->deadline, end_worker, call, &err))
        finish(call, &err);
    json_decref(request);
}

/* Of this process, for its whole life: the identity is kept in locked memory. */
static struct agent_identity *get_agent(void)
{
    static struct agent_identity *agent;
    if (agent)
        return agent;
    char *folder = registry_default_folder();
    agent = agent_identity_new(event_base_new(), folder, false);
    free(folder);
    return agent;
}

char *agent_call_glue(const char *request, int limit_ms, struct error *err)
{
    int time_ms = limit_ms > 0 && limit_ms < CALL_MS ? limit_ms : CALL_MS;
    struct agent_call call = {
        .agent = get_agent(), .request = request, .deadline = deadline_in_ms(time_ms), .err = err};
    agent_identity_ask(call.agent, NULL, call.deadline, use_identity, &call);
    while (!call.done)
        event_base_dispatch(agent_identity_base(call.agent));
    return call.answer;
}
