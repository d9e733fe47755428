/* SPDX-License-Identifier: Apache-2.0 */
/* output_text.c - reports for a person: verdict, cause and remedy before anything else. */
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "output.h"
#include "text.h"

enum { INDENT = 2, NAME_MAXIMUM = 30, STATUS_WIDTH = 8, TIME_WIDTH = 8, STAGE_WIDTH = 11 };

static const char *label_of(const struct report *report)
{
    return *report->name ? report->name : "connection";
}

/* "FAILED"; "ERROR" when the fault is ours; "skipped" when there is no verdict. */
static const char *status_word(const struct report *report)
{
    static const char *const words[] = {[REPORT_OK] = "ok",
                                        [REPORT_FAILED] = "FAILED",
                                        [REPORT_ERROR] = "ERROR",
                                        [REPORT_SKIPPED] = "skipped"};
    return words[report->status];
}

static enum text_color status_color(const struct report *report)
{
    if (report->status == REPORT_SKIPPED)
        return COLOR_WARNING;
    return report->status == REPORT_OK ? COLOR_GOOD : COLOR_BAD;
}

static void print_name(FILE *out, const struct report *report)
{
    char *name = columns_text(label_of(report));
    fputs(name, out);
    free(name);
}

/* One that begins with a word of its own, not with a name, gets a capital letter. */
static void print_sentence(FILE *out, const char *lead, const char *text,
                           const struct text_style *style)
{
    size_t length = strlen(text);
    bool ended = length > 0 && strchr(".!?", text[length - 1]);
    char *sentence = text_format("%s%s%s", lead, text, ended ? "" : ".");
    if (!*lead && sentence[0] >= 'a' && sentence[0] <= 'z' &&
        sentence[strcspn(sentence, " .:/")] == ' ')
        sentence[0] = (char)(sentence[0] - 'a' + 'A');
    fprintf(out, "%*s", INDENT, "");
    columns_wrap(out, sentence, INDENT, style->width, style->terminal > 0);
    free(sentence);
}

static const char *detail_part(const struct report *report, size_t row, size_t part)
{
    return json_string_value(json_array_get(json_array_get(report->details, row), part));
}

/* "expected   db.example" under the sentence that has no label. */
static void print_details(FILE *out, const struct report *report, const struct text_style *style)
{
    size_t count = json_array_size(report->details);
    int width = 0;
    for (size_t i = 0; i < count; i++) {
        int columns = columns_of(detail_part(report, i, 0));
        width = columns > width ? columns : width;
    }
    for (size_t i = 0; i < count; i++) {
        const char *label = detail_part(report, i, 0);
        if (!*label) {
            print_sentence(out, "", detail_part(report, i, 1), style);
            continue;
        }
        fprintf(out, "%*s", 2 * INDENT, "");
        columns_pad(out, label, width + 3);
        columns_wrap(out, detail_part(report, i, 1), 2 * INDENT + width + 3, style->width,
                     style->terminal > 0);
    }
}

static bool is_severity(const json_t *finding, const char *severity)
{
    return strcmp(json_string_value(json_object_get(finding, "severity")), severity) == 0;
}

/* Notes of no property are evidence: numbers for an expert. */
static bool is_shown(const json_t *finding, const struct text_style *style)
{
    return style->verbose || !is_severity(finding, "note") || json_object_get(finding, "property");
}

static void print_finding(FILE *out, const json_t *finding, const struct text_style *style)
{
    const char *severity = json_string_value(json_object_get(finding, "severity"));
    const char *property = json_string_value(json_object_get(finding, "property"));
    char *text = text_format("%s%s%s", property ? property : "", property ? ": " : "",
                             json_string_value(json_object_get(finding, "message")));
    fprintf(out, "%*s", INDENT, "");
    if (is_severity(finding, "note"))
        fputs(severity, out);
    else
        style_put(out, style, COLOR_WARNING, severity);
    fputs(": ", out);
    columns_wrap(out, text, INDENT + (int)strlen(severity) + 2, style->width, style->terminal > 0);
    free(text);
}

static void print_findings(FILE *out, const struct report *report, const char *lead,
                           const struct text_style *style)
{
    size_t index;
    json_t *finding;
    json_t *test = report_to_json(report);
    json_array_foreach(json_object_get(test, "findings"), index, finding)
    {
        if (!is_shown(finding, style))
            continue;
        fputs(lead, out);
        lead = "";
        print_finding(out, finding, style);
    }
    json_decref(test);
}

static size_t count_warnings(const struct report *report)
{
    size_t index;
    size_t count = 0;
    json_t *finding;
    json_t *test = report_to_json(report);
    json_array_foreach(json_object_get(test, "findings"), index, finding) count +=
        is_severity(finding, "warning");
    json_decref(test);
    return count;
}

static void append_tls(const struct report *report, bool brief, struct text_buffer *line)
{
    const char *version = json_string_value(json_object_get(report->tls, "version"));
    bool verified = json_is_true(json_object_get(report->tls, "verified"));
    if (!version)
        text_append(line, ", without TLS");
    else if (verified)
        text_append_format(line, ", %s%s%s", brief ? "" : "over ", version,
                           brief ? "" : " with the name verified");
    else
        text_append_format(line, ", %s%s, not verified", brief ? "" : "over ", version);
}

char *output_success(const struct report *report, bool brief)
{
    struct text_buffer line = TEXT_BUFFER_INIT;
    const char *product = json_string_value(json_object_get(report->server, "product"));
    const char *version = json_string_value(json_object_get(report->server, "version"));
    const char *database = json_string_value(json_object_get(report->target, "database"));
    const char *user = json_string_value(json_object_get(report->target, "user"));
    const char *instance =
        json_string_value(json_object_get(report->stages[STAGE_QUERY].facts, "instance"));
    if (!product) {
        output_reach(report, &line);
        return text_take(&line);
    }
    text_append(&line, product);
    if (instance)
        text_append_format(&line, ", instance %s,", instance);
    if (version)
        text_append_format(&line, " %s", version);
    if (database)
        text_append_format(&line, ", database %s", database);
    if (user)
        text_append_format(&line, "%s as %s", database ? "" : ",", user);
    append_tls(report, brief, &line);
    return text_take(&line);
}

/* One line in a pipe, where lines are looked for; what a terminal would break, we break. */
static void print_success(FILE *out, const struct report *report, const char *time,
                          const struct text_style *style)
{
    char *what = output_success(report, false);
    char *rest = text_format("in %s: %s", time, what);
    char *name = columns_text(label_of(report));
    int column = columns_of(name) + 5;
    fprintf(out, "%s: ", name);
    style_put(out, style, COLOR_GOOD, "ok");
    fputc(' ', out);
    if (style->terminal && column + columns_of(rest) > style->terminal)
        columns_wrap(out, rest, column < style->width / 2 ? column : INDENT, style->terminal, true);
    else
        columns_wrap(out, rest, column, 1 << 20, false);
    free(name);
    free(rest);
    free(what);
}

static void print_failure(FILE *out, const struct report *report, const char *time,
                          const struct text_style *style)
{
    print_name(out, report);
    fputs(": ", out);
    style_put(out, style, COLOR_BAD, status_word(report));
    fprintf(out, " at %s after %s: %s\n\n", stage_name(report->stage), time,
            reason_name(report->code));
    if (report->details)
        print_details(out, report, style);
    else
        print_sentence(out, "", report->reason, style);
    print_sentence(out, "To fix it: ", report->remedy, style);
    fputc('\n', out);
    output_stages(out, report, style);
    print_findings(out, report, "\n", style);
}

static void print_skipped(FILE *out, const struct report *report, const char *time,
                          const struct text_style *style)
{
    print_name(out, report);
    fputs(": ", out);
    style_put(out, style, COLOR_WARNING, status_word(report));
    if (report->entered)
        fprintf(out, " at %s after %s", stage_name(report->stage), time);
    fprintf(out, ": %s\n", report->reason);
    if (!report->entered)
        return;
    fputc('\n', out);
    output_stages(out, report, style);
    print_findings(out, report, "\n", style);
}

void output_report(FILE *out, const struct report *report, const struct text_style *style)
{
    char time[32];
    text_duration(time, sizeof time, report->duration_ms);
    if (report->status == REPORT_SKIPPED) {
        print_skipped(out, report, time, style);
    } else if (report->status != REPORT_OK) {
        print_failure(out, report, time, style);
    } else if (!style->quiet) {
        print_success(out, report, time, style);
        print_findings(out, report, "", style);
        if (style->verbose) {
            fputc('\n', out);
            output_stages(out, report, style);
        }
    }
}

int output_name_width(const char *const *names, size_t count)
{
    int width = 0;
    for (size_t i = 0; i < count; i++) {
        char *name = columns_text(*names[i] ? names[i] : "connection");
        int columns = columns_of(name);
        width = columns > width ? columns : width;
        free(name);
    }
    return width < NAME_MAXIMUM ? width : NAME_MAXIMUM;
}

/* The reason for a line that names the connection already: "HOST:PORT answered" is "it answered".
 * The caller frees it. */
static char *short_reason(const struct report *report)
{
    char endpoint[300];
    const char *host = json_string_value(json_object_get(report->target, "host"));
    json_int_t port = json_integer_value(json_object_get(report->target, "port"));
    if (report->brief || !host)
        return xstrdup(report->brief ? report->brief : report->reason);
    text_endpoint(endpoint, sizeof endpoint, host, (unsigned)port);
    const char *rest = report->reason + strlen(endpoint);
    if (text_starts(report->reason, endpoint) && text_starts(rest, ": "))
        return xstrdup(rest + 2);
    if (text_starts(report->reason, endpoint) && *rest == ' ')
        return text_format("it%s", rest);
    return xstrdup(report->reason);
}

/* What stands behind the time; the caller frees it. */
static char *tell(const struct report *report)
{
    if (report->status == REPORT_SKIPPED)
        return text_format("%-*s  %s", STAGE_WIDTH,
                           report->entered ? stage_name(report->stage) : "", report->reason);
    if (report->status != REPORT_OK) {
        char *reason = short_reason(report);
        char *line = text_format("%-*s  %s: %s", STAGE_WIDTH, stage_name(report->stage),
                                 reason_name(report->code), reason);
        free(reason);
        return line;
    }
    char *what = output_success(report, true);
    size_t warnings = count_warnings(report);
    char *line = warnings
                     ? text_format("%s; %zu warning%s", what, warnings, warnings == 1 ? "" : "s")
                     : xstrdup(what);
    free(what);
    return line;
}

void output_batch_line(FILE *out, const struct report *report, int name_width,
                       const struct text_style *style)
{
    char time[32];
    if (report->status == REPORT_OK && style->quiet)
        return;
    char *name = columns_text(label_of(report));
    char *told = tell(report);
    char *line = columns_text(told);
    int used = STATUS_WIDTH + 2 + TIME_WIDTH + 3;
    used += columns_of(name) > name_width ? columns_of(name) : name_width;
    text_duration(time, sizeof time, report->duration_ms);
    style_put(out, style, status_color(report), status_word(report));
    fprintf(out, "%*s", STATUS_WIDTH - (int)strlen(status_word(report)), "");
    columns_pad(out, name, name_width);
    fprintf(out, "  %*s   ", TIME_WIDTH, time);
    if (style->terminal) {
        /* Never less than stage and code. */
        int least = STAGE_WIDTH + 2 + (int)strlen(reason_name(report->code));
        int left = style->terminal - used;
        char *cut = columns_cut(line, left > least ? left : least);
        fputs(cut, out);
        free(cut);
    } else {
        fputs(line, out);
    }
    fputc('\n', out);
    free(line);
    free(told);
    free(name);
}

void output_batch_end(FILE *out, const struct summary *summary, const char *details,
                      const struct text_style *style)
{
    char time[32];
    unsigned wrong = summary->failed + summary->error;
    unsigned total = summary->ok + wrong + summary->skipped;
    if (style->quiet && wrong + summary->skipped == 0)
        return;
    text_duration(time, sizeof time, summary->duration_ms);
    fprintf(out, "%u tested: %u ok, %u failed", total - summary->skipped, summary->ok,
            summary->failed);
    if (summary->error)
        fprintf(out, ", %u error%s", summary->error, summary->error == 1 ? "" : "s");
    if (summary->skipped)
        fprintf(out, ", %u skipped", summary->skipped);
    fprintf(out, ", in %s.", time);
    if (wrong && details)
        fprintf(out, " Details%s", details);
    fputc('\n', out);
}
