/* SPDX-License-Identifier: Apache-2.0 */
/* template_process.h - the process of a template: started, asked for workers, ended. */
#ifndef TEMPLATE_PROCESS_H
#define TEMPLATE_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "testconn/error.h"

enum { TEMPLATE_FD = 3 };      /* where it finds its control socket */
enum { TEMPLATE_MADE_FD = 4 }; /* and a page for the pid of the worker that it made last */

struct template_process {
    pid_t pid;   /* 0: not running */
    int control; /* -1: not running */
    const volatile pid_t *made;
    pid_t told;
};

/* Start one for the module at MODULE_PATH. False with ERR set to BUSY. */
bool template_process_start(struct template_process *process, const char *module_path,
                            struct error *err);

/* Ask for a worker that holds SOCKET, and wait for nothing; false with errno set. */
bool template_process_ask(const struct template_process *process, int socket);

enum template_answer { TEMPLATE_MADE, TEMPLATE_FAILED, TEMPLATE_SILENT, TEMPLATE_GONE };

/* The answer to the oldest question, if it is there: *PID of the worker, or *ERROR, an errno. */
enum template_answer template_process_answer(struct template_process *process, pid_t *pid,
                                             int *error);

/* Whether a signal has stopped it: it would sit for ever. */
bool template_process_is_stopped(const struct template_process *process);

/* Kill and reap it. A worker that it made and could not tell of any more is ended. */
void template_process_stop(struct template_process *process);

#endif
