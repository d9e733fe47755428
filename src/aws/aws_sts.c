/* SPDX-License-Identifier: Apache-2.0 */
/* aws_sts.c - roles assumed, and the temporary credentials that come of it. */
#include <stdlib.h>
#include <string.h>

#include "aws_chain.h"
#include "aws_internal.h"
#include "sigv4.h"
#include "text.h"

#define SESSION_NAME "testconn"

static const struct aws_reasons reasons = {
    .denied = REASON_SECRET_DENIED, .missing = REASON_SECRET_DENIED, .other = REASON_SECRET_DENIED};

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

char *aws_query(const char *const *pairs)
{
    struct text_buffer query = TEXT_BUFFER_INIT;
    for (; *pairs; pairs += 2) {
        char *encoded = pairs[1] ? sigv4_encode(pairs[1], false) : NULL;
        if (encoded)
            text_append_format(&query, "&%s=%s", pairs[0], encoded);
        text_wipe_free(encoded);
    }
    return text_take(&query);
}

bool aws_take_credentials(struct aws *aws, const struct aws_answer *answer, const char *from)
{
    static const char *const names[] = {"AccessKeyId", "SecretAccessKey", "SessionToken",
                                        "Expiration"};
    enum { COUNT = sizeof names / sizeof *names };
    char *values[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        values[i] = aws_xml_text(answer->http.body, answer->http.body_length, names[i]);
    json_t *identity = NULL;
    if (values[0] && values[1] && values[2])
        identity = json_pack("{s:s, s:s, s:s, s:s}", "access_key", values[0], "secret_key",
                             values[1], "session_token", values[2], "from", from);
    if (identity && values[3] && aws_time(values[3]) > 0)
        json_object_set_new(identity, "expires", json_integer(aws_time(values[3])));
    for (size_t i = 0; i < COUNT; i++)
        text_wipe_free(values[i]);
    if (!identity)
        return false;
    aws_set_identity(aws, identity);
    json_decref(identity);
    return true;
}

static char *format_query(const json_t *role)
{
    const char *session = text_of(role, "session_name");
    const json_t *duration = json_object_get(role, "duration_s");
    char *seconds = json_is_integer(duration)
                        ? text_format("%lld", (long long)json_integer_value(duration))
                        : NULL;
    const char *pairs[] = {"RoleArn",
                           text_of(role, "role_arn"),
                           "RoleSessionName",
                           session ? session : SESSION_NAME,
                           "ExternalId",
                           text_of(role, "external_id"),
                           "DurationSeconds",
                           seconds,
                           NULL};
    char *query = aws_query(pairs);
    free(seconds);
    return query;
}

bool aws_assume_role(struct aws *aws, const json_t *role, const char *property, struct error *err)
{
    struct aws_answer answer = AWS_ANSWER_INIT;
    const char *arn = text_of(role, "role_arn");
    if (!arn)
        return error_set(err, REASON_INTERNAL, "a role without its ARN");
    char *query = format_query(role);
    char *what = text_format("the role %s", arn);
    struct aws_call call = {.service = AWS_STS,
                            .operation = "AssumeRole",
                            .body = query,
                            .what = what,
                            .property = property};
    bool assumed = aws_send(aws, &call, &answer, err);
    if (assumed && !answer.ok)
        assumed = aws_explain(aws, &call, &answer, &reasons, err);
    else if (assumed && !aws_take_credentials(aws, &answer, what))
        assumed = error_set(err, REASON_WRONG_PROTOCOL,
                            "%s: what answers at %s is not STS: HTTP status %d without credentials",
                            what, answer.where, answer.http.status);
    aws_answer_release(&answer);
    free(what);
    free(query);
    return assumed;
}

static void wipe_strings(json_t *value)
{
    const char *key;
    size_t index;
    json_t *child;
    union {
        const char *text;
        char *writable;
    } text = {json_string_value(value)};
    if (text.text)
        text_wipe(text.writable, json_string_length(value));
    json_object_foreach(value, key, child) wipe_strings(child);
    json_array_foreach(value, index, child) wipe_strings(child);
}

void aws_json_free(json_t *document)
{
    wipe_strings(document);
    json_decref(document);
}
