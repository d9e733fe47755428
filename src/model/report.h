/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - what a test found, stage by stage; read from a worker's lines, written as JSON. */
#ifndef REPORT_H
#define REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "problems.h"
#include "testconn/error.h"
#include "testconn/probe.h"

enum report_status { REPORT_OK, REPORT_FAILED, REPORT_ERROR, REPORT_SKIPPED };
enum stage_status { STAGE_NOT_REACHED, STAGE_PASSED, STAGE_FAILED };

struct stage_report {
    enum stage_status status;
    int64_t began_us;   /* since the test began */
    double duration_ms; /* meaningful when passed or failed */
    json_t *facts;      /* object, or NULL */
    json_t *findings;   /* array, or NULL */
};

struct report {
    char *name; /* the connection's; "" when it has none */
    char *connection_type;
    char *request_id; /* of the request that began the test; NULL: none did */
    char *driver;     /* NULL: none was found */
    json_t *target;   /* object: host, port, address, database, user; or NULL */
    enum report_status status;
    enum stage stage; /* where it failed or was given up; meaningless when ok */
    enum reason code; /* REASON_NONE when ok or skipped */
    char *reason;     /* one line; NULL when ok */
    char *remedy;     /* NULL when ok or skipped */
    char *property;   /* at fault; NULL: none */
    char *brief;      /* the cause in a few words; NULL: the reason has to do */
    json_t *details;  /* array of [label, text] that with BRIEF say what the reason says; or NULL */
    unsigned attempts; /* of the whole test, as `wait` counts */
    struct stage_report stages[STAGE_COUNT];
    json_t *tls;           /* object, or NULL */
    json_t *server;        /* object, or NULL */
    json_t *findings;      /* array of those that belong to no stage, or NULL */
    int64_t started_at_us; /* wall clock, microseconds since 1970 */
    int64_t started_us;    /* monotonic */
    double duration_ms;
    pid_t worker;     /* who tested; 0: nobody. For logs */
    bool decided;     /* a verdict was read or set */
    unsigned planned; /* a bit for each stage the test has; 0: not known */

    /* While it is being read: */
    bool entered;           /* CURRENT means something */
    bool begun;             /* the worker has said so */
    enum stage current;     /* the stage at hand */
    json_t *attempts_saved; /* what earlier attempts' stages said; array */
};

/* A report of the test of NAME that begins now. The caller ends with report_free(). */
struct report *report_new(const char *name, const char *connection_type);
void report_free(struct report *report); /* NULL is allowed */

/*
 * Take in one report line of a worker (LENGTH bytes, one JSON object; see report_line.h for what it
 * may say). False when it is not one: the caller ends the worker as INTERNAL. Nothing in a line is
 * trusted: unknown stages, codes and kinds are refused, texts are made one line of UTF-8.
 */
bool report_read_line(struct report *report, const char *line, size_t length);

/*
 * The verdict when the worker did not give one: failed (or error, by the reason's nature) at STAGE.
 * ERR's remedy falls back on the reason's.
 */
void report_fail(struct report *report, enum stage stage, const struct error *err);

/* No verdict, and none will come: skipped, WHY is the reason ("interrupted"). */
void report_skip(struct report *report, const char *why);

/* PROBLEMS, notes included, as an array of findings; the caller decrefs it. */
json_t *problems_to_json(const struct problems *problems);

/* Add PROBLEMS, notes included, as findings of the stage input. */
void report_add_problems(struct report *report, const struct problems *problems);

/* Add a finding that belongs to no stage, after the verdict. SEVERITY is "note" or "warning". */
void report_add_finding(struct report *report, const char *severity, const char *rule,
                        const char *message);

/* A report of a definition that is wrong: stage input, INVALID_INPUT, every problem a finding. */
void report_refuse(struct report *report, const struct problems *problems, const char *root);

/* The duration is final. */
void report_finish(struct report *report);

/* Whether the report speaks of STAGE: it was reached, or would have come next. */
bool report_stage_shown(const struct report *report, enum stage stage);

/* One element of "tests" (design, section 2); the caller decrefs it. */
json_t *report_to_json(const struct report *report);

/* Counts over many reports. */
struct summary {
    unsigned ok, failed, error, skipped;
    unsigned at_input; /* how many of the failed ones failed at stage input */
    double duration_ms;
};
void summary_add(struct summary *summary, const struct report *report);
json_t *summary_to_json(const struct summary *summary);

/* 0, 1, 2 or 3: of several, 3 goes before 1, 1 before 2. */
int summary_exit_code(const struct summary *summary);

#endif
