/* SPDX-License-Identifier: Apache-2.0 */
/* worker_process.c - forking, killing and reaping one worker. */
#include "worker_process.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "worker.h"

bool worker_process_sockets(int pair[2], struct error *err)
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0)
        return true;
    return error_set(err, REASON_BUSY, "no socket for a worker: %s", strerror(errno));
}

bool worker_process_fork(struct worker_process *worker, struct error *err)
{
    int pair[2];
    pid_t front = getpid();
    if (!worker_process_sockets(pair, err))
        return false;
    pid_t pid = fork();
    if (pid == 0)
        worker_run(pair[1], front, NULL);
    if (pid < 0)
        error_set(err, REASON_BUSY, "no process for a worker: %s", strerror(errno));
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return false;
    }
    *worker = (struct worker_process){.pid = pid, .fd = pair[0]};
    return true;
}

void worker_process_end(struct worker_process *worker, int *status)
{
    *status = -1;
    fd_close(&worker->fd);
    if (worker->pid <= 0)
        return;
    /* By pid: it is ours and not reaped, so it cannot be another's. */
    kill(worker->pid, SIGKILL);
    while (waitpid(worker->pid, status, 0) < 0 && errno == EINTR)
        continue;
    worker->pid = 0;
}
