/* SPDX-License-Identifier: Apache-2.0 */
/* credential_process.h - the program that the operator's profile names, run and read on the event
 * loop. */
#ifndef CREDENTIAL_PROCESS_H
#define CREDENTIAL_PROCESS_H

#include <event2/event.h>
#include <stddef.h>

#include "testconn/deadline.h"
#include "testconn/error.h"

struct credential_process;

/* Called once, from the loop: OUTPUT of LENGTH bytes after an exit with status 0, else NULL with
 * ERR set. */
typedef void credential_process_done(void *argument, const char *output, size_t length,
                                     const struct error *err);

/*
 * Start COMMAND - words as a shell would part them, but no shell - with our environment, nothing on
 * its standard input and at most until DEADLINE. NULL with ERR set.
 */
struct credential_process *credential_process_start(struct event_base *base, const char *command,
                                                    struct deadline deadline,
                                                    credential_process_done *done, void *argument,
                                                    struct error *err);

/* Kill it; DONE is not called. NULL is allowed. */
void credential_process_free(struct credential_process *process);

/* COMMAND as words, NULL-ended; NULL: a quote is not closed, or there is none. The caller frees the
 * list and its first word, in whose memory all lie. */
char **credential_process_words(const char *command);

#endif
