/* SPDX-License-Identifier: Apache-2.0 */
/* worker_process.h - a worker as the front holds it: its pid and our end of the socket pair. */
#ifndef WORKER_PROCESS_H
#define WORKER_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "testconn/error.h"

struct worker_process {
    pid_t pid; /* 0: none */
    int fd;    /* -1: none */
};
#define WORKER_PROCESS_NONE ((struct worker_process){.fd = -1})

/* Fork one from this very process. False with ERR set to BUSY. */
bool worker_process_fork(struct worker_process *worker, struct error *err);

/* Kill it, reap it, close its socket; *STATUS as waitpid(2) gives it, or -1. */
void worker_process_end(struct worker_process *worker, int *status);

/* A socket pair, close-on-exec. False with ERR set to BUSY. */
bool worker_process_sockets(int pair[2], struct error *err);

#endif
