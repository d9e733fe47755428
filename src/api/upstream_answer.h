/* SPDX-License-Identifier: Apache-2.0 */
/* upstream_answer.h - the whole answer of an upstream, taken apart. Pure. */
#ifndef UPSTREAM_ANSWER_H
#define UPSTREAM_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct upstream_answer {
    int status;
    struct text_buffer headers; /* lines to pass on, each with its CR LF; no length among them */
    struct text_buffer body;
    char *length; /* the Content-Length that was given; NULL: none */
};

/*
 * Read all LENGTH bytes of an answer whose connection was closed behind it; BODILESS: it is to
 * HEAD. False when it is none, or was cut off. The caller ends with upstream_answer_release().
 */
bool upstream_answer_read(struct upstream_answer *answer, const char *text, size_t length,
                          bool bodiless);
void upstream_answer_release(struct upstream_answer *answer);

/* Whether a header of that NAME (LENGTH bytes) is for one hop only. */
bool upstream_is_hop(const char *name, size_t length);

#endif
