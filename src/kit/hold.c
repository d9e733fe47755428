/* SPDX-License-Identifier: Apache-2.0 */
/* hold.c - a library's thread waits inside of connect() or of its TLS handshake. */
#include "hold.h"

#include <time.h>

#include "text.h"

struct hold {
    enum probe_point point;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

static struct hold *new_hold(void)
{
    struct hold *hold = xcalloc(1, sizeof *hold);
    pthread_mutex_init(&hold->lock, NULL);
    pthread_cond_init(&hold->changed, NULL);
    return hold;
}

void probe_hold(struct probe *side, enum probe_point point)
{
    if (!side->hold)
        side->hold = new_hold();
    pthread_mutex_lock(&side->hold->lock);
    side->hold->point = point;
    pthread_cond_broadcast(&side->hold->changed);
    pthread_mutex_unlock(&side->hold->lock);
}

void hold_wait(struct probe *probe, enum probe_point point)
{
    struct hold *hold = probe->hold;
    if (!hold)
        return;
    struct deadline deadline = probe_deadline(probe);
    struct timespec until = {.tv_sec = deadline.at_us / 1000000,
                             .tv_nsec = deadline.at_us % 1000000 * 1000};
    pthread_mutex_lock(&hold->lock);
    while (hold->point <= point)
        if (pthread_cond_clockwait(&hold->changed, &hold->lock, CLOCK_MONOTONIC, &until) != 0)
            break;
    pthread_mutex_unlock(&hold->lock);
}
