/* SPDX-License-Identifier: Apache-2.0 */
/* aws_glue.c - AWS Glue asked for its connections, for a catalog that lies there. */
#include <stdlib.h>

#include "aws_module.h"
#include "text.h"

enum { ANSWER_MAXIMUM = 2 << 20 }; /* bytes of one page */

static const struct aws_reasons reasons = {
    .denied = REASON_SECRET_DENIED, .missing = REASON_SECRET_MISSING, .other = REASON_QUERY_FAILED};

static const char *text_of(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value && *value ? value : NULL;
}

/* ACCESS with the endpoint that REQUEST names, as text. */
static char *make_access(const char *access, const json_t *request)
{
    json_t *document = json_loads(access, 0, NULL);
    json_t *settings = json_object_get(document, "settings");
    json_t *endpoint = json_object_get(request, "endpoint");
    if (endpoint)
        json_object_set_new(settings, "endpoints", json_pack("{s:O}", "glue", endpoint));
    char *text = json_dumps(document, JSON_COMPACT);
    aws_json_free(document);
    return text;
}

char *aws_ask_glue(struct probe *probe, const char *access, const char *text, struct error *err)
{
    json_t *request = json_loads(text, 0, NULL);
    char *own = make_access(access, request);
    struct aws *aws = aws_new(probe, own, err);
    char *body = json_dumps(json_object_get(request, "body"), JSON_COMPACT);
    struct aws_call call = {.service = AWS_GLUE,
                            .region = text_of(request, "region"),
                            .operation = text_of(request, "operation"),
                            .body = body,
                            .body_limit = ANSWER_MAXIMUM,
                            .what = text_of(request, "what")};
    json_t *document = aws && body ? aws_call_json(aws, &call, &reasons, err) : NULL;
    char *answer = document ? json_dumps(document, JSON_COMPACT) : NULL;
    aws_json_free(document);
    json_decref(request);
    text_wipe_free(own);
    free(body);
    aws_free(aws);
    return answer;
}
