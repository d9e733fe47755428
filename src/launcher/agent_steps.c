/* SPDX-License-Identifier: Apache-2.0 */
/* agent_steps.c - what has to be got first, and how: the operator's plan, the output of a program,
 * an identity, a role. */
#include <stdlib.h>
#include <string.h>

#include "agent_item.h"
#include "agent_worker.h"
#include "aws_chain.h"
#include "credential_process.h"
#include "text.h"

enum {
    PLAN_S = 60,    /* so long the operator's files count as read */
    ENDLESS_S = 900 /* credentials that do not expire are got anew all the same */
};

static void end_worker(void *argument, json_t *answer, const struct error *err)
{
    struct agent_item *item = argument;
    item->worker = NULL;
    if (answer)
        agent_item_set_value(item, answer, item->kind == ITEM_PLAN ? PLAN_S : ENDLESS_S);
    else
        agent_item_set_failure(item, err);
    agent_identity_advance(item->agent);
}

static enum agent_standing start_worker(struct agent_item *item, json_t *request, const char *key)
{
    struct agent_identity *agent = item->agent;
    struct error err = ERROR_INIT;
    item->worker = agent_worker_start(agent, request, key, agent_identity_latest(agent), end_worker,
                                      item, &err);
    json_decref(request);
    if (item->worker)
        return STANDING_PENDING;
    agent_item_set_failure(item, &err);
    return STANDING_FAILED;
}

static enum agent_standing start_plan(struct agent_item *item)
{
    return start_worker(
        item, json_pack("{s:{s:O}}", "plan", "environment", item->agent->environment), "plan");
}

static void end_process(void *argument, const char *output, size_t length, const struct error *err)
{
    struct agent_item *item = argument;
    struct error mine = *err;
    json_t *plan = agent_item_value(agent_item_find(item->agent, ITEM_PLAN, NULL));
    const char *command =
        json_string_value(json_object_get(json_object_get(plan, "source"), "command"));
    json_t *keys = output ? aws_chain_process_output(output, length, command ? command : "") : NULL;
    const char *wrong = json_string_value(json_object_get(keys, "error"));
    item->process = NULL;
    if (wrong)
        error_set(&mine, REASON_AWS_CREDENTIALS_MISSING, "no AWS credentials: %s", wrong);
    if (keys && !wrong)
        agent_item_set_value(item, keys, ENDLESS_S);
    else
        agent_item_set_failure(item, &mine);
    json_decref(keys);
    json_decref(plan);
    agent_identity_advance(item->agent);
}

static enum agent_standing start_process(struct agent_item *item, const char *command)
{
    struct agent_identity *agent = item->agent;
    struct error err = ERROR_INIT;
    item->process = credential_process_start(agent->base, command, agent_identity_latest(agent),
                                             end_process, item, &err);
    if (item->process)
        return STANDING_PENDING;
    agent_item_set_failure(item, &err);
    return STANDING_FAILED;
}

/* ITEM cannot be known because OTHER failed. */
static enum agent_standing inherit(struct agent_item *item, const struct agent_item *other)
{
    agent_item_forget(item);
    item->failure = xstrdup(other->failure);
    item->until_us = other->until_us;
    return STANDING_FAILED;
}

static enum agent_standing start_identify(struct agent_item *item, const json_t *settings,
                                          json_t *source, json_t *roles)
{
    return start_worker(item,
                        json_pack("{s:{s:O, s:O, s:O}, s:s}", "identify", "settings", settings,
                                  "source", source, "roles", roles, "drivers",
                                  item->agent->drivers),
                        "identity");
}

/* The agent's own: keys as they stand, or what the plan's source gives, and the profile's roles. */
static enum agent_standing start_own(struct agent_item *item)
{
    struct agent_identity *agent = item->agent;
    struct agent_item *plan_item = agent_item_find(agent, ITEM_PLAN, NULL);
    enum agent_standing standing = agent_item_see(plan_item);
    if (standing != STANDING_KNOWN)
        return standing == STANDING_FAILED ? inherit(item, plan_item) : standing;
    json_t *plan = agent_item_value(plan_item);
    json_t *source = json_incref(json_object_get(plan, "source"));
    json_t *roles = json_object_get(plan, "roles");
    const char *kind = json_string_value(json_object_get(source, "kind"));
    struct agent_item *process = NULL;
    if (text_equal(kind, "process")) {
        process = agent_item_find(agent, ITEM_PROCESS, NULL);
        standing = agent_item_see(process);
        json_decref(source);
        source = standing == STANDING_KNOWN ? agent_item_value(process) : NULL;
    }
    if (standing == STANDING_FAILED) {
        standing = inherit(item, process);
    } else if (source && (process || text_equal(kind, "keys")) && json_array_size(roles) == 0) {
        agent_item_set_value(item, source, PLAN_S);
    } else if (source) {
        standing = start_identify(item, json_object_get(plan, "settings"), source, roles);
    }
    json_decref(source);
    json_decref(plan);
    return standing;
}

static enum agent_standing start_role(struct agent_item *item)
{
    struct agent_item *plan_item = agent_item_find(item->agent, ITEM_PLAN, NULL);
    struct agent_item *own = agent_item_find(item->agent, ITEM_OWN, NULL);
    enum agent_standing standing = agent_item_see(own);
    if (standing != STANDING_KNOWN)
        return standing == STANDING_FAILED ? inherit(item, own) : standing;
    standing = agent_item_see(plan_item);
    if (standing != STANDING_KNOWN)
        return standing == STANDING_FAILED ? inherit(item, plan_item) : standing;
    json_t *plan = agent_item_value(plan_item);
    json_t *source = agent_item_value(own);
    json_t *roles = json_pack("[{s:s, s:s}]", "role_arn", item->role_arn, "property",
                              "ConnectionProperties.ROLE_ARN");
    json_object_set_new(source, "kind", json_string("keys"));
    standing = start_identify(item, json_object_get(plan, "settings"), source, roles);
    json_decref(roles);
    json_decref(source);
    json_decref(plan);
    return standing;
}

static enum agent_standing start_command(struct agent_item *item)
{
    json_t *plan = agent_item_value(agent_item_find(item->agent, ITEM_PLAN, NULL));
    const char *command =
        json_string_value(json_object_get(json_object_get(plan, "source"), "command"));
    enum agent_standing standing = start_process(item, command ? command : "");
    json_decref(plan);
    return standing;
}

enum agent_standing agent_item_see(struct agent_item *item)
{
    bool good = clock_now_us() < item->until_us;
    if (item->value && good)
        return STANDING_KNOWN;
    if (item->failure && good)
        return STANDING_FAILED;
    if (item->worker || item->process)
        return STANDING_PENDING;
    switch (item->kind) {
    case ITEM_PLAN:
        return start_plan(item);
    case ITEM_PROCESS:
        return start_command(item);
    case ITEM_OWN:
        return start_own(item);
    case ITEM_ROLE:
    default:
        return start_role(item);
    }
}
