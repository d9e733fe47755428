/* SPDX-License-Identifier: Apache-2.0 */
/* output_text.c - one report for a person: verdict, cause and remedy before anything else. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "text.h"

enum { WIDTH = 80, INDENT = 2, FACTS_COLUMN = 31, DETAIL_WIDTH = WIDTH - FACTS_COLUMN };

void output_wrapped(FILE *out, const char *text, int indent, int width)
{
    int column = indent;
    while (*text) {
        int length = (int)strcspn(text, " ");
        if (column > indent && column + 1 + length > width) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", length, text);
        column += length;
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static const char *paint(const struct text_style *style, const char *code)
{
    return style->color ? code : "";
}

#define RED "\033[1;31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

static const char *label_of(const struct report *report)
{
    return *report->name ? report->name : "connection";
}

/* "FAILED", or "ERROR" when the fault is ours; "skipped" when there is no verdict. */
static const char *failure_word(const struct report *report)
{
    if (report->status == REPORT_SKIPPED)
        return "skipped";
    return report->status == REPORT_ERROR ? "ERROR" : "FAILED";
}

static void print_sentence(FILE *out, const char *lead, const char *text)
{
    char *sentence =
        text_format("%s%s%s", lead, text, strchr(".!?", text[strlen(text) - 1]) ? "" : ".");
    if (!*lead && sentence[0] >= 'a' && sentence[0] <= 'z' &&
        sentence[strcspn(sentence, " .:/")] == ' ')
        sentence[0] = (char)(sentence[0] - 'a' + 'A');
    fprintf(out, "%*s", INDENT, "");
    output_wrapped(out, sentence, INDENT, WIDTH);
    free(sentence);
}

static const char *fact_text(const struct stage_report *stage, const char *key)
{
    return json_string_value(json_object_get(stage->facts, key));
}

static void append_list(struct text_buffer *line, const json_t *list)
{
    size_t index;
    json_t *item;
    json_array_foreach((json_t *)(uintptr_t)list, index, item)
        text_append_format(line, "%s%s", index ? ", " : "", json_string_value(item));
}

static void describe_tcp(const struct stage_report *stage, struct text_buffer *line)
{
    const json_t *round_trip = json_object_get(stage->facts, "round_trip_ms");
    const char *failed = fact_text(stage, "failed_address");
    char time[32];
    if (fact_text(stage, "address"))
        text_append_format(line, "%s port %lld", fact_text(stage, "address"),
                           (long long)json_integer_value(json_object_get(stage->facts, "port")));
    else if (failed)
        text_append(line, failed);
    if (round_trip) {
        text_duration(time, sizeof time, json_number_value(round_trip));
        text_append_format(line, ", round trip %s", time);
    }
    if (json_object_get(stage->facts, "path")) {
        text_append(line, "\npath: ");
        append_list(line, json_object_get(stage->facts, "path"));
    }
}

static void describe_tls(const struct report *report, struct text_buffer *line)
{
    const json_t *leaf = json_array_get(json_object_get(report->tls, "chain"), 0);
    const char *version = json_string_value(json_object_get(report->tls, "version"));
    const json_t *days = json_object_get(report->stages[STAGE_TLS].facts, "days_to_expiry");
    if (version)
        text_append_format(line, "%s, %s\n", version,
                           json_string_value(json_object_get(report->tls, "cipher")));
    if (!leaf)
        return;
    text_append_format(line, "%s, %s", json_string_value(json_object_get(leaf, "subject")),
                       json_string_value(json_object_get(leaf, "key")));
    if (days && json_integer_value(days) >= 0)
        text_append_format(line, ", expires in %lld days", (long long)json_integer_value(days));
    else if (days)
        text_append_format(line, ", expired on %.10s",
                           json_string_value(json_object_get(leaf, "not_after")));
    text_append_format(line, "\nissued by %s", json_string_value(json_object_get(leaf, "issuer")));
}

/* One fact a line where they would not fit into 80 columns side by side. */
static void describe_rest(const struct stage_report *stage, struct text_buffer *line)
{
    const char *key;
    json_t *value;
    size_t begin = 0;
    json_object_foreach(stage->facts, key, value)
    {
        char *text = json_is_string(value) ? xstrdup(json_string_value(value))
                                           : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        if (strlen(text) < 60) {
            bool fits = line->length - begin + strlen(key) + strlen(text) < DETAIL_WIDTH;
            if (!fits)
                begin = line->length + 2;
            text_append(line, line->length == 0 ? "" : fits ? ", " : ",\n");
            for (const char *at = key; *at; at++)
                text_append_bytes(line, *at == '_' ? " " : at, 1);
            text_append_format(line, " %s", text);
        }
        free(text);
    }
}

/* What was learned in STAGE, in lines. */
static char *describe(const struct report *report, enum stage stage)
{
    struct text_buffer line = TEXT_BUFFER_INIT;
    const struct stage_report *one = &report->stages[stage];
    if (stage == STAGE_DNS)
        append_list(&line, json_object_get(one->facts, "addresses"));
    else if (stage == STAGE_TCP)
        describe_tcp(one, &line);
    else if (stage == STAGE_TLS)
        describe_tls(report, &line);
    else if (stage == STAGE_CREDENTIALS && fact_text(one, "password_from"))
        text_append_format(&line, "password from %s", fact_text(one, "password_from"));
    else
        describe_rest(one, &line);
    return text_take(&line);
}

static void print_stage(FILE *out, const struct report *report, enum stage stage,
                        const struct text_style *style)
{
    const struct stage_report *one = &report->stages[stage];
    char time[32];
    if (one->status == STAGE_NOT_REACHED) {
        fprintf(out, "  %-11s  not reached\n", stage_name(stage));
        return;
    }
    bool failed = one->status == STAGE_FAILED;
    char *facts = describe(report, stage);
    text_duration(time, sizeof time, one->duration_ms);
    fprintf(out, "  %-11s  %s%-6s%s %7s", stage_name(stage),
            failed ? paint(style, RED) : paint(style, GREEN), failed ? "FAILED" : "ok",
            paint(style, PLAIN), time);
    char *rest = facts;
    for (char *line; (line = strsep(&rest, "\n"));) {
        if (!*line)
            continue;
        fprintf(out, line == facts ? "   " : "\n%*s", line == facts ? 0 : FACTS_COLUMN, "");
        fputs(line, out);
    }
    fputc('\n', out);
    free(facts);
}

static void print_findings(FILE *out, const struct report *report, const struct text_style *style)
{
    json_t *test = report_to_json(report);
    size_t index;
    json_t *finding;
    json_array_foreach(json_object_get(test, "findings"), index, finding)
    {
        const char *severity = json_string_value(json_object_get(finding, "severity"));
        const char *property = json_string_value(json_object_get(finding, "property"));
        char *text = text_format("%s%s%s", property ? property : "", property ? ": " : "",
                                 json_string_value(json_object_get(finding, "message")));
        bool note = strcmp(severity, "note") == 0;
        fprintf(out, "  %s%s%s: ", note ? "" : paint(style, YELLOW), severity,
                note ? "" : paint(style, PLAIN));
        output_wrapped(out, text, INDENT + (int)strlen(severity) + 2, WIDTH);
        free(text);
    }
    json_decref(test);
}

/* "PostgreSQL 15.8, database orders as app, over TLSv1.3 with the name verified" */
static char *describe_success(const struct report *report)
{
    struct text_buffer line = TEXT_BUFFER_INIT;
    const char *product = json_string_value(json_object_get(report->server, "product"));
    const char *version = json_string_value(json_object_get(report->server, "version"));
    const char *database = json_string_value(json_object_get(report->target, "database"));
    const char *user = json_string_value(json_object_get(report->target, "user"));
    const char *tls = json_string_value(json_object_get(report->tls, "version"));
    if (!product) {
        describe_tcp(&report->stages[STAGE_TCP], &line);
        if (fact_text(&report->stages[STAGE_TCP], "speaks"))
            text_append_format(&line, ", speaks %s",
                               fact_text(&report->stages[STAGE_TCP], "speaks"));
        return text_take(&line);
    }
    text_append(&line, product);
    if (version)
        text_append_format(&line, " %s", version);
    if (database)
        text_append_format(&line, ", database %s", database);
    if (user)
        text_append_format(&line, " as %s", user);
    if (tls)
        text_append_format(&line, ", over %s %s", tls,
                           json_is_true(json_object_get(report->tls, "verified"))
                               ? "with the name verified"
                               : "not verified");
    else
        text_append(&line, ", without TLS");
    return text_take(&line);
}

static void print_stages(FILE *out, const struct report *report, const struct text_style *style)
{
    fputc('\n', out);
    for (int stage = 0; stage < STAGE_COUNT; stage++)
        if (report_stage_shown(report, (enum stage)stage))
            print_stage(out, report, (enum stage)stage, style);
}

void output_report(FILE *out, const struct report *report, const struct text_style *style)
{
    char time[32];
    text_duration(time, sizeof time, report->duration_ms);
    if (report->status == REPORT_OK) {
        if (style->quiet)
            return;
        char *what = describe_success(report);
        fprintf(out, "%s: %sok%s in %s: %s\n", label_of(report), paint(style, GREEN),
                paint(style, PLAIN), time, what);
        free(what);
        print_findings(out, report, style);
        if (style->verbose)
            print_stages(out, report, style);
        return;
    }
    if (report->status == REPORT_SKIPPED) {
        fprintf(out, "%s: %s\n", label_of(report), report->reason);
        if (report->entered)
            print_stages(out, report, style);
        return;
    }
    fprintf(out, "%s: %s%s%s at %s after %s: %s\n\n", label_of(report), paint(style, RED),
            failure_word(report), paint(style, PLAIN), stage_name(report->stage), time,
            reason_name(report->code));
    print_sentence(out, "", report->reason);
    print_sentence(out, "To fix it: ", report->remedy);
    print_stages(out, report, style);
    fputc('\n', out);
    print_findings(out, report, style);
}

void output_batch_line(FILE *out, const struct report *report, int name_width,
                       const struct text_style *style)
{
    char time[32];
    bool ok = report->status == REPORT_OK;
    text_duration(time, sizeof time, report->duration_ms);
    if (ok && style->quiet)
        return;
    fprintf(out, "%s%-6s%s  %-*s  %8s   ", ok ? paint(style, GREEN) : paint(style, RED),
            ok ? "ok" : failure_word(report), paint(style, PLAIN), name_width, label_of(report),
            time);
    if (ok) {
        char *what = describe_success(report);
        fprintf(out, "%s\n", what);
        free(what);
    } else if (report->status == REPORT_SKIPPED) {
        fprintf(out, "%s\n", report->reason);
    } else {
        fprintf(out, "%-11s  %s: %s\n", stage_name(report->stage), reason_name(report->code),
                report->reason);
    }
    fflush(out);
}

void output_batch_end(FILE *out, const struct summary *summary)
{
    char time[32];
    unsigned total = summary->ok + summary->failed + summary->error + summary->skipped;
    text_duration(time, sizeof time, summary->duration_ms);
    fprintf(out, "\n%u tested: %u ok, %u failed", total, summary->ok, summary->failed);
    if (summary->error)
        fprintf(out, ", %u error", summary->error);
    if (summary->skipped)
        fprintf(out, ", %u skipped", summary->skipped);
    fprintf(out, ", in %s.\n", time);
}

static const char *finding_text(const json_t *finding, const char *key)
{
    const char *text = json_string_value(json_object_get(finding, key));
    return text ? text : "";
}

static bool is_refusal(const json_t *finding)
{
    return strcmp(finding_text(finding, "severity"), "error") == 0;
}

static void print_problem(FILE *out, const char *root, const json_t *finding, int width)
{
    const char *property = finding_text(finding, "property");
    const char *message = finding_text(finding, "message");
    char *path = text_format("%s%s", *property ? root : "", property);
    if (!is_refusal(finding)) {
        char *text = text_format("%s %s", path, message);
        fputs("  note: ", out);
        output_wrapped(out, text, 8, WIDTH);
        free(text);
    } else if ((int)strlen(path) > width) {
        fprintf(out, "  %s\n%*s", path, width + 5, "");
        output_wrapped(out, message, width + 5, WIDTH);
    } else {
        fprintf(out, "  %-*s   ", width, path);
        output_wrapped(out, message, width + 5, WIDTH);
    }
    free(path);
}

void output_problems(FILE *out, const char *file, const char *label, const char *root,
                     const json_t *findings)
{
    size_t index;
    json_t *finding;
    int width = 0;
    int refused = 0;
    json_array_foreach((json_t *)(uintptr_t)findings, index, finding)
    {
        int length = (int)(strlen(root) + strlen(finding_text(finding, "property")));
        width = length > width ? length : width;
        refused += is_refusal(finding);
    }
    if (width > 44)
        width = 44;
    fprintf(out, "%s: %d problem%s in %s%s%s\n\n", file, refused, refused == 1 ? "" : "s",
            *label ? "connection \"" : "the connection", label, *label ? "\"" : "");
    json_array_foreach((json_t *)(uintptr_t)findings, index, finding)
        print_problem(out, root, finding, width);
}
