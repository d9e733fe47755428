/* SPDX-License-Identifier: Apache-2.0 */
/* agent_identity.c - who waits, what is known, and what has to be got first. */
#include "agent_identity.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent_worker.h"
#include "aws_chain.h"
#include "credential_process.h"
#include "locked.h"
#include "template.h"
#include "text.h"

enum {
    PLAN_S = 60,     /* so long the operator's files count as read */
    FAILURE_S = 2,   /* so long nobody is asked again after a failure */
    ENDLESS_S = 900, /* credentials that do not expire are got anew all the same */
    EARLY_S = 300,   /* expired that much earlier, or half their time */
    GIVE_UP_MS = 40  /* for the test to say why itself */
};

/* Something to be known: what the operator configured, an output, an identity. */
struct item {
    enum item_kind { ITEM_PLAN, ITEM_PROCESS, ITEM_OWN, ITEM_ROLE } kind;
    char *role_arn;   /* ITEM_ROLE */
    char *value;      /* JSON, locked; NULL: not known */
    char *failure;    /* JSON of an error; NULL: none */
    int64_t until_us; /* VALUE or FAILURE is good until then, monotonic */
    struct agent_worker *worker;
    struct credential_process *process;
    struct agent_identity *agent;
    struct item *next;
};

struct agent_wait {
    struct agent_identity *agent;
    struct item *item;
    struct deadline deadline;
    struct event *timer;
    agent_ready *ready;
    void *argument;
    struct agent_wait *next;
};

struct agent_identity {
    struct event_base *base;
    char *drivers;
    bool fork;
    struct template *template;
    json_t *environment;
    struct item *items;
    struct agent_wait *waits;
};

enum standing { STANDING_KNOWN, STANDING_FAILED, STANDING_PENDING };

static enum standing see(struct item *item);

struct agent_identity *agent_identity_new(struct event_base *base, const char *drivers, bool fork)
{
    struct agent_identity *agent = xcalloc(1, sizeof *agent);
    agent->base = base;
    agent->drivers = xstrdup(drivers);
    agent->fork = fork;
    agent->environment = json_object();
    for (const char *const *name = operator_variables; *name; name++)
        if (getenv(*name))
            json_object_set_new(agent->environment, *name, json_string(getenv(*name)));
    return agent;
}

static void forget_result(struct item *item)
{
    locked_free(item->value);
    free(item->failure);
    item->value = item->failure = NULL;
}

static void free_item(struct item *item)
{
    agent_worker_free(item->worker);
    credential_process_free(item->process);
    forget_result(item);
    free(item->role_arn);
    free(item);
}

void agent_identity_free(struct agent_identity *agent)
{
    if (!agent)
        return;
    while (agent->waits)
        agent_identity_forget(agent->waits);
    while (agent->items) {
        struct item *item = agent->items;
        agent->items = item->next;
        free_item(item);
    }
    if (agent->template)
        template_free(agent->template);
    json_decref(agent->environment);
    free(agent->drivers);
    free(agent);
}

static struct item *find_item(struct agent_identity *agent, enum item_kind kind, const char *role)
{
    struct item *item = agent->items;
    while (item && (item->kind != kind || !text_equal(item->role_arn, role)))
        item = item->next;
    if (item)
        return item;
    item = xcalloc(1, sizeof *item);
    item->kind = kind;
    item->role_arn = role ? xstrdup(role) : NULL;
    item->agent = agent;
    item->next = agent->items;
    agent->items = item;
    return item;
}

static int64_t in_seconds(long long seconds)
{
    return clock_now_us() + (int64_t)seconds * 1000000;
}

static void set_failure(struct item *item, const struct error *err)
{
    json_t *failure =
        json_pack("{s:s, s:s}", "code", reason_name(err->reason), "message", err->message);
    if (err->remedy[0])
        json_object_set_new(failure, "remedy", json_string(err->remedy));
    if (err->property[0])
        json_object_set_new(failure, "property", json_string(err->property));
    forget_result(item);
    item->failure = json_dumps(failure, JSON_COMPACT);
    item->until_us = in_seconds(FAILURE_S);
    json_decref(failure);
}

/* Keep VALUE for SECONDS, less where it says itself that it "expires" earlier. */
static void set_value(struct item *item, const json_t *value, long long seconds)
{
    const json_t *expires = json_object_get(value, "expires");
    char *text = json_dumps(value, JSON_COMPACT);
    if (json_is_integer(expires)) {
        long long left = json_integer_value(expires) - (long long)time(NULL);
        seconds = left > 2 * EARLY_S ? left - EARLY_S : left / 2;
    }
    forget_result(item);
    item->value = locked_copy(text);
    item->until_us = in_seconds(seconds);
    text_wipe_free(text);
}

static json_t *value_of(const struct item *item)
{
    return json_loads(item->value, 0, NULL);
}

/* What waits for nothing any more is told; more may be got now. */
static void advance(struct agent_identity *agent);

/* The latest by which somebody wants to know. */
static struct deadline latest(const struct agent_identity *agent)
{
    struct deadline deadline = {0};
    for (const struct agent_wait *wait = agent->waits; wait; wait = wait->next)
        if (wait->deadline.at_us > deadline.at_us)
            deadline = wait->deadline;
    return deadline;
}

static void end_worker(void *argument, json_t *answer, const struct error *err)
{
    struct item *item = argument;
    item->worker = NULL;
    if (answer)
        set_value(item, answer, item->kind == ITEM_PLAN ? PLAN_S : ENDLESS_S);
    else
        set_failure(item, err);
    advance(item->agent);
}

bool agent_identity_worker(struct agent_identity *agent, struct worker_process *worker,
                           struct error *err)
{
    if (agent->fork)
        return worker_process_fork(worker, err);
    if (!agent->template) {
        char *path = text_format("%s/../secrets/aws.so", agent->drivers);
        agent->template = template_new(path);
        free(path);
    }
    return template_take(agent->template, worker, err);
}

struct event_base *agent_identity_base(const struct agent_identity *agent)
{
    return agent->base;
}

const char *agent_identity_drivers(const struct agent_identity *agent)
{
    return agent->drivers;
}

static enum standing start_worker(struct item *item, json_t *request, const char *key)
{
    struct agent_identity *agent = item->agent;
    struct worker_process worker = WORKER_PROCESS_NONE;
    struct error err = ERROR_INIT;
    enum standing standing = STANDING_PENDING;
    if (agent_identity_worker(agent, &worker, &err)) {
        item->worker =
            agent_worker_start(agent->base, &worker, request, key, latest(agent), end_worker, item);
    } else {
        set_failure(item, &err);
        standing = STANDING_FAILED;
    }
    json_decref(request);
    return standing;
}

static enum standing start_plan(struct item *item)
{
    return start_worker(
        item, json_pack("{s:{s:O}}", "plan", "environment", item->agent->environment), "plan");
}

static void end_process(void *argument, const char *output, size_t length, const struct error *err)
{
    struct item *item = argument;
    struct error mine = *err;
    json_t *plan = value_of(find_item(item->agent, ITEM_PLAN, NULL));
    const char *command =
        json_string_value(json_object_get(json_object_get(plan, "source"), "command"));
    json_t *keys = output ? aws_chain_process_output(output, length, command ? command : "") : NULL;
    const char *wrong = json_string_value(json_object_get(keys, "error"));
    item->process = NULL;
    if (wrong)
        error_set(&mine, REASON_AWS_CREDENTIALS_MISSING, "no AWS credentials: %s", wrong);
    if (keys && !wrong)
        set_value(item, keys, ENDLESS_S);
    else
        set_failure(item, &mine);
    json_decref(keys);
    json_decref(plan);
    advance(item->agent);
}

static enum standing start_process(struct item *item, const char *command)
{
    struct agent_identity *agent = item->agent;
    struct error err = ERROR_INIT;
    item->process =
        credential_process_start(agent->base, command, latest(agent), end_process, item, &err);
    if (item->process)
        return STANDING_PENDING;
    set_failure(item, &err);
    return STANDING_FAILED;
}

/* ITEM cannot be known because OTHER failed. */
static enum standing inherit(struct item *item, const struct item *other)
{
    forget_result(item);
    item->failure = xstrdup(other->failure);
    item->until_us = other->until_us;
    return STANDING_FAILED;
}

static enum standing start_identify(struct item *item, const json_t *settings, json_t *source,
                                    json_t *roles)
{
    return start_worker(item,
                        json_pack("{s:{s:O, s:O, s:O}, s:s}", "identify", "settings", settings,
                                  "source", source, "roles", roles, "drivers",
                                  item->agent->drivers),
                        "identity");
}

/* The agent's own: keys as they stand, or what the plan's source gives, and the profile's roles. */
static enum standing start_own(struct item *item)
{
    struct agent_identity *agent = item->agent;
    struct item *plan_item = find_item(agent, ITEM_PLAN, NULL);
    enum standing standing = see(plan_item);
    if (standing != STANDING_KNOWN)
        return standing == STANDING_FAILED ? inherit(item, plan_item) : standing;
    json_t *plan = value_of(plan_item);
    json_t *source = json_incref(json_object_get(plan, "source"));
    json_t *roles = json_object_get(plan, "roles");
    const char *kind = json_string_value(json_object_get(source, "kind"));
    struct item *process = NULL;
    if (text_equal(kind, "process")) {
        process = find_item(agent, ITEM_PROCESS, NULL);
        standing = see(process);
        json_decref(source);
        source = standing == STANDING_KNOWN ? value_of(process) : NULL;
    }
    if (standing == STANDING_FAILED) {
        standing = inherit(item, process);
    } else if (source && (process || text_equal(kind, "keys")) && json_array_size(roles) == 0) {
        set_value(item, source, PLAN_S);
    } else if (source) {
        standing = start_identify(item, json_object_get(plan, "settings"), source, roles);
    }
    json_decref(source);
    json_decref(plan);
    return standing;
}

static enum standing start_role(struct item *item)
{
    struct item *plan_item = find_item(item->agent, ITEM_PLAN, NULL);
    struct item *own = find_item(item->agent, ITEM_OWN, NULL);
    enum standing standing = see(own);
    if (standing != STANDING_KNOWN)
        return standing == STANDING_FAILED ? inherit(item, own) : standing;
    standing = see(plan_item);
    if (standing != STANDING_KNOWN)
        return standing == STANDING_FAILED ? inherit(item, plan_item) : standing;
    json_t *plan = value_of(plan_item);
    json_t *source = value_of(own);
    json_t *roles = json_pack("[{s:s, s:s}]", "role_arn", item->role_arn, "property",
                              "ConnectionProperties.ROLE_ARN");
    json_object_set_new(source, "kind", json_string("keys"));
    standing = start_identify(item, json_object_get(plan, "settings"), source, roles);
    json_decref(roles);
    json_decref(source);
    json_decref(plan);
    return standing;
}

static enum standing start_command(struct item *item)
{
    json_t *plan = value_of(find_item(item->agent, ITEM_PLAN, NULL));
    const char *command =
        json_string_value(json_object_get(json_object_get(plan, "source"), "command"));
    enum standing standing = start_process(item, command ? command : "");
    json_decref(plan);
    return standing;
}

/* Whether ITEM is known; what is not yet begun for it is begun. */
static enum standing see(struct item *item)
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

static void unlink_wait(struct agent_wait *wait)
{
    struct agent_wait **at = &wait->agent->waits;
    while (*at != wait)
        at = &(*at)->next;
    *at = wait->next;
    event_free(wait->timer);
}

void agent_identity_forget(struct agent_wait *wait)
{
    unlink_wait(wait);
    free(wait);
}

/* Tell WAIT the JSON of what there is, and forget it. */
static void tell(struct agent_wait *wait, const char *key, const char *value)
{
    struct item *plan_item = find_item(wait->agent, ITEM_PLAN, NULL);
    json_t *plan = plan_item->value ? value_of(plan_item) : NULL;
    json_t *settings = json_object_get(plan, "settings");
    char *text = settings ? json_dumps(settings, JSON_COMPACT) : NULL;
    char *access = text_format("{\"settings\":%s,\"%s\":%s}", text ? text : "{}", key, value);
    agent_ready *ready = wait->ready;
    void *argument = wait->argument;
    agent_identity_forget(wait);
    ready(argument, access);
    text_wipe_free(access);
    text_wipe_free(text);
    json_decref(plan);
}

static bool tell_if_done(struct agent_wait *wait)
{
    /* The settings come from the plan, also where the identity is known still. */
    struct item *item = find_item(wait->agent, ITEM_PLAN, NULL);
    enum standing standing = see(item);
    if (standing == STANDING_KNOWN)
        standing = see(item = wait->item);
    if (standing == STANDING_KNOWN)
        tell(wait, "identity", item->value);
    else if (standing == STANDING_FAILED)
        tell(wait, "error", item->failure);
    return standing != STANDING_PENDING;
}

static void advance(struct agent_identity *agent)
{
    struct agent_wait *wait = agent->waits;
    while (wait) {
        struct agent_wait *next = wait->next;
        tell_if_done(wait);
        wait = next;
    }
}

static void run_out(evutil_socket_t fd, short what, void *argument)
{
    struct agent_wait *wait = argument;
    (void)fd;
    (void)what;
    tell(
        wait, "error",
        "{\"code\":\"TIMED_OUT\",\"message\":\"AWS credentials did not come within the time of the "
        "test\"}");
}

struct agent_wait *agent_identity_ask(struct agent_identity *agent, const char *role_arn,
                                      struct deadline deadline, agent_ready *ready, void *argument)
{
    struct agent_wait *wait = xcalloc(1, sizeof *wait);
    struct deadline early = {deadline.at_us - GIVE_UP_MS * 1000};
    int left_ms = deadline_left_ms(early);
    struct timeval left = {.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000};
    *wait = (struct agent_wait){.agent = agent,
                                .item = find_item(agent, role_arn ? ITEM_ROLE : ITEM_OWN, role_arn),
                                .deadline = early,
                                .timer = evtimer_new(agent->base, run_out, wait),
                                .ready = ready,
                                .argument = argument,
                                .next = agent->waits};
    agent->waits = wait;
    event_add(wait->timer, &left);
    return tell_if_done(wait) ? NULL : wait;
}
