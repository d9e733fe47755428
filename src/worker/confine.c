/* SPDX-License-Identifier: Apache-2.0 */
/* confine.c - a worker made unable to do anything but test. */
#include "confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd.h"
#include "text.h"

static bool failed(struct error *err, const char *what)
{
    return error_set(err, REASON_INTERNAL, "the worker cannot be confined: %s: %s", what,
                     strerror(errno));
}

/* As root, keep the right to read files and nothing else. */
static bool drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    if (geteuid() == 0)
        data[0].permitted = data[0].effective = 1U << CAP_DAC_READ_SEARCH;
    return syscall(SYS_capset, &header, data) == 0;
}

/* Not above what the caller is held to, which nobody may raise. */
static bool limit(__rlimit_resource_t resource, rlim_t value)
{
    struct rlimit both;
    if (getrlimit(resource, &both) < 0)
        return false;
    both.rlim_cur = both.rlim_max = both.rlim_max < value ? both.rlim_max : value;
    return setrlimit(resource, &both) == 0;
}

/* Calls that make a process, or reach into another one. */
static const int forbidden[] = {
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(kcmp),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(keyctl),
    SCMP_SYS(tkill),
    SCMP_SYS(setpgid),
    SCMP_SYS(setsid),
};

static bool forbid_processes(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    bool done = filter != NULL;
    for (size_t i = 0; done && i < sizeof forbidden / sizeof *forbidden; i++)
        done = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0) == 0;
    done = done &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)) == 0 &&
           /* Its flags lie in memory, out of the filter's sight; glibc falls back to clone. */
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(kill), 1,
                            SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid())) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tgkill), 1,
                            SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid())) == 0 &&
           seccomp_load(filter) == 0;
    if (filter)
        seccomp_release(filter);
    return done;
}

/* What a terminal sends to its whole group, the front decides about, and libraries raise SIGPIPE.
 */
static void reset_signals(void)
{
    struct sigaction act = {.sa_handler = SIG_IGN};
    sigset_t none;
    sigemptyset(&none);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
    sigaction(SIGPIPE, &act, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The strings themselves too: the caller's variables, which a fork copies, may hold secrets, and
 * /proc shows them. */
static void wipe_environment(void)
{
    for (char **variable = environ; variable && *variable; variable++)
        text_wipe(*variable, strlen(*variable));
    clearenv();
    setenv("HOME", "/nonexistent", 1);
    /* Later it is only replaced: no thread that reads the list sees it move. */
    setenv("RES_OPTIONS", "timeout:5 attempts:2", 1);
}

bool confine(int keep, pid_t front, struct error *err)
{
    enum { DATA_MAXIMUM = 512 << 20 }; /* bytes; RLIMIT_AS would break a JVM */
    wipe_environment();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return failed(err, "parent death signal");
    if (getppid() != front)
        _exit(0);
    if (prctl(PR_SET_DUMPABLE, 0) < 0 || !limit(RLIMIT_CORE, 0))
        return failed(err, "core dumps off");
    if (!fd_standard_to_null())
        return failed(err, "standard descriptors to the null device");
    fd_close_others(keep);
#ifndef TESTCONN_SANITIZED
    if (!limit(RLIMIT_DATA, DATA_MAXIMUM))
        return failed(err, "memory limit");
#endif
    reset_signals();
    if (!drop_capabilities())
        return failed(err, "capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || !forbid_processes())
        return failed(err, "system call filter");
    return true;
}
