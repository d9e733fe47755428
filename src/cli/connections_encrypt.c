/* SPDX-License-Identifier: Apache-2.0 */
/* connections_encrypt.c - passwords made into ciphertexts before they are stored. */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "connections.h"
#include "password_encryption.h"
#include "registry.h"
#include "text.h"

enum { TIME_MS = 20000 }; /* for all */

struct waiting {
    struct event_base *base;
    struct error *err;
    bool done;
};

static void end(void *argument, const struct error *err)
{
    struct waiting *waiting = argument;
    *waiting->err = *err;
    waiting->done = true;
    event_base_loopbreak(waiting->base);
}

static bool encrypt_one(struct agent_identity *agent, struct event_base *base,
                        struct connection *connection, const char *key, struct deadline deadline,
                        struct error *err)
{
    struct waiting waiting = {.base = base, .err = err};
    password_encryption_start(agent, key, connection->properties, deadline, end, &waiting);
    while (!waiting.done)
        event_base_dispatch(base);
    if (err->reason == REASON_NONE)
        return true;
    char *why = xstrdup(err->message);
    snprintf(err->message, sizeof err->message, "%s: %s", connection->label, why);
    free(why);
    return false;
}

bool connections_encrypt(const struct connection_list *list, const char *key, struct error *err)
{
    struct deadline deadline = deadline_in_ms(TIME_MS);
    struct event_base *base = event_base_new();
    char *folder = registry_default_folder();
    struct agent_identity *agent = agent_identity_new(base, folder, false);
    bool encrypted = true;
    for (size_t i = 0; encrypted && i < list->count; i++)
        if (list->items[i]->properties)
            encrypted = encrypt_one(agent, base, list->items[i], key, deadline, err);
    agent_identity_free(agent);
    event_base_free(base);
    free(folder);
    return encrypted;
}
