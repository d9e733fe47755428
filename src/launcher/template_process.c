/* SPDX-License-Identifier: Apache-2.0 */
/* template_process.c - posix_spawn(), questions and answers over a socket, kill and reap. */
#include "template_process.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "folder.h"
#include "text.h"
#include "worker_process.h"

enum { HIGH_FD = 5 }; /* out of the way of those that a template finds */

/* posix_spawn() of this program in the role of a template; its environment is empty. */
static bool spawn(struct template_process *process, const char *module_path, int socket, int made)
{
    char front[24];
    char program[] = "testconn";
    char role[] = "template";
    char *path = xstrdup(module_path);
    char *arguments[] = {program, role, path, front, NULL};
    char *environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    snprintf(front, sizeof front, "%ld", (long)getpid());
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0);
    posix_spawn_file_actions_adddup2(&actions, socket, HIGH_FD);
    posix_spawn_file_actions_adddup2(&actions, made, TEMPLATE_MADE_FD);
    posix_spawn_file_actions_adddup2(&actions, HIGH_FD, TEMPLATE_FD);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int error =
        posix_spawn(&process->pid, folder_program(), &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error)
        process->pid = 0;
    free(path);
    errno = error;
    return error == 0;
}

/* Shared with the template, and with no worker. */
static int make_page(struct template_process *process)
{
    int fd = memfd_create("template", MFD_CLOEXEC);
    void *page = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, sizeof(pid_t)) == 0)
        page = mmap(NULL, sizeof(pid_t), PROT_READ, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        int error = errno;
        fd_close(&fd);
        errno = error;
        return -1;
    }
    process->made = page;
    return fd;
}

static void drop_page(struct template_process *process)
{
    if (process->made)
        munmap((void *)(uintptr_t)process->made, sizeof(pid_t));
    process->made = NULL;
    process->told = 0;
}

bool template_process_start(struct template_process *process, const char *module_path,
                            struct error *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return error_set(err, REASON_BUSY, "no socket for a template: %s", strerror(errno));
    int made = make_page(process);
    bool spawned = made >= 0 && spawn(process, module_path, pair[1], made);
    if (!spawned)
        error_set(err, REASON_BUSY, "no process for a template: %s", strerror(errno));
    fd_close(&made);
    close(pair[1]);
    if (spawned) {
        process->control = pair[0];
        return true;
    }
    close(pair[0]);
    drop_page(process);
    return false;
}

bool template_process_ask(const struct template_process *process, int socket)
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
    return sendmsg(process->control, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

enum template_answer template_process_answer(struct template_process *process, pid_t *pid,
                                             int *error)
{
    int answer[2];
    ssize_t got = recv(process->control, answer, sizeof answer, MSG_DONTWAIT);
    *pid = 0;
    if (got != sizeof answer)
        return got < 0 && (errno == EAGAIN || errno == EINTR) ? TEMPLATE_SILENT : TEMPLATE_GONE;
    *error = answer[1];
    if (answer[0] <= 0)
        return TEMPLATE_FAILED;
    *pid = process->told = answer[0];
    return TEMPLATE_MADE;
}

bool template_process_is_stopped(const struct template_process *process)
{
    siginfo_t found = {.si_pid = 0};
    return waitid(P_PID, (id_t)process->pid, &found, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
           found.si_pid == process->pid;
}

void template_process_stop(struct template_process *process)
{
    int status;
    fd_close(&process->control);
    if (process->pid <= 0)
        return;
    kill(process->pid, SIGKILL);
    while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    process->pid = 0;
    /* The kernel writes it before a clone can run, so that none is unknown whenever we kill. */
    struct worker_process lost = {.pid = *process->made, .fd = -1};
    if (lost.pid != process->told)
        worker_process_end(&lost, &status);
    drop_page(process);
}
