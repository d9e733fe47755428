/* SPDX-License-Identifier: Apache-2.0 */
/* first_process.c - a process 1 that knows nothing of what the service does. */
#include "first_process.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENDED_BY_SIGNAL = 128 };

/* Reap everybody who has ended; the service's end is ours, and takes all others along. */
static void reap(pid_t service)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        if (pid == service)
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : ENDED_BY_SIGNAL + WTERMSIG(status));
}

static _Noreturn void stand_by(pid_t service, const sigset_t *all)
{
    for (;;) {
        siginfo_t info;
        int number = sigwaitinfo(all, &info);
        if (number == SIGCHLD)
            reap(service);
        else if (number > 0 && info.si_code != SI_KERNEL)
            /* What a terminal sent has reached the service, too. */
            kill(service, number);
    }
}

void first_process_stay_behind(void)
{
    sigset_t all, before;
    if (getpid() != 1)
        return;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid_t service = fork();
    if (service > 0)
        stand_by(service, &all);
    if (service == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigprocmask(SIG_SETMASK, &before, NULL);
}
