/* SPDX-License-Identifier: Apache-2.0 */
/* agent_item.c - what is known, until when, or why it is not. */
#include "agent_item.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent_worker.h"
#include "credential_process.h"
#include "locked.h"
#include "text.h"

enum {
    FAILURE_S = 2, /* so long nobody is asked again after a failure */
    EARLY_S = 300  /* expired that much earlier, or half their time */
};

void agent_item_forget(struct agent_item *item)
{
    locked_free(item->value);
    free(item->failure);
    item->value = item->failure = NULL;
}

void agent_item_free(struct agent_item *item)
{
    agent_worker_free(item->worker);
    credential_process_free(item->process);
    agent_item_forget(item);
    free(item->role_arn);
    free(item);
}

struct agent_item *agent_item_find(struct agent_identity *agent, enum agent_item_kind kind,
                                   const char *role)
{
    struct agent_item *item = agent->items;
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

void agent_item_set_failure(struct agent_item *item, const struct error *err)
{
    json_t *failure =
        json_pack("{s:s, s:s}", "code", reason_name(err->reason), "message", err->message);
    if (err->remedy[0])
        json_object_set_new(failure, "remedy", json_string(err->remedy));
    if (err->property[0])
        json_object_set_new(failure, "property", json_string(err->property));
    agent_item_forget(item);
    item->failure = json_dumps(failure, JSON_COMPACT);
    item->until_us = in_seconds(FAILURE_S);
    json_decref(failure);
}

/* Asked again, whoever gave them would give the same. */
static void set_expired(struct agent_item *item, const json_t *value, time_t expired)
{
    struct error err = ERROR_INIT;
    struct tm parts;
    char text[32];
    const char *from = json_string_value(json_object_get(value, "from"));
    gmtime_r(&expired, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    error_set(&err, REASON_AWS_CREDENTIALS_MISSING,
              "no AWS credentials: those of %s expired at %s, by the clock of this host",
              from ? from : "the agent", text);
    error_remedy(&err, "renew them where they come from, and check the clock of this host");
    agent_item_set_failure(item, &err);
}

void agent_item_set_value(struct agent_item *item, const json_t *value, long long seconds)
{
    const json_t *expires = json_object_get(value, "expires");
    if (json_is_integer(expires)) {
        long long left = json_integer_value(expires) - (long long)time(NULL);
        if (left <= 0) {
            set_expired(item, value, (time_t)json_integer_value(expires));
            return;
        }
        seconds = left > 2 * EARLY_S ? left - EARLY_S : left > 1 ? left / 2 : 1;
    }
    char *text = json_dumps(value, JSON_COMPACT);
    agent_item_forget(item);
    item->value = locked_copy(text);
    item->until_us = in_seconds(seconds);
    text_wipe_free(text);
}

json_t *agent_item_value(const struct agent_item *item)
{
    return json_loads(item->value, 0, NULL);
}
