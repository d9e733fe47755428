/* SPDX-License-Identifier: Apache-2.0 */
/* choice.h - what a command tests: stored connections by name or by what they are, or a file. */
#ifndef CHOICE_H
#define CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "catalog_choice.h"
#include "options.h"

/* NAMES, or all stored connections that fulfil what else is given, or those of INPUT. */
struct choice {
    const char *const *names;
    size_t count;
    const char *input;
    bool all;
    const char *type;
    struct option_texts match;
    bool patient; /* what may pass by itself is not told on stderr: it is tried again */
};

/* What the options said. */
extern struct choice choice_options;

#define CHOICE_ROWS                                                                                \
    {"input",                                                                                      \
     'i',                                                                                          \
     "FILE",                                                                                       \
     OPTION_TEXT,                                                                                  \
     &choice_options.input,                                                                        \
     NULL,                                                                                         \
     NULL,                                                                                         \
     "definitions to test, JSON or YAML; - is standard input"},                                    \
        {"all",                                                                                    \
         'a',                                                                                      \
         NULL,                                                                                     \
         OPTION_FLAG,                                                                              \
         &choice_options.all,                                                                      \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "test all stored connections"},                                                           \
        {"type",                                                                                   \
         0,                                                                                        \
         "TYPE",                                                                                   \
         OPTION_TEXT,                                                                              \
         &choice_options.type,                                                                     \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "test the stored connections of this ConnectionType"},                                    \
        {"match",                                                                                  \
         'm',                                                                                      \
         "CRITERION",                                                                              \
         OPTION_TEXTS,                                                                             \
         &choice_options.match,                                                                    \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "test those with this among their MatchCriteria; repeated: with all"},                    \
        CATALOG_CHOICE_ROWS

struct input;
struct stored;

/* Make *CHOICE of the options and COUNT NAMES; false after a line on stderr when they contradict
 * each other, or say nothing. */
bool choice_check(const char *command, const char *const *names, size_t count,
                  struct choice *choice);

/* Read what CHOICE means; *STORED is NULL where it comes from a file. 0, or the exit code after a
 * line on stderr. The caller ends with input_release() and stored_free() in any case. */
int choice_read(const char *command, const struct choice *choice, struct input *input,
                struct stored **stored);

#endif
