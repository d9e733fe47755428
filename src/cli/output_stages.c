/* SPDX-License-Identifier: Apache-2.0 */
/* output_stages.c - how far a test came, and what was learned where. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "output.h"
#include "text.h"

enum { FACTS_COLUMN = 32, ITEMS_MAXIMUM = 12 };

static const char *fact_text(const struct stage_report *stage, const char *key)
{
    return json_string_value(json_object_get(stage->facts, key));
}

static void append_words(struct text_buffer *line, const char *key)
{
    for (; *key; key++)
        text_append_bytes(line, *key == '_' ? " " : key, 1);
}

static void append_value(struct text_buffer *line, const json_t *value);

/* "id 1, host a, reached": one of several things of a kind. */
static void append_object(struct text_buffer *line, const json_t *object)
{
    const char *key;
    json_t *value;
    bool first = true;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        text_append(line, first ? "" : ", ");
        append_words(line, key);
        if (!json_is_true(value)) {
            text_append(line, " ");
            append_value(line, value);
        }
        first = false;
    }
}

/* Texts side by side, objects on a line each. */
static void append_list(struct text_buffer *line, const json_t *list)
{
    size_t count = json_array_size(list);
    for (size_t i = 0; i < count && i < ITEMS_MAXIMUM; i++) {
        const json_t *item = json_array_get(list, i);
        if (json_is_object(item))
            text_append(line, "\n");
        else if (i)
            text_append(line, ", ");
        append_value(line, item);
    }
    if (count > ITEMS_MAXIMUM)
        text_append_format(line, " and %zu more", count - ITEMS_MAXIMUM);
}

static void append_value(struct text_buffer *line, const json_t *value)
{
    if (json_is_string(value))
        text_append(line, json_string_value(value));
    else if (json_is_integer(value))
        text_append_format(line, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        text_append_format(line, "%.3g", json_real_value(value));
    else if (json_is_boolean(value))
        text_append(line, json_is_true(value) ? "yes" : "no");
    else if (json_is_array(value))
        append_list(line, value);
    else if (json_is_object(value))
        append_object(line, value);
    else
        text_append(line, "none");
}

static void append_round_trip(const struct stage_report *stage, struct text_buffer *line)
{
    const json_t *round_trip = json_object_get(stage->facts, "round_trip_ms");
    char time[32];
    if (!round_trip)
        return;
    text_duration(time, sizeof time, json_number_value(round_trip));
    text_append_format(line, ", round trip %s", time);
}

static bool is_told(const char *key, const char *const *keys)
{
    while (*keys && strcmp(*keys, key) != 0)
        keys++;
    return *keys;
}

/* The facts of STAGE but those of KEYS; those that fit side by side, lists of objects below. */
static void append_rest(const struct stage_report *stage, const char *const *keys,
                        struct text_buffer *line)
{
    const char *key;
    json_t *value;
    json_object_foreach(stage->facts, key, value)
    {
        if (is_told(key, keys))
            continue;
        if (line->length)
            text_append(line, ", ");
        append_words(line, key);
        if (json_is_true(value))
            continue;
        text_append(line, json_is_object(json_array_get(value, 0)) ? ":" : " ");
        append_value(line, value);
    }
}

static void append_tcp(const struct stage_report *stage, struct text_buffer *line)
{
    static const char *const told[] = {
        "address",   "port",        "round_trip_ms", "failed_address", "path",
        "addresses", "speaks",      "says",          "version",        "software",
        "silent",    "listened_ms", "closes",        "first_bytes",    NULL};
    const json_t *path = json_object_get(stage->facts, "path");
    if (fact_text(stage, "address"))
        text_append_format(line, "%s port %lld", fact_text(stage, "address"),
                           (long long)json_integer_value(json_object_get(stage->facts, "port")));
    else if (fact_text(stage, "failed_address"))
        text_append(line, fact_text(stage, "failed_address"));
    append_round_trip(stage, line);
    output_service(stage, line);
    append_rest(stage, told, line);
    output_addresses(stage, line);
    if (path) {
        text_append(line, "\npath: ");
        append_value(line, path);
    }
}

static void append_days(const json_t *days, const json_t *leaf, struct text_buffer *line)
{
    long long left = json_integer_value(days);
    if (!days)
        return;
    if (left < 0)
        text_append_format(line, ", expired on %.10s",
                           json_string_value(json_object_get(leaf, "not_after")));
    else if (left == 0)
        text_append(line, ", expires today");
    else
        text_append_format(line, ", expires in %lld day%s", left, left == 1 ? "" : "s");
}

static void append_tls(const struct report *report, struct text_buffer *line)
{
    static const char *const told[] = {"days_to_expiry", "version", "cipher", NULL};
    const struct stage_report *stage = &report->stages[STAGE_TLS];
    const json_t *leaf = json_array_get(json_object_get(report->tls, "chain"), 0);
    const char *version = json_string_value(json_object_get(report->tls, "version"));
    const char *cipher = json_string_value(json_object_get(report->tls, "cipher"));
    if (version)
        text_append_format(line, "%s%s%s", version, cipher ? ", " : "", cipher ? cipher : "");
    append_rest(stage, told, line);
    if (!leaf)
        return;
    text_append_format(line, "%s%s, %s", line->length ? "\n" : "",
                       json_string_value(json_object_get(leaf, "subject")),
                       json_string_value(json_object_get(leaf, "key")));
    append_days(json_object_get(stage->facts, "days_to_expiry"), leaf, line);
    text_append_format(line, "\nissued by %s", json_string_value(json_object_get(leaf, "issuer")));
}

static void append_certificates(const struct stage_report *stage, struct text_buffer *line)
{
    static const char *const told[] = {"certificates", NULL};
    const json_t *count = json_object_get(stage->facts, "certificates");
    if (count)
        text_append_format(line, "%lld CA certificate%s", (long long)json_integer_value(count),
                           json_integer_value(count) == 1 ? "" : "s");
    append_rest(stage, told, line);
}

char *output_stage_facts(const struct report *report, enum stage stage)
{
    static const char *const addresses[] = {"addresses", NULL};
    static const char *const password[] = {"password_from", NULL};
    struct text_buffer line = TEXT_BUFFER_INIT;
    const struct stage_report *one = &report->stages[stage];
    if (stage == STAGE_TCP) {
        append_tcp(one, &line);
    } else if (stage == STAGE_TLS) {
        append_tls(report, &line);
    } else if (stage == STAGE_CERTIFICATE) {
        append_certificates(one, &line);
    } else if (stage == STAGE_DNS) {
        append_list(&line, json_object_get(one->facts, "addresses"));
        append_rest(one, addresses, &line);
    } else {
        if (fact_text(one, "password_from"))
            text_append_format(&line, "password from %s", fact_text(one, "password_from"));
        append_rest(one, password, &line);
    }
    return text_take(&line);
}

static void print_facts(FILE *out, char *facts, const struct text_style *style)
{
    bool first = true;
    for (char *line; (line = strsep(&facts, "\n"));) {
        if (!*line)
            continue;
        fprintf(out, first ? "   " : "%*s", first ? 0 : FACTS_COLUMN, "");
        columns_wrap(out, line, FACTS_COLUMN, style->width, style->terminal > 0);
        first = false;
    }
    if (first)
        fputc('\n', out);
}

static void print_stage(FILE *out, const struct report *report, enum stage stage,
                        const struct text_style *style)
{
    const struct stage_report *one = &report->stages[stage];
    char time[32];
    fprintf(out, "  %-11s  ", stage_name(stage));
    if (one->status == STAGE_NOT_REACHED) {
        bool interrupted = report->status == REPORT_SKIPPED && stage == report->stage;
        style_put(out, style, COLOR_FAINT, interrupted ? "interrupted" : "not reached");
        fputc('\n', out);
        return;
    }
    bool failed = one->status == STAGE_FAILED;
    char *facts = output_stage_facts(report, stage);
    text_duration(time, sizeof time, one->duration_ms);
    style_put(out, style, failed ? COLOR_BAD : COLOR_GOOD, failed ? "FAILED" : "ok");
    fprintf(out, "%*s%*s", failed ? 0 : 4, "", 8, time);
    print_facts(out, facts, style);
    free(facts);
}

void output_stages(FILE *out, const struct report *report, const struct text_style *style)
{
    for (int stage = 0; stage < STAGE_COUNT; stage++)
        if (report_stage_shown(report, (enum stage)stage))
            print_stage(out, report, (enum stage)stage, style);
}
