/* SPDX-License-Identifier: Apache-2.0 */
/* agent_identity.c - who waits, and what each is told. */
#include "agent_identity.h"

#include <stdlib.h>
#include <string.h>

#include "agent_item.h"
#include "aws_settings.h"
#include "template.h"
#include "text.h"

enum { GIVE_UP_MS = 40 }; /* for the test to say why itself */

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

void agent_identity_free(struct agent_identity *agent)
{
    if (!agent)
        return;
    while (agent->waits)
        agent_identity_forget(agent->waits);
    while (agent->items) {
        struct agent_item *item = agent->items;
        agent->items = item->next;
        agent_item_free(item);
    }
    if (agent->template)
        template_free(agent->template);
    json_decref(agent->environment);
    free(agent->drivers);
    free(agent);
}

struct deadline agent_identity_latest(const struct agent_identity *agent)
{
    struct deadline deadline = {0};
    for (const struct agent_wait *wait = agent->waits; wait; wait = wait->next)
        if (wait->deadline.at_us > deadline.at_us)
            deadline = wait->deadline;
    return deadline;
}

struct template *agent_identity_template(struct agent_identity *agent)
{
    if (!agent->fork && !agent->template) {
        char *path = text_format("%s/../secrets/aws.so", agent->drivers);
        agent->template = template_new(agent->base, path);
        free(path);
    }
    return agent->template;
}

struct event_base *agent_identity_base(const struct agent_identity *agent)
{
    return agent->base;
}

const char *agent_identity_drivers(const struct agent_identity *agent)
{
    return agent->drivers;
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
    struct agent_item *plan_item = agent_item_find(wait->agent, ITEM_PLAN, NULL);
    json_t *plan = plan_item->value ? agent_item_value(plan_item) : NULL;
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
    struct agent_item *item = agent_item_find(wait->agent, ITEM_PLAN, NULL);
    enum agent_standing standing = agent_item_see(item);
    if (standing == STANDING_KNOWN)
        standing = agent_item_see(item = wait->item);
    if (standing == STANDING_KNOWN)
        tell(wait, "identity", item->value);
    else if (standing == STANDING_FAILED)
        tell(wait, "error", item->failure);
    return standing != STANDING_PENDING;
}

void agent_identity_advance(struct agent_identity *agent)
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
    *wait = (struct agent_wait){
        .agent = agent,
        .item = agent_item_find(agent, role_arn ? ITEM_ROLE : ITEM_OWN, role_arn),
        .deadline = early,
        .timer = evtimer_new(agent->base, run_out, wait),
        .ready = ready,
        .argument = argument,
        .next = agent->waits};
    agent->waits = wait;
    event_add(wait->timer, &left);
    return tell_if_done(wait) ? NULL : wait;
}
