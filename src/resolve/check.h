/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - single values held against the API's limits; each failure is a problem at its path. */
#ifndef CHECK_H
#define CHECK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "problems.h"

typedef bool text_pattern(const char *text, size_t length);

/* What the API document says of one text: lengths in bytes, a pattern (NULL: none) and its words.
 */
struct text_rule {
    size_t minimum;
    size_t maximum; /* 0: no limit */
    text_pattern *pattern;
    const char *pattern_words; /* "a single line of printable text" */
};

/* Each string in VALUE, at whatever depth, that holds a NUL is a problem: other checks leave those
 * alone. PATH is "" for the definition itself. */
void check_nul(const json_t *value, const char *path, struct problems *problems);

/* A text; absent (NULL) is fine. Returns it, or NULL when it is none or breaks a rule. */
const char *check_text(const json_t *value, const char *path, const struct text_rule *rule,
                       struct problems *problems);

/* One of WORDS (NULL-ended), with the nearest named; absent is fine. */
const char *check_word(const json_t *value, const char *path, const char *const *words,
                       struct problems *problems);

/* An array of at most MAXIMUM texts that keep RULE; absent is fine. */
void check_texts(const json_t *value, const char *path, size_t maximum,
                 const struct text_rule *rule, struct problems *problems);

/* A map of at most MAXIMUM (0: no limit) pairs whose keys and values keep their rules; absent is
 * fine. */
void check_map(const json_t *value, const char *path, size_t maximum, const struct text_rule *keys,
               const struct text_rule *values, struct problems *problems);

/* An object; absent is fine. NULL when it is none. */
const json_t *check_object(const json_t *value, const char *path, struct problems *problems);

/* true, false, or the words; absent is fine. */
void check_boolean(const json_t *value, const char *path, struct problems *problems);

/* Members of OBJECT that MEMBERS (NULL-ended) does not list are notes naming the nearest. */
void check_members(const json_t *object, const char *path, const char *const *members,
                   struct problems *problems);

/* "an integer", "a list", ... for messages. */
const char *check_kind(const json_t *value);

/* A host: one DNS name, IPv4 or IPv6 address without brackets. NULL when it is, else what is wrong.
 */
const char *check_host(const char *host);

#endif
