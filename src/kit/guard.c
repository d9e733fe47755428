/* SPDX-License-Identifier: Apache-2.0 */
/* guard.c - a thread that shuts the connection down at the deadline, whatever the library does. */
#include "guard.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "path_evidence.h"
#include "text.h"

struct guard {
    bool in_force; /* in this attempt */
    bool tls;
    probe_connected_function *connected;
    void *argument;
    bool refused;
    struct error refusal;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool has_thread;
    int fd;     /* under watch, or -1 */
    bool fired; /* it was shut down */
    bool has_evidence;
    struct path_evidence evidence; /* from just before */
};

void guard_start(struct probe *probe)
{
    struct guard *guard = probe->guard = xcalloc(1, sizeof *guard);
    pthread_condattr_t clock;
    guard->fd = -1;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&guard->changed, &clock);
    pthread_condattr_destroy(&clock);
    pthread_mutex_init(&guard->lock, NULL);
}

bool guard_free(struct probe *side)
{
    if (side->guard->has_thread)
        return false;
    pthread_cond_destroy(&side->guard->changed);
    pthread_mutex_destroy(&side->guard->lock);
    free(side->guard);
    return true;
}

static void watch(struct guard *guard, int fd)
{
    pthread_mutex_lock(&guard->lock);
    guard->fd = fd;
    guard->fired = false;
    pthread_cond_signal(&guard->changed);
    pthread_mutex_unlock(&guard->lock);
}

void guard_forget(struct probe *probe)
{
    struct guard *guard = probe->guard;
    guard->in_force = guard->refused = false;
    watch(guard, -1);
}

void probe_guard(struct probe *probe, bool tls, probe_connected_function *connected, void *argument)
{
    guard_forget(probe);
    probe->guard->in_force = true;
    probe->guard->tls = tls;
    probe->guard->connected = connected;
    probe->guard->argument = argument;
}

static void fire(struct guard *guard)
{
    guard->has_evidence = path_evidence_read(guard->fd, &guard->evidence);
    guard->fired = true;
    shutdown(guard->fd, SHUT_RDWR);
    guard->fd = -1;
}

static void *run(void *argument)
{
    struct probe *probe = argument;
    struct guard *guard = probe->guard;
    pthread_mutex_lock(&guard->lock);
    for (;;) {
        struct deadline deadline = probe_deadline(probe);
        struct timespec until = {.tv_sec = deadline.at_us / 1000000,
                                 .tv_nsec = deadline.at_us % 1000000 * 1000};
        if (guard->fd < 0)
            pthread_cond_wait(&guard->changed, &guard->lock);
        else if (deadline_passed(deadline))
            fire(guard);
        else
            pthread_cond_timedwait(&guard->changed, &guard->lock, &until);
    }
    return NULL;
}

static void have_thread(struct probe *probe)
{
    pthread_t thread;
    if (probe->guard->has_thread)
        return;
    probe->guard->has_thread = pthread_create(&thread, NULL, run, probe) == 0;
    if (probe->guard->has_thread)
        pthread_detach(thread);
}

bool guard_refuses(const struct probe *probe)
{
    return probe->guard->in_force && probe->guard->refused;
}

bool guard_connected(struct probe *probe, const struct net_connection *connection)
{
    struct guard *guard = probe->guard;
    if (!guard->in_force || !probe->endpoint ||
        !text_equal_nocase(connection->host, probe->endpoint->host))
        return true;
    if (!guard->connected && !guard->tls)
        probe_stage(probe, STAGE_LOGIN);
    if (guard->connected) {
        /* What the service says first is not TLS's, and has all of the time. */
        probe->attempt_deadline = probe->endpoint_deadline;
        guard->refused = !guard->connected(probe, connection->fd, guard->argument, &guard->refusal);
        if (guard->refused)
            return false;
        if (probe->tls_optional)
            probe->attempt_deadline = deadline_share(probe->endpoint_deadline, TLS_SHARE);
    }
    have_thread(probe);
    watch(guard, connection->fd);
    return true;
}

void guard_secured(struct probe *probe)
{
    if (probe->guard->in_force)
        probe_stage(probe, STAGE_LOGIN);
}

static const char *awaited(const struct probe *probe)
{
    if (probe->stage < STAGE_TLS)
        return "its first words";
    if (probe->stage == STAGE_TLS)
        return "the TLS handshake";
    return probe->stage == STAGE_QUERY ? "its answer to our request" : "its answer to the login";
}

bool guard_observed(struct probe *probe, struct error *err)
{
    struct guard *guard = probe->guard;
    char where[300];
    if (guard_refuses(probe)) {
        *err = guard->refusal;
        return false;
    }
    pthread_mutex_lock(&guard->lock);
    bool fired = guard->fired;
    pthread_mutex_unlock(&guard->lock);
    if (!fired)
        return true;
    net_observer_where(probe, -1, where, sizeof where);
    if (!guard->has_evidence)
        return error_set(err, REASON_TIMED_OUT,
                         "%s: no answer within the time of the test, waiting for %s", where,
                         awaited(probe));
    path_evidence_explain(probe, &guard->evidence, where, awaited(probe), err);
    return false;
}

bool probe_await(struct probe *probe, int fd, size_t count, const char *what, struct error *err)
{
    int threshold = (int)count;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int ready;
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &threshold, sizeof threshold);
    do
        ready = poll(&wait, 1, deadline_left_ms(probe_deadline(probe)));
    while (ready < 0 && errno == EINTR);
    threshold = 1;
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &threshold, sizeof threshold);
    probe_peek(probe, fd);
    return ready > 0 || probe_timed_out(probe, fd, what, err);
}
