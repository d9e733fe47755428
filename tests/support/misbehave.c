/* SPDX-License-Identifier: Apache-2.0 */
/* misbehave.c - a driver that breaks every rule, one at a time: DATABASE names the act. Test builds
 * only. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testconn/driver.h"

static void hang(void)
{
    for (;;)
        pause();
}

/* AF_UNIX, AF_INET, ...; -1: no socket. */
static int domain_of(int fd)
{
    int domain;
    socklen_t length = sizeof domain;
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 ? domain : -1;
}

/* The descriptor that the report goes to: the only local socket that a worker has. */
static int report_descriptor(void)
{
    for (int fd = 3; fd < 64; fd++)
        if (domain_of(fd) == AF_UNIX)
            return fd;
    return -1;
}

/* The connection to the target, begun before we were asked. */
static bool is_ahead(int fd)
{
    int listens = 0;
    socklen_t length = sizeof listens;
    return domain_of(fd) == AF_INET &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 && !listens;
}

static void say(const char *text)
{
    if (write(report_descriptor(), text, strlen(text)) < 0)
        _exit(9);
}

static void flood(void)
{
    for (;;)
        say("{\"at\":1,\"fact\":\"noise\",\"value\":\"noise noise noise noise noise noise "
            "noise\"}\n");
}

static void say_huge_line(void)
{
    char block[4096];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 200; i++)
        if (write(report_descriptor(), block, sizeof block) < 0)
            _exit(9);
    hang();
}

static void *sleep_in_thread(void *argument)
{
    return argument;
}

/* What a worker must not be able to do. Each returns a text when it could, NULL when it was
 * refused. */
static const char *make_processes(void)
{
    char name[] = "true";
    char *const arguments[] = {name, NULL};
    if (fork() >= 0 || vfork() >= 0)
        return "it could fork";
    if (syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) >= 0)
        return "it could clone";
    if (syscall(SYS_clone3, NULL, 0) >= 0 || errno != ENOSYS)
        return "clone3 is not hidden";
    return execv("/bin/true", arguments) == 0 ? "it could exec" : NULL;
}

static const char *look_at_others(void)
{
    char path[64];
    struct rlimit core;
    snprintf(path, sizeof path, "/proc/%d/mem", getppid());
    if (open(path, O_RDONLY) >= 0)
        return "it could read the memory of the front";
    snprintf(path, sizeof path, "/proc/%d/environ", getppid());
    if (open(path, O_RDONLY) >= 0)
        return "it could read the environment of the front";
    snprintf(path, sizeof path, "/proc/%d/fd/0", getppid());
    if (open(path, O_RDONLY) >= 0)
        return "it could open a descriptor of the front";
    if (ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0)
        return "it could trace the front";
    if (kill(getppid(), 0) == 0)
        return "it could signal the front";
    if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max != 0)
        return "it could leave a core file";
    return NULL;
}

static const char *look_at_oneself(void)
{
    extern char **environ;
    int others = 0;
    for (char **variable = environ; *variable; variable++)
        if (strncmp(*variable, "HOME=", 5) != 0 && strncmp(*variable, "RES_OPTIONS=", 12) != 0)
            return *variable;
    /* OpenSSL, which initialises itself in a thread, reads its configuration for a moment. */
    for (int tries = 0; tries == 0 || (others && tries < 100); tries++) {
        others = 0;
        for (int fd = 3; fd < 64; fd++)
            others += fcntl(fd, F_GETFD) >= 0 && fd != report_descriptor() && !is_ahead(fd);
        if (others)
            usleep(5000);
    }
    return others ? "it has descriptors that are not its own" : NULL;
}

static bool refused(const char *could, struct error *err)
{
    return !could || error_set(err, REASON_QUERY_FAILED, "%s", could);
}

static bool eat_memory(struct error *err)
{
    enum { BLOCK_MIB = 16, BLOCKS = 64 };
    static char *volatile blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        if (!(blocks[i] = malloc(BLOCK_MIB << 20)))
            return error_set(err, REASON_BUSY, "no memory after %d MiB", i * BLOCK_MIB);
    return error_set(err, REASON_QUERY_FAILED, "it could take 1 GiB");
}

static bool misbehave_test(struct probe *probe, const struct target *target, struct error *err)
{
    const char *act = target->database ? target->database : "pass";
    pthread_t thread;
    probe_attempt(probe, &target->endpoints[0], STAGE_DNS);
    probe_stage(probe, STAGE_LOGIN);
    if (!strcmp(act, "hang"))
        hang();
    if (!strcmp(act, "crash"))
        raise(SIGSEGV);
    if (!strcmp(act, "abort"))
        abort();
    if (!strcmp(act, "exit"))
        exit(0);
    if (!strcmp(act, "exit-7"))
        _exit(7);
    if (!strcmp(act, "flood"))
        flood();
    if (!strcmp(act, "garbage"))
        say("not a line\n");
    if (!strcmp(act, "half-line")) {
        say("{\"at\":1,\"ok\":tr");
        _exit(0);
    }
    if (!strcmp(act, "huge-line"))
        say_huge_line();
    if (!strcmp(act, "unknown-stage"))
        say("{\"at\":1,\"stage\":\"elsewhere\"}\n");
    if (!strcmp(act, "close"))
        close(report_descriptor());
    if (!strcmp(act, "print"))
        puts("noise on standard output");
    if (!strcmp(act, "no-reason"))
        return false;
    if (!strcmp(act, "threads"))
        return pthread_create(&thread, NULL, sleep_in_thread, NULL) == 0 &&
               pthread_join(thread, NULL) == 0;
    if (!strcmp(act, "memory"))
        return eat_memory(err);
    if (!strcmp(act, "processes"))
        return refused(make_processes(), err);
    if (!strcmp(act, "others"))
        return refused(look_at_others(), err);
    if (!strcmp(act, "oneself"))
        return refused(look_at_oneself(), err);
    return true;
}

TESTCONN_DRIVER_MODULE = {
    .abi = TESTCONN_DRIVER_ABI,
    .name = "misbehave",
    .summary = "breaks every rule, for tests",
    .types = (const char *const[]){"JDBC", NULL},
    .engines = (const char *const[]){"misbehave", NULL},
    .default_port = 1,
    .test = misbehave_test,
};
