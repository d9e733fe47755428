/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template.h - a process that has loaded one driver and clones workers on request.
 *
 * The front asks and goes on: a worker arrives from the loop, and a template that does not answer
 * holds up nobody but those who wait for a worker of its driver.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "template_process.h"
#include "worker_process.h"

enum { TEMPLATE_ASKED_MAXIMUM = 16 }; /* so few that to ask never blocks */

/* Called once, from the loop: WORKER is there and handed over, or ERR is set: none can be had. */
typedef void worker_order_done(void *argument, const struct worker_process *worker,
                               const struct error *err);

/* Who waits for a worker. All zero: nobody. */
struct worker_order {
    TAILQ_ENTRY(worker_order) entry;
    struct template *template; /* NULL: it waits no more */
    worker_order_done *done;
    void *argument;
};
TAILQ_HEAD(worker_orders, worker_order);

struct template
{
    struct event_base *base;
    char *module_path;
    struct template_process process;
    unsigned starts; /* since COUNTS_SINCE_US, without a worker */
    int64_t counts_since_us;
    struct event *answers;
    struct event *patience;
    int64_t waits_since_us;
    int asked[TEMPLATE_ASKED_MAXIMUM]; /* our ends of the workers to come, the oldest first */
    size_t asked_count;
    struct worker_process *ready;
    size_t ready_count;
    int64_t fails_since_us; /* it has no room for a worker; 0: it has */
    struct event *again;    /* then asks once more, after a pause */
    bool pauses;
    size_t spare; /* how many are to be ready */
    struct worker_orders orders;
    size_t order_count;
    struct error failure;
    struct event *refusal; /* tells it to all orders */
    struct template *next;
};

/* A template for the module at MODULE_PATH; nothing is started yet. */
struct template *template_new(struct event_base *base, const char *module_path);

/* Take a ready worker; false when there is none. */
bool template_take(struct template *template, struct worker_process *worker);

/* Have DONE called with a worker as soon as there is one. ORDER is the caller's, and stays where it
 * is until then. */
void template_order(struct template *template, struct worker_order *order, worker_order_done *done,
                    void *argument);

/* Nobody waits by ORDER any more; DONE is not called. */
void worker_order_cancel(struct worker_order *order);

/* Have SPARE workers ready, as soon as may be. */
void template_fill(struct template *template, size_t spare);

/* Kill and reap all that is there, and free. Nobody may be waiting. */
void template_free(struct template *template);

#endif
