/* SPDX-License-Identifier: Apache-2.0 */
/* sides.c - connections beside the test's own, each with its own observers and verdict. */
#include <stdio.h>
#include <stdlib.h>

#include "guard.h"
#include "net_observer.h"
#include "probe_state.h"
#include "text.h"
#include "tls_observer.h"

enum { THREADS_MAXIMUM = 64, STACK_BYTES = 512 * 1024 };

/* Sides being called for, by several threads. */
struct sides {
    struct probe *probe;
    struct probe_side *items;
    size_t count;
    probe_side_function *function;
    size_t threads;
    size_t next; /* the first that no thread has taken */
    pthread_mutex_t lock;
};

static struct probe *new_side(struct probe *probe, const struct endpoint *endpoint,
                              struct deadline deadline)
{
    struct probe *side = xcalloc(1, sizeof *side);
    side->whole = probe->whole ? probe->whole : probe;
    side->fd = -1;
    side->began_us = clock_now_us();
    side->deadline = side->endpoint_deadline = side->attempt_deadline = deadline;
    side->host_property = probe->host_property;
    side->endpoint = endpoint;
    pthread_mutex_init(&side->lock, NULL);
    net_observer_start(side);
    tls_observer_start(side);
    return side;
}

static void free_side(struct probe *side)
{
    if (!guard_free(side))
        return;
    net_observer_free(side);
    tls_observer_free(side);
    pthread_mutex_destroy(&side->lock);
    text_buffer_release(&side->pending);
    free(side);
}

/* Have FUNCTION called for one side by this thread. */
static void call(struct sides *sides, struct probe_side *one, struct deadline deadline)
{
    struct probe *before = probe_here();
    struct probe *side = new_side(sides->probe, &one->endpoint, deadline);
    one->error = ERROR_INIT;
    one->address[0] = '\0';
    probe_enter(side);
    one->reached = sides->function(side, &one->endpoint, one->argument, &one->error);
    probe_enter(before);
    one->stage = side->stage;
    const struct net_connection *connection = net_observer_accepted(side);
    if (connection)
        snprintf(one->address, sizeof one->address, "%s", connection->address);
    free_side(side);
}

static void *run(void *argument)
{
    struct sides *sides = argument;
    for (;;) {
        pthread_mutex_lock(&sides->lock);
        size_t taken = sides->next++;
        pthread_mutex_unlock(&sides->lock);
        if (taken >= sides->count)
            return NULL;
        size_t rounds = (sides->count - taken + sides->threads - 1) / sides->threads;
        call(sides, &sides->items[taken],
             deadline_share(probe_deadline(sides->probe), (int)rounds));
    }
}

void probe_sides(struct probe *probe, struct probe_side *items, size_t count,
                 probe_side_function *function)
{
    struct sides sides = {.probe = probe, .items = items, .count = count, .function = function};
    pthread_t threads[THREADS_MAXIMUM];
    pthread_attr_t attributes;
    size_t started = 0;
    sides.threads = count < THREADS_MAXIMUM ? count : THREADS_MAXIMUM;
    pthread_mutex_init(&sides.lock, NULL);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    /* This thread is one of them. */
    while (started + 1 < sides.threads &&
           pthread_create(&threads[started], &attributes, run, &sides) == 0)
        started++;
    run(&sides);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_attr_destroy(&attributes);
    pthread_mutex_destroy(&sides.lock);
}

bool probe_beside(struct probe *probe, const struct endpoint *endpoint,
                  probe_side_function *function, void *argument, struct error *err)
{
    struct probe *before = probe_here();
    /* Never freed: threads of a library may outlive the call. */
    struct probe *side = new_side(probe, endpoint, probe_deadline(probe));
    side->whole->side = side;
    probe_enter(side);
    bool reached = function(side, endpoint, argument, err);
    probe_enter(before);
    return reached;
}
