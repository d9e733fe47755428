/* SPDX-License-Identifier: Apache-2.0 */
/* oauth2_scrub.h - secrets taken out of what others say. */
#ifndef OAUTH2_SCRUB_H
#define OAUTH2_SCRUB_H

#include <stddef.h>

/* What must not be shown: values that we send or are given. */
enum { SCRUB_MAXIMUM = 64 };
struct scrub {
    const char *values[SCRUB_MAXIMUM]; /* borrowed */
    size_t count;
};

/* Keep VALUE (NULL: nothing) out of messages from now on. */
void scrub_add(struct scrub *scrub, const char *value);

/*
 * Put *** in place of what TEXT holds of the values, in place: whole ones of any length, pieces of
 * at least eight bytes, also percent-encoded.
 */
void scrub_text(const struct scrub *scrub, char *text);

/* TEXT of at most LIMIT bytes, scrubbed; the caller frees it. NULL gives "". */
char *scrub_copy(const struct scrub *scrub, const char *text, size_t limit);

#endif
