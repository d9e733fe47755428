/* SPDX-License-Identifier: Apache-2.0 */
/* template.c - the front's side: templates started, asked, replaced. */
#include "template.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "text.h"

enum { STARTS_MAXIMUM = 5, ANSWER_MS = 5000 };

struct template *template_new(const char *module_path)
{
    struct template *template = xcalloc(1, sizeof *template);
    template->module_path = xstrdup(module_path);
    template->control = -1;
    return template;
}

static void stop(struct template *template)
{
    fd_close(&template->control);
    if (template->pid > 0) {
        kill(template->pid, SIGKILL);
        while (waitpid(template->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    template->pid = 0;
}

/* posix_spawn() of this program in the role of a template; its environment is empty. */
static bool spawn(struct template *template, int socket)
{
    char front[24];
    char program[] = "testconn";
    char role[] = "template";
    char *arguments[] = {program, role, template->module_path, front, NULL};
    char *environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    snprintf(front, sizeof front, "%ld", (long)getpid());
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0);
    posix_spawn_file_actions_adddup2(&actions, socket, TEMPLATE_FD);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int error = posix_spawn(&template->pid, "/proc/self/exe", &actions, &attributes, arguments,
                            environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error)
        template->pid = 0;
    errno = error;
    return error == 0;
}

static bool start(struct template *template, struct error *err)
{
    int pair[2];
    if (template->starts++ >= STARTS_MAXIMUM)
        return error_set(err, REASON_INTERNAL, "the template of %s died again and again",
                         template->module_path);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return error_set(err, REASON_BUSY, "no socket for a template: %s", strerror(errno));
    bool spawned = spawn(template, pair[1]);
    if (!spawned)
        error_set(err, REASON_BUSY, "no process for a template: %s", strerror(errno));
    close(pair[1]);
    if (spawned)
        template->control = pair[0];
    else
        close(pair[0]);
    return spawned;
}

static bool send_socket(int control, int socket)
{
    char byte = 'w';
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } part = {.header = {.cmsg_level = SOL_SOCKET,
                         .cmsg_type = SCM_RIGHTS,
                         .cmsg_len = CMSG_LEN(sizeof socket)}};
    struct iovec piece = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = &part,
                             .msg_controllen = sizeof part.space};
    memcpy(CMSG_DATA(&part.header), &socket, sizeof socket);
    return sendmsg(control, &message, MSG_NOSIGNAL) == 1;
}

/* The pid of the worker just asked for; 0 when the template is gone or could not, errno in *ERROR.
 */
static pid_t receive_pid(int control, int *error)
{
    int answer[2] = {0, EPIPE};
    struct pollfd wait = {.fd = control, .events = POLLIN};
    if (poll(&wait, 1, ANSWER_MS) > 0 && recv(control, answer, sizeof answer, 0) != sizeof answer)
        answer[0] = 0;
    *error = answer[1];
    return answer[0];
}

/* One worker from a running template. *GONE says that the template died of it. */
static bool clone_worker(struct template *template, struct worker_process *worker, bool *gone,
                         struct error *err)
{
    int pair[2];
    int error = EPIPE;
    *gone = false;
    if (!worker_process_sockets(pair, err))
        return false;
    pid_t pid =
        send_socket(template->control, pair[1]) ? receive_pid(template->control, &error) : 0;
    close(pair[1]);
    if (pid > 0) {
        template->starts = 0; /* it works: one that is killed now and then is replaced for ever */
        *worker = (struct worker_process){.pid = pid, .fd = pair[0]};
        return true;
    }
    close(pair[0]);
    *gone = error == EPIPE;
    return error_set(err, REASON_BUSY, "no process for a worker: %s", strerror(error));
}

static bool make_worker(struct template *template, struct worker_process *worker, struct error *err)
{
    bool gone = false;
    for (;;) {
        if (template->control < 0 && !start(template, err))
            return false;
        if (clone_worker(template, worker, &gone, err))
            return true;
        if (!gone)
            return false;
        stop(template);
    }
}

static bool is_alive(const struct worker_process *worker)
{
    struct pollfd hangup = {.fd = worker->fd, .events = POLLIN};
    return poll(&hangup, 1, 0) == 0;
}

bool template_take(struct template *template, struct worker_process *worker, struct error *err)
{
    while (template->ready_count > 0) {
        int status;
        *worker = template->ready[--template->ready_count];
        if (is_alive(worker))
            return true;
        worker_process_end(worker, &status);
    }
    return make_worker(template, worker, err);
}

void template_fill(struct template *template, int ready)
{
    struct error ignored = ERROR_INIT;
    template->ready = xrealloc(template->ready, (size_t)ready * sizeof *template->ready);
    while (template->ready_count < (size_t)ready &&
           make_worker(template, &template->ready[template->ready_count], &ignored))
        template->ready_count++;
}

void template_free(struct template *template)
{
    int status;
    while (template->ready_count > 0)
        worker_process_end(&template->ready[--template->ready_count], &status);
    stop(template);
    free(template->ready);
    free(template->module_path);
    free(template);
}
