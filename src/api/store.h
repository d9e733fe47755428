/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the catalog as the front sees it: questions to the catalog process, answers as events.
 *
 * A process that dies is replaced: what was only asked is asked again, what was to be written is
 * answered with CATALOG_FAILED (CATALOG_BUSY where the process was silent for too long), for nobody
 * knows whether it was.
 */
#ifndef STORE_H
#define STORE_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "catalog.h"

struct store;

struct store_settings {
    const char *url;
    const char *key_file; /* NULL: where the catalog keeps it */
};

/* RESULT of a question; ANSWER (catalog_message.h) is borrowed, ERR is set unless CATALOG_OK. */
typedef void store_done(void *argument, enum catalog_result result, const json_t *answer,
                        const struct error *err);

/* Start the catalog process and wait until it has opened the catalog. NULL with ERR set. */
struct store *store_new(struct event_base *base, const struct store_settings *settings,
                        struct error *err);
void store_free(struct store *store); /* what is not answered never is; NULL is allowed */

/* Ask MESSAGE, which is taken over. DONE is called once, from the loop; NULL: nobody wants to know.
 */
void store_ask(struct store *store, json_t *message, store_done *done, void *argument);

/* Whether the catalog can be asked now. */
bool store_is_ready(const struct store *store);

/* Whether others than this agent's operator write its definitions (catalog_is_foreign()). */
bool store_is_foreign(const struct store *store);

/* Whether every question is answered. */
bool store_is_idle(const struct store *store);

/* How often the process was replaced. */
unsigned store_restarts(const struct store *store);

#endif
