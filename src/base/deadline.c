/* SPDX-License-Identifier: Apache-2.0 */
/* deadline.c - the monotonic clock. */
#include "testconn/deadline.h"

#include <limits.h>
#include <time.h>

int64_t clock_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct deadline deadline_in_ms(int64_t timeout_ms)
{
    return (struct deadline){clock_now_us() + timeout_ms * 1000};
}

int deadline_left_ms(struct deadline deadline)
{
    int64_t left_us = deadline.at_us - clock_now_us();
    if (left_us <= 0)
        return 0;
    int64_t left_ms = (left_us + 999) / 1000;
    return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

bool deadline_passed(struct deadline deadline)
{
    return clock_now_us() >= deadline.at_us;
}

struct deadline deadline_earlier(struct deadline a, struct deadline b)
{
    return a.at_us < b.at_us ? a : b;
}

struct deadline deadline_share(struct deadline deadline, int parts)
{
    int64_t now_us = clock_now_us();
    if (deadline.at_us <= now_us || parts <= 1)
        return deadline;
    return (struct deadline){now_us + (deadline.at_us - now_us) / parts};
}
