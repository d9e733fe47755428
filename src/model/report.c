/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - a report's life: made, failed, refused, closed; and the sum of many. */
#include "report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"

enum { PROPERTY_MAXIMUM = 512 };

static int64_t wall_clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static char *clean(const char *text)
{
    size_t length = strlen(text);
    size_t size = 4 * length + 1;
    char *line = xmalloc(size);
    text_one_line(line, size, text, length);
    return line;
}

struct report *report_new(const char *name, const char *connection_type)
{
    struct report *report = xcalloc(1, sizeof *report);
    report->name = clean(name ? name : "");
    report->connection_type = connection_type ? clean(connection_type) : NULL;
    report->attempts = 1;
    report->started_at_us = wall_clock_us();
    report->started_us = clock_now_us();
    report->attempts_saved = json_array();
    return report;
}

void report_free(struct report *report)
{
    if (!report)
        return;
    for (int stage = 0; stage < STAGE_COUNT; stage++) {
        json_decref(report->stages[stage].facts);
        json_decref(report->stages[stage].findings);
    }
    json_decref(report->target);
    json_decref(report->tls);
    json_decref(report->server);
    json_decref(report->findings);
    json_decref(report->attempts_saved);
    free(report->name);
    free(report->connection_type);
    free(report->request_id);
    free(report->driver);
    free(report->reason);
    free(report->remedy);
    free(report->property);
    free(report->brief);
    json_decref(report->details);
    free(report);
}

/* Whether a reason means that we ourselves broke or lacked room. */
static bool is_ours(enum reason reason)
{
    return reason == REASON_INTERNAL || reason == REASON_WORKER_CRASHED || reason == REASON_BUSY ||
           reason == REASON_CONFLICT;
}

static void close_stage(struct report *report, enum stage_status status)
{
    if (!report->entered)
        return;
    struct stage_report *stage = &report->stages[report->current];
    stage->status = status;
    stage->duration_ms = (double)(clock_now_us() - report->started_us - stage->began_us) / 1000;
}

void report_fail(struct report *report, enum stage stage, const struct error *err)
{
    const struct reason_info *info = reason_info(err->reason);
    if (!report->entered || report->current != stage) {
        close_stage(report, STAGE_PASSED);
        report->stages[stage].began_us = clock_now_us() - report->started_us;
        report->entered = true;
        report->current = stage;
    }
    close_stage(report, STAGE_FAILED);
    for (int later = (int)stage + 1; later < STAGE_COUNT; later++)
        report->stages[later].status = STAGE_NOT_REACHED;
    report->decided = true;
    report->status = is_ours(err->reason) ? REPORT_ERROR : REPORT_FAILED;
    report->stage = stage;
    report->code = err->reason;
    free(report->reason);
    free(report->remedy);
    free(report->property);
    free(report->brief);
    report->brief = err->brief[0] ? clean(err->brief) : NULL;
    report->reason = clean(err->message);
    report->remedy = clean(err->remedy[0] ? err->remedy : info->remedy);
    report->property = err->property[0] ? clean(err->property) : NULL;
}

static json_t *problem_to_json(const struct problem *problem)
{
    json_t *finding = json_pack("{s:s, s:s, s:s}", "severity", problem->note ? "note" : "error",
                                "rule", problem->rule, "message", problem->text);
    if (*problem->path)
        json_object_set_new(finding, "property", json_string(problem->path));
    return finding;
}

json_t *problems_to_json(const struct problems *problems)
{
    json_t *findings = json_array();
    for (size_t i = 0; i < problems->count; i++)
        json_array_append_new(findings, problem_to_json(&problems->items[i]));
    return findings;
}

void report_add_problems(struct report *report, const struct problems *problems)
{
    struct stage_report *input = &report->stages[STAGE_INPUT];
    json_t *findings = problems_to_json(problems);
    if (problems->count && !input->findings)
        input->findings = json_array();
    json_array_extend(input->findings, findings);
    json_decref(findings);
}

void report_add_finding(struct report *report, const char *severity, const char *rule,
                        const char *message)
{
    if (!report->findings)
        report->findings = json_array();
    json_array_append_new(report->findings, json_pack("{s:s, s:s, s:s}", "severity", severity,
                                                      "rule", rule, "message", message));
}

void report_refuse(struct report *report, const struct problems *problems, const char *root)
{
    struct error err = ERROR_INIT;
    char *joined = problems_join(problems, root);
    error_set(&err, REASON_INVALID_INPUT, "see the problems");
    for (size_t i = 0; i < problems->count && !err.property[0]; i++)
        if (!problems->items[i].note)
            error_property(&err, problems->items[i].path);
    report_add_problems(report, problems);
    if (problems->refused == 1)
        error_brief(&err, "%s", joined);
    else
        error_brief(&err, "%zu problems", problems->refused);
    report_fail(report, STAGE_INPUT, &err);
    free(report->reason);
    report->reason = joined;
    report_finish(report);
}

void report_skip(struct report *report, const char *why)
{
    report->decided = true;
    report->status = REPORT_SKIPPED;
    report->stage = report->entered ? report->current : STAGE_INPUT;
    report->code = REASON_NONE;
    free(report->reason);
    report->reason = clean(why);
    report_finish(report);
}

void report_finish(struct report *report)
{
    report->duration_ms = (double)(clock_now_us() - report->started_us) / 1000;
}

void summary_add(struct summary *summary, const struct report *report)
{
    if (report->status == REPORT_OK)
        summary->ok++;
    else if (report->status == REPORT_ERROR)
        summary->error++;
    else if (report->status == REPORT_SKIPPED)
        summary->skipped++;
    else {
        summary->failed++;
        if (report->stage == STAGE_INPUT)
            summary->at_input++;
    }
}

int summary_exit_code(const struct summary *summary)
{
    if (summary->error)
        return 3;
    if (summary->failed > summary->at_input)
        return 1;
    return summary->at_input ? 2 : 0;
}
