/* SPDX-License-Identifier: Apache-2.0 */
/* output.h - reports for people and for programs. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "report.h"

/* How text is written. */
struct text_style {
    bool color;
    bool verbose; /* the stages of a passed test too */
    bool quiet;   /* failures only */
};

/* One report, whole: verdict, cause, remedy, stages. */
void output_report(FILE *out, const struct report *report, const struct text_style *style);

/* One report of a batch, on a line; NAME_WIDTH aligns the columns. */
void output_batch_line(FILE *out, const struct report *report, int name_width,
                       const struct text_style *style);
void output_batch_end(FILE *out, const struct summary *summary);

/* A definition that is wrong: all of its problems (an array of findings), each at its place, ROOT
 * before it. FILE is where the definition LABEL came from. */
void output_problems(FILE *out, const char *file, const char *label, const char *root,
                     const json_t *findings);

/* TEXT broken by words into lines of at most WIDTH columns; the first stands at column INDENT
 * already, the others are indented to it. */
void output_wrapped(FILE *out, const char *text, int indent, int width);

/* The whole JSON document; REPORTS in the order of the input. */
bool output_json(FILE *out, struct report *const *reports, size_t count,
                 const struct summary *summary);

/* One test as one line. */
bool output_ndjson(FILE *out, const struct report *report);

#endif
