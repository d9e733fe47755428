/* SPDX-License-Identifier: Apache-2.0 */
/* report_read.c - a worker's lines taken in, and not trusted. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "report_line.h"
#include "text.h"

enum { KEY_MAXIMUM = 64, FINDINGS_MAXIMUM = 500, ATTEMPTS_MAXIMUM = 256 };

static bool find_stage(const json_t *value, enum stage *found)
{
    const char *name = json_string_value(value);
    for (int stage = 0; name && stage < STAGE_COUNT; stage++)
        if (strcmp(stage_name((enum stage)stage), name) == 0) {
            *found = (enum stage)stage;
            return true;
        }
    return false;
}

/* Every string of VALUE made one line, in place; false when it is deeper than anything we send. */
static bool clean_value(json_t *value, int depth)
{
    const char *key;
    size_t index;
    json_t *child;
    if (depth > 8)
        return false;
    if (json_is_string(value)) {
        size_t size = 4 * json_string_length(value) + 1;
        char *line = xmalloc(size);
        text_one_line(line, size, json_string_value(value), json_string_length(value));
        json_string_set(value, line);
        free(line);
    }
    json_object_foreach(value, key, child) if (!clean_value(child, depth + 1)) return false;
    json_array_foreach(value, index, child) if (!clean_value(child, depth + 1)) return false;
    return true;
}

static bool read_plan(struct report *report, const json_t *list)
{
    size_t index;
    json_t *name;
    enum stage stage;
    json_array_foreach((json_t *)(uintptr_t)list, index, name)
    {
        if (!find_stage(name, &stage))
            return false;
        report->planned |= 1U << stage;
    }
    return json_is_array(list);
}

static void leave_stage(struct report *report, int64_t at_us, enum stage_status status)
{
    struct stage_report *stage = &report->stages[report->current];
    if (!report->entered)
        return;
    stage->status = status;
    stage->duration_ms = (double)(at_us - stage->began_us) / 1000;
}

static bool read_stage(struct report *report, const json_t *value, int64_t at_us)
{
    enum stage stage;
    if (!find_stage(value, &stage) || (report->entered && stage <= report->current))
        return false;
    leave_stage(report, at_us, STAGE_PASSED);
    report->entered = report->begun = true;
    report->current = stage;
    report->stages[stage].began_us = at_us;
    return true;
}

/* What may have to be shown again, if this attempt turns out to be the deciding one. */
static json_t *save_attempt(const struct report *report)
{
    json_t *stages = json_array();
    for (int i = 0; i < STAGE_COUNT; i++) {
        const struct stage_report *stage = &report->stages[i];
        json_array_append_new(stages,
                              json_pack("{s:i, s:f, s:O?, s:O?}", "status", (int)stage->status,
                                        "ms", stage->duration_ms, "facts", stage->facts, "findings",
                                        stage->findings));
    }
    return json_pack("{s:o, s:o?, s:O?, s:O?}", "stages", stages, "target",
                     report->target ? json_deep_copy(report->target) : NULL, "tls", report->tls,
                     "server", report->server);
}

static void restore_value(json_t **slot, const json_t *from, const char *key)
{
    json_t *value = json_object_get(from, key);
    json_decref(*slot);
    *slot = json_is_null(value) ? NULL : json_incref(value);
}

/* Findings of an attempt that is over stay known: they move to the report as a whole. */
static void keep_findings(struct report *report, struct stage_report *stage)
{
    if (!stage->findings)
        return;
    if (!report->findings)
        report->findings = json_array();
    json_array_extend(report->findings, stage->findings);
    json_decref(stage->findings);
    stage->findings = NULL;
}

static void drop_findings(json_t *findings, const json_t *dropped)
{
    for (size_t i = 0; i < json_array_size(dropped); i++)
        for (size_t k = json_array_size(findings); k-- > 0;)
            if (json_equal(json_array_get(findings, k), json_array_get(dropped, i)))
                json_array_remove(findings, k);
}

/* What the attempts after it found stays known; its own findings stand at their stages again. */
static void restore_findings(struct report *report, struct stage_report *stage, const json_t *from)
{
    keep_findings(report, stage);
    restore_value(&stage->findings, from, "findings");
    drop_findings(report->findings, stage->findings);
}

static void restore_attempt(struct report *report, const json_t *saved)
{
    const json_t *stages = json_object_get(saved, "stages");
    for (int i = 0; i < STAGE_COUNT; i++) {
        const json_t *from = json_array_get(stages, (size_t)i);
        struct stage_report *stage = &report->stages[i];
        stage->status = (enum stage_status)json_integer_value(json_object_get(from, "status"));
        stage->duration_ms = json_real_value(json_object_get(from, "ms"));
        restore_value(&stage->facts, from, "facts");
        restore_findings(report, stage, from);
    }
    restore_value(&report->target, saved, "target");
    restore_value(&report->tls, saved, "tls");
    restore_value(&report->server, saved, "server");
}

static bool read_attempt(struct report *report, const json_t *value, int64_t at_us)
{
    enum stage first;
    if (!find_stage(value, &first) || first < STAGE_DNS ||
        json_array_size(report->attempts_saved) >= ATTEMPTS_MAXIMUM)
        return false;
    leave_stage(report, at_us, STAGE_FAILED);
    json_array_append_new(report->attempts_saved, save_attempt(report));
    for (int i = (int)first; i < STAGE_COUNT; i++) {
        keep_findings(report, &report->stages[i]);
        json_decref(report->stages[i].facts);
        report->stages[i] = (struct stage_report){.status = STAGE_NOT_REACHED};
    }
    json_decref(report->tls);
    report->tls = NULL;
    report->entered = false;
    report->current = first;
    return true;
}

/* The stage that a fact or finding belongs to. */
static struct stage_report *stage_of(struct report *report, const json_t *line)
{
    enum stage stage = report->current;
    const json_t *named = json_object_get(line, "stage");
    if (named && !find_stage(named, &stage))
        return NULL;
    return &report->stages[stage];
}

static bool read_fact(struct report *report, const json_t *line)
{
    const char *key = json_string_value(json_object_get(line, "fact"));
    json_t *value = json_object_get(line, "value");
    struct stage_report *stage = stage_of(report, line);
    if (!key || !value || !stage || strlen(key) > KEY_MAXIMUM ||
        key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_")])
        return false;
    if (!stage->facts)
        stage->facts = json_object();
    return json_object_set(stage->facts, key, value) == 0;
}

static bool is_severity(const char *word)
{
    return word && (!strcmp(word, "note") || !strcmp(word, "warning") || !strcmp(word, "error"));
}

/* A client library that tries once more by itself brings the same finding again. */
static bool has_finding(const json_t *findings, const json_t *finding)
{
    for (size_t i = 0; i < json_array_size(findings); i++)
        if (json_equal(json_array_get(findings, i), finding))
            return true;
    return false;
}

static bool read_finding(struct report *report, const json_t *line)
{
    json_t *finding = json_object_get(line, "finding");
    struct stage_report *stage = stage_of(report, line);
    if (!stage || !is_severity(json_string_value(json_object_get(finding, "severity"))) ||
        !json_is_string(json_object_get(finding, "rule")) ||
        !json_is_string(json_object_get(finding, "message")))
        return false;
    if (!stage->findings)
        stage->findings = json_array();
    if (json_array_size(stage->findings) < FINDINGS_MAXIMUM &&
        !has_finding(stage->findings, finding))
        json_array_append(stage->findings, finding);
    return true;
}

static bool replace_object(json_t **slot, json_t *value)
{
    if (!json_is_object(value))
        return false;
    json_decref(*slot);
    *slot = json_incref(value);
    return true;
}

static bool merge_target(struct report *report, json_t *value)
{
    if (!json_is_object(value))
        return false;
    if (!report->target)
        report->target = json_object();
    return json_object_update(report->target, value) == 0;
}

static void copy_text(char *out, size_t size, const json_t *value)
{
    const char *text = json_string_value(value);
    text_one_line(out, size, text ? text : "", text ? strlen(text) : 0);
}

/* Pairs of texts; NULL when they are none. */
static json_t *read_details(json_t *value)
{
    size_t index;
    json_t *pair;
    json_array_foreach(value, index,
                       pair) if (json_array_size(pair) != 2 ||
                                 !json_is_string(json_array_get(pair, 0)) ||
                                 !json_is_string(json_array_get(pair, 1))) return NULL;
    return json_array_size(value) ? json_incref(value) : NULL;
}

static bool read_failure(struct report *report, const json_t *line, int64_t at_us)
{
    struct error err = ERROR_INIT;
    enum stage stage;
    const char *code = json_string_value(json_object_get(line, "code"));
    const json_t *attempt = json_object_get(line, "attempt");
    err.reason = code ? reason_find(code) : REASON_NONE;
    if (err.reason == REASON_NONE || !find_stage(json_object_get(line, "stage"), &stage) ||
        !json_is_string(json_object_get(line, "reason")))
        return false;
    copy_text(err.message, sizeof err.message, json_object_get(line, "reason"));
    copy_text(err.remedy, sizeof err.remedy, json_object_get(line, "remedy"));
    copy_text(err.property, sizeof err.property, json_object_get(line, "property"));
    copy_text(err.brief, sizeof err.brief, json_object_get(line, "brief"));
    leave_stage(report, at_us, report->current == stage ? STAGE_FAILED : STAGE_PASSED);
    json_t *saved =
        attempt ? json_array_get(report->attempts_saved, (size_t)json_integer_value(attempt))
                : NULL;
    double duration_ms = 0;
    if (saved)
        restore_attempt(report, saved);
    duration_ms = report->stages[stage].duration_ms;
    report->entered = true;
    report->current = stage;
    report_fail(report, stage, &err);
    report->details = read_details(json_object_get(line, "details"));
    report->stages[stage].duration_ms = duration_ms;
    return true;
}

static bool read_verdict(struct report *report, const json_t *line, int64_t at_us)
{
    if (json_is_false(json_object_get(line, "ok")))
        return read_failure(report, line, at_us);
    leave_stage(report, at_us, STAGE_PASSED);
    report->decided = true;
    report->status = REPORT_OK;
    return true;
}

static bool read_object(struct report *report, json_t *line, int64_t at_us)
{
    if (json_object_get(line, "ok"))
        return read_verdict(report, line, at_us);
    if (json_object_get(line, "attempt"))
        return read_attempt(report, json_object_get(line, "attempt"), at_us);
    if (json_object_get(line, "plan"))
        return read_plan(report, json_object_get(line, "plan"));
    if (json_object_get(line, "fact"))
        return read_fact(report, line);
    if (json_object_get(line, "finding"))
        return read_finding(report, line);
    if (json_object_get(line, "target"))
        return merge_target(report, json_object_get(line, "target"));
    if (json_object_get(line, "tls"))
        return replace_object(&report->tls, json_object_get(line, "tls"));
    if (json_object_get(line, "server"))
        return replace_object(&report->server, json_object_get(line, "server"));
    if (json_is_string(json_object_get(line, "driver"))) {
        free(report->driver);
        report->driver = xstrdup(json_string_value(json_object_get(line, "driver")));
        return true;
    }
    return json_object_get(line, "stage") &&
           read_stage(report, json_object_get(line, "stage"), at_us);
}

bool report_read_line(struct report *report, const char *line, size_t length)
{
    json_error_t ignored;
    if (report->decided || length > REPORT_LINE_MAXIMUM)
        return false;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &ignored);
    const json_t *at = json_object_get(object, "at");
    bool read = json_is_integer(at) && json_integer_value(at) >= 0 && clean_value(object, 0) &&
                read_object(report, object, json_integer_value(at));
    json_decref(object);
    return read;
}
