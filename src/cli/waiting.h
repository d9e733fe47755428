/* SPDX-License-Identifier: Apache-2.0 */
/* waiting.h - tests repeated until all pass, one cannot be helped by waiting, or time is up. */
#ifndef WAITING_H
#define WAITING_H

#include "choice.h"

struct waiting_settings {
    long wait_ms;    /* for all */
    long timeout_ms; /* for one attempt */
    long jobs;
    const char *output;  /* "text", "json" */
    const char *drivers; /* NULL: beside the program */
    bool strict, verbose, quiet, no_color;
};

/*
 * Test what CHOICE means until all of it passes, printing each change of state, and write the
 * status of what is stored. Returns the exit code; 0: all pass.
 */
int waiting_run(const struct choice *choice, const struct waiting_settings *settings);

#endif
