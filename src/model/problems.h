/* SPDX-License-Identifier: Apache-2.0 */
/* problems.h - everything that is wrong with a definition, found in one pass, each at its path. */
#ifndef PROBLEMS_H
#define PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>

struct problem {
    char *path;       /* "ConnectionProperties.PORT"; "" for the whole */
    char *text;       /* "99 is not between 1024 and 65535"; one line, never a secret */
    const char *rule; /* "value-range", "unknown-property", ...: short and stable; static */
    bool note;        /* does not refuse the definition: a finding of severity note or warning */
};

/* In the order found. Begin with PROBLEMS_INIT, end with problems_release(). */
struct problems {
    struct problem *items;
    size_t count;
    size_t refused; /* how many are not notes */
};
#define PROBLEMS_INIT ((struct problems){0})

/* Add one that refuses the definition. RULE is static. */
void problems_add(struct problems *problems, const char *path, const char *rule, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

/* Add one that is only worth knowing. */
void problems_add_note(struct problems *problems, const char *path, const char *rule,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Whether something that refuses was found at PATH. */
bool problems_at(const struct problems *problems, const char *path);

/* "PATH: text; PATH: text" of those that refuse, ROOT before each path; the caller frees it. */
char *problems_join(const struct problems *problems, const char *root);

void problems_release(struct problems *problems);

#endif
