/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.h - definitions tested side by side on an event loop: each is checked, begun when there is
 * room, watched and reported.
 *
 * One is a batch, too. Tests may be added at any time, also from a callback, also the same
 * definition again.
 */
#ifndef BATCH_H
#define BATCH_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "connection.h"
#include "registry.h"
#include "report.h"
#include "worker_process.h"

/* How each definition is tested. */
struct batch_settings {
    const struct registry *registry; /* borrowed */
    long jobs;                       /* tests at a time, 1 and up */
    int timeout_ms;                  /* for one test */
    bool strict, trace, write_back;
    const char *policy; /* outbound (net_policy.h), as text; NULL: none. Borrowed */
};

/* Who is told, always from the loop and never from batch_add(). */
struct batch_listener {
    /* Test KEY has begun (STAGE_INPUT), or entered STAGE. May be NULL. */
    void (*progress)(void *argument, size_t key, enum stage stage);
    /* Test KEY is over. REPORT is handed over. */
    void (*done)(void *argument, size_t key, struct report *report);
    void *argument;
};

/* One test. */
struct batch_test {
    size_t key;                          /* the caller's name for it; need not be unique */
    const struct connection *connection; /* borrowed until its report */
    const struct problems *problems;     /* what was wrong before; borrowed; may be NULL */
    int delay_ms;                        /* begin that much later; it counts as not over */
    int timeout_ms;                      /* 0: the settings' */
    const char *request_id;              /* borrowed until its report; NULL: none */
};

struct batch;

/* Nothing runs yet. The caller ends with batch_free(), which kills what runs. */
struct batch *batch_new(struct event_base *base, const struct batch_settings *settings,
                        const struct batch_listener *listener);
void batch_free(struct batch *batch); /* NULL is allowed */

/*
 * The first test takes WORKER, forked by worker_process_fork() before anything was opened or read,
 * instead of a template's: that is faster. It is taken over; one without a process is ignored.
 */
void batch_lend_worker(struct batch *batch, struct worker_process *worker);

/* Have TEST tested when there is room. */
void batch_add(struct batch *batch, const struct batch_test *test);

/* Kill every test KEY that is not over; nobody is told. */
void batch_cancel(struct batch *batch, size_t key);

/* Who calls AWS for the tests, made at the first call: for other calls of the agent's own. */
struct agent_identity *batch_agent(struct batch *batch);

/* How many tests are not over. */
size_t batch_open(const struct batch *batch);

/*
 * Run the loop until no test is open or batch_stop() was called, ^C and SIGTERM heeded. Returns the
 * signal that ended it, else 0. A caller with a loop of its own does without.
 */
int batch_run(struct batch *batch);
void batch_stop(struct batch *batch);

/* Kill what runs, begin nothing more, and deliver every open test as skipped, with what is known of
 * it; WHY is the reason ("interrupted"). */
void batch_give_up(struct batch *batch, const char *why);

/* From now on ^C and SIGTERM end the process at once with 130 and 143, except in batch_run(). */
void batch_heed_signals(void);

#endif
