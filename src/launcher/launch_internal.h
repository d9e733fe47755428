/* SPDX-License-Identifier: Apache-2.0 */
/* launch_internal.h - a test in flight, as the files of the launcher share it. */
#ifndef LAUNCH_INTERNAL_H
#define LAUNCH_INTERNAL_H

#include "launch.h"
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
    char *held; /* the request, which waits for what it is to say of AWS; NULL: it is sent */
    struct agent_identity *agent;
    char *role_arn;
    struct agent_wait *wait;
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

/* Hand the request to the worker, or hold it until launch_watch() has what it is to say of AWS.
 * False with ERR set. */
bool launch_send(struct launch *launch, const struct launch_request *request, struct error *err);

/* Take LAUNCH off the launcher's list. */
void launcher_forget(struct launcher *launcher, struct launch *launch);

#endif
