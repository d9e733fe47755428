/* SPDX-License-Identifier: Apache-2.0 */
/* output.h - reports for people and for programs. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "report.h"
#include "style.h"
#include "text.h"

/* One report, whole: verdict, cause, remedy, stages, findings. */
void output_report(FILE *out, const struct report *report, const struct text_style *style);

/* The lines of the stages. */
void output_stages(FILE *out, const struct report *report, const struct text_style *style);

/* What is known of one stage, in lines; the caller frees it. */
char *output_stage_facts(const struct report *report, enum stage stage);

/* "PostgreSQL 15.8, database orders as app, over TLSv1.3 with the name verified"; BRIEF for a line
 * among many. The caller frees it. */
char *output_success(const struct report *report, bool brief);

/* One report of a batch, on a line; NAME_WIDTH aligns the columns. */
void output_batch_line(FILE *out, const struct report *report, int name_width,
                       const struct text_style *style);

/* The sum of a batch; DETAILS says where more of one test is told, NULL: nowhere. */
void output_batch_end(FILE *out, const struct summary *summary, const char *details,
                      const struct text_style *style);

/* The columns of the widest of COUNT names, within what a batch line gives them. */
int output_name_width(const char *const *names, size_t count);

/*
 * A change of state while waiting, on a line: WORD ("waiting", "ok", "FAILED"), stage, cause and
 * NOTE, which says why that is the end ("": it is not), and the time since the waiting began.
 */
void output_wait_line(FILE *out, const struct report *report, const char *word, const char *note,
                      double elapsed_ms, int name_width, const struct text_style *style);

/* A definition that is wrong: all of its problems (an array of findings), each at its place, ROOT
 * before it. FILE is where the definition LABEL came from. */
void output_problems(FILE *out, const char *file, const char *label, const char *root,
                     const json_t *findings, const struct text_style *style);

/* What a test of plain reachability found, for its line: what answers, on how many addresses. */
void output_reach(const struct report *report, struct text_buffer *line);

/* What answers there, by the facts of the stage tcp: ", speaks SSH (SSH-2.0-OpenSSH_9.2p1)". */
void output_service(const struct stage_report *tcp, struct text_buffer *line);

/* The addresses of the stage tcp, a line each, where there are several. */
void output_addresses(const struct stage_report *tcp, struct text_buffer *line);

/* The whole JSON document; REPORTS in the order of the input, NULLs left out. */
bool output_json(FILE *out, struct report *const *reports, size_t count,
                 const struct summary *summary);

/* One test as one line. */
bool output_ndjson(FILE *out, const struct report *report);

#endif
