/* SPDX-License-Identifier: Apache-2.0 */
/* template_role.c - the template itself: load one module, then clone workers for ever. */
#include <dlfcn.h>
#include <errno.h>
#include <jansson.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"
#include "launch.h"
#include "template_process.h"
#include "tls_observer.h"
#include "worker.h"

/* The socket that the front sent; -1 when the front is gone. */
static int receive_socket(int control)
{
    char byte;
    int socket = -1;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } part;
    struct iovec piece = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &part, .msg_controllen = sizeof part};
    ssize_t got;
    while ((got = recvmsg(control, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
        continue;
    struct cmsghdr *header = got == 1 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header && header->cmsg_type == SCM_RIGHTS)
        memcpy(&socket, CMSG_DATA(header), sizeof socket);
    return socket;
}

/* ^C at a terminal reaches the whole group: what is to end then, the front decides. */
static void ignore_interrupts(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGINT, &ignore, NULL);
    sigaction(SIGTERM, &ignore, NULL);
    sigaction(SIGHUP, &ignore, NULL);
}

_Noreturn void template_run(const char *module_path, long front)
{
    struct error err = ERROR_INIT;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != front)
        _exit(0);
    prctl(PR_SET_DUMPABLE, 0);
    ignore_interrupts();
    fd_standard_to_null();
    pid_t *made = mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_SHARED, TEMPLATE_MADE_FD, 0);
    if (made == MAP_FAILED)
        _exit(0);
    fd_close_others(TEMPLATE_FD);
    tls_observer_install();
    json_object_seed(0); /* else each worker reads one */
    /* A module that does not load is told by its worker, which loads it again and can say why. */
    const struct driver *driver = worker_load_driver(module_path, RTLD_NOW, &err);
    if (driver && driver->preload)
        driver->preload();
    tls_warm_up();
    if (driver)
        worker_prepare(module_path, driver->name);
    for (;;) {
        int socket = receive_socket(TEMPLATE_FD);
        if (socket < 0)
            _exit(0);
        /* The front's child, not ours: only its parent can wait for it and be sure of its pid. */
        long pid = syscall(SYS_clone, CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD, NULL, made,
                           NULL, NULL);
        if (pid == 0) {
            munmap(made, sizeof *made); /* the front believes it */
            worker_run(socket, (pid_t)front, driver);
        }
        int answer[2] = {pid > 0 ? (int)pid : 0, pid > 0 ? 0 : errno};
        close(socket);
        if (send(TEMPLATE_FD, answer, sizeof answer, MSG_NOSIGNAL) < 0)
            _exit(0);
    }
}
