/* SPDX-License-Identifier: Apache-2.0 */
/* signals.c - dispositions kept and put back. */
#include "signals.h"

#include <signal.h>
#include <stddef.h>

/* SIGINT and SIGTERM are heeded by batch.c. */
static const int numbers[] = {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM};
enum { COUNT = sizeof numbers / sizeof *numbers, IGNORED = 2 };
static struct sigaction kept[COUNT];

void signals_prepare(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    for (int i = 0; i < COUNT; i++)
        sigaction(numbers[i], i < IGNORED ? &ignore : NULL, &kept[i]);
}

void signals_restore(void)
{
    for (int i = 0; i < COUNT; i++)
        sigaction(numbers[i], &kept[i], NULL);
}
