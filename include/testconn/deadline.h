/* SPDX-License-Identifier: Apache-2.0 */
/* deadline.h - a moment on the monotonic clock by which something has to be over. */
#ifndef TESTCONN_DEADLINE_H
#define TESTCONN_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(default)

struct deadline {
    int64_t at_us; /* CLOCK_MONOTONIC, microseconds */
};

/* The monotonic clock now, in microseconds. */
int64_t clock_now_us(void);

/* The moment TIMEOUT_MS milliseconds from now. */
struct deadline deadline_in_ms(int64_t timeout_ms);

/* Milliseconds left, rounded up, never negative: fit for poll(2). */
int deadline_left_ms(struct deadline deadline);

/* Whether the moment has passed. */
bool deadline_passed(struct deadline deadline);

/* The earlier of two. */
struct deadline deadline_earlier(struct deadline a, struct deadline b);

/* The moment at which one of PARTS equal parts of the time left from now is used up. */
struct deadline deadline_share(struct deadline deadline, int parts);

#pragma GCC visibility pop

#endif
