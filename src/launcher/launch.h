/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.h - one test from request to report: worker, hard deadline, kill, classification.
 *
 * Everything runs in the front's one thread, on its event loop.
 */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <event2/event.h>
#include <stdbool.h>

#include "agent_identity.h"
#include "connection.h"
#include "report.h"
#include "worker_process.h"

/* What is to be tested. Everything is borrowed until launch_begin() returns. */
struct launch_request {
    const struct connection *connection;
    const char *driver;      /* its name; NULL: nothing claims it, the worker says so */
    const char *module_path; /* of the driver */
    const char *drivers_folder;
    struct agent_identity *agent; /* NULL: the test needs nothing of AWS; outlives the launch */
    const char *role_arn;         /* as which it is to be done; NULL: the agent's own identity */
    int timeout_ms;               /* the caller's */
    bool strict;
    bool trace;
    const char *policy;     /* which addresses may be connected to (net_policy.h); NULL: all */
    const char *request_id; /* of who asked the service; NULL: nobody */
    const json_t *proxies;  /* of the operator (web_proxies.h); NULL: the test needs none */
    bool write_back;        /* tokens that the test is given are kept in their secret */
};

struct launch;   /* a test in flight */
struct launcher; /* the templates and their ready workers */

/* Called once, when the test is over; REPORT is handed over. */
typedef void launch_done(struct launch *launch, struct report *report, void *argument);

/* Called when the test is seen to have entered a stage, which is up to 100 ms later; for live
 * progress. */
typedef void launch_progress(struct launch *launch, const struct report *report, void *argument);

/*
 * Hand REQUEST to WORKER, forked by worker_process_fork() for this one test before anything was
 * opened or read; it is taken over. The caller then watches it with launch_watch(). NULL with ERR
 * set when the worker is gone.
 */
struct launch *launch_hand_over(struct worker_process *worker, const struct launch_request *request,
                                struct error *err);

/* Watch a launch on BASE; DONE is called from the loop. */
void launch_watch(struct launch *launch, struct event_base *base, launch_done *done,
                  launch_progress *progress, void *argument);

/* Put what validation noted into the report of LAUNCH, as findings of the stage input. */
void launch_add_problems(struct launch *launch, const struct problems *problems);

/* READY: how many workers each template keeps waiting. The caller ends with launcher_free(). */
struct launcher *launcher_new(struct event_base *base, int ready);

/* Start a test with a worker of the driver's template. DONE is always called, from the loop, also
 * where no worker can be had (BUSY). */
struct launch *launcher_begin(struct launcher *launcher, const struct launch_request *request,
                              launch_done *done, launch_progress *progress, void *argument);

/* End a test now: its worker is killed and DONE is not called. */
void launch_cancel(struct launch *launch);

/* The same, and its report as far as it got is handed over. */
struct report *launch_abandon(struct launch *launch);

/* Kill templates, ready workers and tests; nothing is left behind. NULL is allowed. */
void launcher_free(struct launcher *launcher);

/* The template role: `testconn template MODULE FRONT`, its control socket being descriptor 3. */
_Noreturn void template_run(const char *module_path, long front);

#endif
