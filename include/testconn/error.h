/* SPDX-License-Identifier: Apache-2.0 */
/* error.h - what went wrong: one reason code of a closed list, and one line of words. */
#ifndef TESTCONN_ERROR_H
#define TESTCONN_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(default)

enum reason {
    REASON_NONE,
#define REASON(code, fault, transient, exception, remedy) REASON_##code,
#include "testconn/reasons.def"
#undef REASON
    REASON_COUNT
};

/* Who has to act on a reason. */
enum fault { FAULT_TARGET, FAULT_DEFINITION, FAULT_OURS };

/* What the list says about one reason. */
struct reason_info {
    const char *name; /* "TLS_EXPIRED" */
    enum fault fault;
    bool transient;        /* trying again later may help */
    const char *exception; /* of glue:TestConnection */
    const char *remedy;    /* a sentence fragment without full stop */
};

/*
 * An error. The caller owns it, nothing in it is allocated. MESSAGE is one line of printable UTF-8:
 * what failed, on what, as whom, the other side's own words with their code, value found against
 * value demanded. It never holds a secret.
 */
struct error {
    enum reason reason;
    char message[4096];
    char remedy[512];   /* empty: the reason's own */
    char property[256]; /* the property at fault, as "ConnectionProperties.PORT"; empty: none */
    char brief[256];    /* for a line among many; empty: the message, cut */
    char details[1024]; /* "label\ttext\n" each, as error_detail() made them */
};

/* An error that says nothing yet. */
#define ERROR_INIT ((struct error){.reason = REASON_NONE})

/*
 * Set ERR to REASON and the formatted message; everything else of it is emptied. Line breaks, tabs
 * and control bytes become blanks, bytes that are not UTF-8 are escaped, a message that is too long
 * ends in "...". Returns false always, so that a function can return what it says.
 */
bool error_set(struct error *err, enum reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Name the remedy of ERR where it is better known than in the list. Returns false. */
bool error_remedy(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Name the cause in a few words, without full stop: for a line among many, where code and
 * connection stand already. Returns false.
 */
bool error_brief(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Put a value in a row of its own for a person: LABEL ("expected", "presented", ...) and the text.
 * An error that has a brief and details is told by these instead of its message, so together they
 * hold the same. Returns false.
 */
bool error_detail(struct error *err, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Name the property at fault, without formatting. Returns false. */
bool error_property(struct error *err, const char *property);

/* The list's row for REASON; never NULL for a reason of the list, NULL for REASON_NONE. */
const struct reason_info *reason_info(enum reason reason);

/* "TLS_EXPIRED"; "NONE" for REASON_NONE. */
const char *reason_name(enum reason reason);

/* The reason of that NAME, or REASON_NONE. */
enum reason reason_find(const char *name);

#pragma GCC visibility pop

#endif
