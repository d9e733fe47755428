/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - one table per command: from it come parsing, --help, the nearest word, completion and
 * the manual page. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum option_kind {
    OPTION_FLAG,     /* bool */
    OPTION_TEXT,     /* const char * */
    OPTION_TEXTS,    /* struct option_texts; may be given many times */
    OPTION_NUMBER,   /* long, 1 and up */
    OPTION_DURATION, /* long, milliseconds */
    OPTION_WORD      /* const char *, one of WORDS */
};

/* The values of an option that may be given many times. */
struct option_texts {
    const char *items[10];
    size_t count;
};

struct option_row {
    const char *name;  /* "timeout" */
    char letter;       /* 0: none */
    const char *value; /* what stands for the value in help; NULL for a flag */
    enum option_kind kind;
    void *target;         /* where the value goes, by kind */
    const char *words;    /* "text|json|ndjson" for OPTION_WORD; the most of an OPTION_NUMBER */
    const char *fallback; /* the default, as shown */
    const char *help;
};

struct command {
    const char *name;        /* "test"; of a part the whole: "connections create" */
    const char *arguments;   /* "[NAME...] [OPTION...]" */
    const char *summary;     /* one line in the list of commands */
    const char *description; /* what --help says; a line that begins with blanks stays one */
    int (*run)(int argc, char **argv);
    const struct option_row *rows; /* ended by a NULL name; NULL: no options */
    const struct command *parts;   /* commands of this command, ended by a NULL name; or NULL */
};

/*
 * Read ARGV (without program and command) by ROWS, ended by a NULL name. What is no option goes to
 * REST (room for ARGC), how many to *COUNT. False after a line on stderr.
 */
bool options_read(const char *command, const struct option_row *rows, int argc, char **argv,
                  const char **rest, int *count);

/* The row of that NAME, or NULL; the row whose name is near it, or NULL. */
const struct option_row *options_find(const struct option_row *rows, const char *name);
const char *options_nearest(const struct option_row *rows, const char *name);

/* Whether ROW was given a value; give it VALUE (kept by reference), false after a line on stderr.
 */
bool options_is_set(const struct option_row *row);
bool options_set(const char *command, const struct option_row *row, const char *value);

/* Give every row that has none its default. */
void options_set_defaults(const char *command, const struct option_row *rows);

/* Whether --help stands in ARGV; then the help of COMMAND was printed. */
bool options_help(const struct command *command, int argc, char **argv);

/* "testconn COMMAND: text" and where help is, on stderr. Returns 2, the exit code. */
int usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
