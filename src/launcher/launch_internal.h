/* SPDX-License-Identifier: Apache-2.0 */
/* launch_internal.h - a test in flight, as the files of the launcher share it. */
#ifndef LAUNCH_INTERNAL_H
#define LAUNCH_INTERNAL_H

#include "launch.h"
#include "template.h"
#include "text.h"
#include "worker_process.h"

struct launch {
    struct worker_process worker;
    struct report *report;
    struct launcher *launcher; /* NULL: forked from the front itself */
    struct launch *next;       /* in the launcher's list */
    struct event *reading;
    struct event *timer;
    struct text_buffer lines; /* what is no whole line yet */
    size_t total;             /* bytes of all lines */
    char *held; /* the request, until it is sent: it waits for a worker, or for what it is to say of
                   AWS */
    struct agent_identity *agent;
    char *role_arn;
    struct agent_wait *wait;
    struct worker_order order; /* while there is no worker yet */
    int timeout_ms;
    bool timed_out;
    bool refused_line;
    bool told; /* TOLD_STAGE was handed to PROGRESS */
    enum stage told_stage;
    launch_done *done;
    launch_progress *progress;
    void *argument;
};

struct launch *launch_new(const struct launch_request *request);
void launch_free(struct launch *launch);

/* Hand the request to the worker, unless launch_watch() is to find out what it is to say of AWS.
 * False with ERR set. */
bool launch_send(struct launch *launch, struct error *err);

/* Take LAUNCH off the launcher's list. */
void launcher_forget(struct launcher *launcher, struct launch *launch);

/* End WORKER, which has given its verdict, when nobody waits for that. */
void launcher_retire(struct launcher *launcher, struct worker_process *worker);

#endif
