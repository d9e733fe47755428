/* SPDX-License-Identifier: Apache-2.0 */
/* output_reach.c - plain reachability for a person: who answers, on which addresses, and what it
 * is. */
#include <string.h>

#include "output.h"
#include "text.h"

static const char *fact(const struct stage_report *stage, const char *key)
{
    return json_string_value(json_object_get(stage->facts, key));
}

static void append_ms(struct text_buffer *line, const char *lead, const json_t *milliseconds)
{
    char time[32];
    text_duration(time, sizeof time, json_number_value(milliseconds));
    text_append_format(line, "%s%s", lead, time);
}

/* ", speaks TLS (TLSv1.3, CN=localhost, expires in 81 days)" */
static void append_tls(const struct report *report, struct text_buffer *line)
{
    const json_t *leaf = json_array_get(json_object_get(report->tls, "chain"), 0);
    const json_t *days = json_object_get(report->stages[STAGE_TLS].facts, "days_to_expiry");
    const char *speaks = fact(&report->stages[STAGE_TCP], "speaks");
    if (!leaf)
        return;
    if (speaks && strcmp(speaks, "TLS") != 0)
        text_append(line, " and TLS");
    text_append_format(line, " (%s, %s", json_string_value(json_object_get(report->tls, "version")),
                       json_string_value(json_object_get(leaf, "subject")));
    if (json_integer_value(days) >= 0)
        text_append_format(line, ", expires in %lld days)", (long long)json_integer_value(days));
    else
        text_append_format(line, ", expired on %.10s)",
                           json_string_value(json_object_get(leaf, "not_after")));
}

void output_service(const struct stage_report *tcp, struct text_buffer *line)
{
    const char *speaks = fact(tcp, "speaks");
    const char *detail = fact(tcp, "version");
    if (!detail)
        detail = fact(tcp, "software");
    if (!detail)
        detail = fact(tcp, "says");
    if (speaks)
        text_append_format(line, ", speaks %s", speaks);
    if (speaks && detail)
        text_append_format(line, strchr(speaks, '(') ? ", %s" : " (%s)", detail);
    if (json_is_true(json_object_get(tcp->facts, "silent")))
        append_ms(line, ", silent: nothing came within ",
                  json_object_get(tcp->facts, "listened_ms"));
    if (fact(tcp, "closes"))
        text_append_format(line, ", closes the connection %s", fact(tcp, "closes"));
    if (fact(tcp, "first_bytes"))
        text_append_format(line, ", answers in no protocol we know (first bytes %s)",
                           fact(tcp, "first_bytes"));
}

static size_t count_connected(const json_t *addresses)
{
    size_t connected = 0;
    for (size_t i = 0; i < json_array_size(addresses); i++)
        connected += json_object_get(json_array_get(addresses, i), "round_trip_ms") != NULL;
    return connected;
}

void output_reach(const struct report *report, struct text_buffer *line)
{
    const struct stage_report *tcp = &report->stages[STAGE_TCP];
    const json_t *addresses = json_object_get(tcp->facts, "addresses");
    if (fact(tcp, "address"))
        text_append_format(line, "%s port %lld", fact(tcp, "address"),
                           (long long)json_integer_value(json_object_get(tcp->facts, "port")));
    if (json_object_get(tcp->facts, "round_trip_ms"))
        append_ms(line, ", round trip ", json_object_get(tcp->facts, "round_trip_ms"));
    if (json_array_size(addresses) > 1)
        text_append_format(line, " (%zu of %zu addresses answer)", count_connected(addresses),
                           json_array_size(addresses));
    output_service(tcp, line);
    append_tls(report, line);
    if (json_object_get(tcp->facts, "path"))
        text_append_format(line, ", %zu hops away",
                           json_array_size(json_object_get(tcp->facts, "path")));
}

void output_addresses(const struct stage_report *tcp, struct text_buffer *line)
{
    const json_t *addresses = json_object_get(tcp->facts, "addresses");
    for (size_t i = 0; json_array_size(addresses) > 1 && i < json_array_size(addresses); i++) {
        const json_t *one = json_array_get(addresses, i);
        const json_t *round_trip = json_object_get(one, "round_trip_ms");
        text_append_format(line, "%s%s %s", line->length ? "\n" : "",
                           json_string_value(json_object_get(one, "address")),
                           json_string_value(json_object_get(one, "outcome")));
        if (round_trip)
            append_ms(line, ", round trip ", round_trip);
        else
            append_ms(line, " after ", json_object_get(one, "waited_ms"));
    }
}
