/* SPDX-License-Identifier: Apache-2.0 */
/* hold.c - a library's thread waits inside of connect() or of its TLS handshake. */
#include "hold.h"

#include <time.h>

#include "text.h"

struct hold {
    bool tls; /* after TLS, not before it */
    bool released;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

void probe_hold(struct probe *side, bool tls)
{
    struct hold *hold = xcalloc(1, sizeof *hold);
    hold->tls = tls;
    pthread_mutex_init(&hold->lock, NULL);
    pthread_cond_init(&hold->changed, NULL);
    side->hold = hold;
}

void probe_release(struct probe *side)
{
    struct hold *hold = side->hold;
    if (!hold)
        return;
    pthread_mutex_lock(&hold->lock);
    hold->released = true;
    pthread_cond_broadcast(&hold->changed);
    pthread_mutex_unlock(&hold->lock);
}

void hold_wait(struct probe *probe, bool secured)
{
    struct hold *hold = probe->hold;
    if (!hold || hold->tls != secured)
        return;
    struct deadline deadline = probe_deadline(probe);
    struct timespec until = {.tv_sec = deadline.at_us / 1000000,
                             .tv_nsec = deadline.at_us % 1000000 * 1000};
    pthread_mutex_lock(&hold->lock);
    while (!hold->released)
        if (pthread_cond_clockwait(&hold->changed, &hold->lock, CLOCK_MONOTONIC, &until) != 0)
            break;
    pthread_mutex_unlock(&hold->lock);
}
