/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stored.h - the connections of a catalog that a command tests by name, and what becomes of their
 * status.
 */
#ifndef STORED_H
#define STORED_H

#include "choice.h"
#include "input.h"
#include "report.h"

struct stored;

/*
 * Read the connections of CHOICE from the chosen catalog into INPUT, variables put in. One that
 * cannot be read is in INPUT all the same: stored_failure() says why. Returns 0, or the exit code
 * after a line of COMMAND on stderr: no catalog, nothing that is meant. The caller ends with
 * stored_free() and input_release().
 */
int stored_read(const char *command, const struct choice *choice, struct input *input,
                struct stored **stored);
void stored_free(struct stored *stored); /* NULL is allowed */

/* A report that says why connection INDEX of INPUT cannot be tested; NULL: it can. STORED may be
 * NULL everywhere from here on: nothing is stored then. */
struct report *stored_failure(const struct stored *stored, const struct input *input, size_t index);

/* Whether something could not be read that may be readable later: the catalog's server is away. */
bool stored_may_pass(const struct stored *stored);

/* Whether the catalog has no connection of that name; it was told on stderr. */
bool stored_is_missing(const struct stored *stored, size_t index);

/* Before REPORT of connection INDEX is shown: a finding when it is no longer what was tested. */
void stored_compare(struct stored *stored, size_t index, struct report *report);

/* After it was shown: write its status, unless the connection has changed, or now or when the
 * store has time for it. */
void stored_keep(struct stored *stored, size_t index, const struct report *report);

/* Write what could not be written before. What cannot be written at all is told on stderr. */
void stored_flush(struct stored *stored);

#endif
