/* SPDX-License-Identifier: Apache-2.0 */
/* report_json.c - the JSON report (share/schema/report.schema.json is its law). */
#include <stdio.h>
#include <time.h>

#include "report.h"

static const char *const statuses[] = {[REPORT_OK] = "ok",
                                       [REPORT_FAILED] = "failed",
                                       [REPORT_ERROR] = "error",
                                       [REPORT_SKIPPED] = "skipped"};

static const char *const stage_statuses[] = {
    [STAGE_NOT_REACHED] = "not reached", [STAGE_PASSED] = "passed", [STAGE_FAILED] = "failed"};

/* Milliseconds with three decimals. */
static json_t *milliseconds(double value)
{
    return json_real((double)(long long)(value * 1000 + 0.5) / 1000);
}

static json_t *started_at(int64_t at_us)
{
    char text[40];
    char whole[24];
    time_t seconds = at_us / 1000000;
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text, sizeof text, "%s.%03dZ", whole, (int)(at_us / 1000 % 1000));
    return json_string(text);
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, json_string(text));
}

static json_t *stage_to_json(enum stage stage, const struct stage_report *report)
{
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(stage_name(stage)));
    json_object_set_new(object, "status", json_string(stage_statuses[report->status]));
    if (report->status != STAGE_NOT_REACHED)
        json_object_set_new(object, "duration_ms", milliseconds(report->duration_ms));
    json_object_set_new(object, "facts",
                        report->facts ? json_incref(report->facts) : json_object());
    json_object_set_new(object, "findings",
                        report->findings ? json_incref(report->findings) : json_array());
    return object;
}

bool report_stage_shown(const struct report *report, enum stage stage)
{
    const struct stage_report *one = &report->stages[stage];
    if (one->status != STAGE_NOT_REACHED || one->findings || one->facts)
        return true;
    if (report->status == REPORT_SKIPPED && (!report->entered || stage == report->stage))
        return report->entered;
    /* After a failure: what was still to come. Before a plan is known, what every test has. */
    const unsigned usual =
        1U << STAGE_DNS | 1U << STAGE_TCP | 1U << STAGE_LOGIN | 1U << STAGE_QUERY;
    unsigned planned = report->planned ? report->planned : usual;
    return report->status != REPORT_OK && stage > report->stage && planned >> stage & 1U;
}

/* Findings of the whole: those of the stages, in their order, and the rest. */
static json_t *all_findings(const struct report *report)
{
    json_t *all = json_array();
    if (report->findings)
        json_array_extend(all, report->findings);
    for (int stage = 0; stage < STAGE_COUNT; stage++)
        if (report->stages[stage].findings)
            json_array_extend(all, report->stages[stage].findings);
    return all;
}

json_t *report_to_json(const struct report *report)
{
    json_t *test = json_object();
    json_t *stages = json_array();
    set_text(test, "name", report->name);
    set_text(test, "connection_type", report->connection_type);
    set_text(test, "request_id", report->request_id);
    set_text(test, "driver", report->driver);
    if (report->target)
        json_object_set(test, "target", report->target);
    set_text(test, "status", statuses[report->status]);
    if (report->status == REPORT_SKIPPED) {
        set_text(test, "stage", report->entered ? stage_name(report->stage) : NULL);
        set_text(test, "reason", report->reason);
    } else if (report->status != REPORT_OK) {
        set_text(test, "stage", stage_name(report->stage));
        set_text(test, "code", reason_name(report->code));
        set_text(test, "reason", report->reason);
        set_text(test, "remedy", report->remedy);
        set_text(test, "property", report->property);
        json_object_set_new(test, "retryable", json_boolean(reason_info(report->code)->transient));
        set_text(test, "exception", reason_info(report->code)->exception);
    }
    json_object_set_new(test, "attempts", json_integer(report->attempts));
    json_object_set_new(test, "started_at", started_at(report->started_at_us));
    json_object_set_new(test, "duration_ms", milliseconds(report->duration_ms));
    for (int stage = 0; stage < STAGE_COUNT; stage++)
        if (report_stage_shown(report, (enum stage)stage))
            json_array_append_new(stages, stage_to_json((enum stage)stage, &report->stages[stage]));
    json_object_set_new(test, "stages", stages);
    if (report->tls)
        json_object_set(test, "tls", report->tls);
    if (report->server)
        json_object_set(test, "server", report->server);
    json_object_set_new(test, "findings", all_findings(report));
    return test;
}

json_t *summary_to_json(const struct summary *summary)
{
    json_t *object =
        json_pack("{s:i, s:i, s:i, s:i}", "ok", (int)summary->ok, "failed", (int)summary->failed,
                  "error", (int)summary->error, "skipped", (int)summary->skipped);
    json_object_set_new(object, "duration_ms", milliseconds(summary->duration_ms));
    return object;
}
