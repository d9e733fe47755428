/* SPDX-License-Identifier: Apache-2.0 */
/* aws_json.c - what every client of AWS reads: __type in the body, the same in a header. */
#include "aws_json.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* Exceptions whose status is not 400. */
static const struct {
    const char *name;
    int status;
} statuses[] = {{"InternalServiceException", 500},
                {"UnknownOperationException", 404},
                {"MissingAuthenticationTokenException", 403},
                {"IncompleteSignatureException", 403},
                {"InvalidSignatureException", 403},
                {"UnrecognizedClientException", 403},
                {"RequestEntityTooLargeException", 413},
                {"ServiceUnavailableException", 503}};

int aws_json_status(const char *name)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (strcmp(statuses[i].name, name) == 0)
            return statuses[i].status;
    return 400;
}

static void answer(struct http_exchange *exchange, int status, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(16));
    json_decref(body);
    http_answer(exchange, status, AWS_JSON_TYPE, text, strlen(text));
    text_wipe_free(text);
}

void aws_json_answer(struct http_exchange *exchange, json_t *body)
{
    if (!exchange->outcome)
        exchange->outcome = "ok";
    answer(exchange, 200, body);
}

void aws_json_refuse_with(struct http_exchange *exchange, const char *name, json_t *members,
                          const char *message)
{
    json_t *body = json_pack("{s:s, s:s}", "__type", name, "Message", message);
    if (members)
        json_object_update(body, members);
    json_decref(members);
    exchange->outcome = name;
    http_answer_header(exchange, "x-amzn-ErrorType", name);
    answer(exchange, exchange->forbidden ? 403 : aws_json_status(name), body);
}

void aws_json_refuse(struct http_exchange *exchange, const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *message = text_vformat(format, arguments);
    va_end(arguments);
    aws_json_refuse_with(exchange, name, NULL, message);
    free(message);
}

bool aws_json_refuse_problems(struct http_exchange *exchange, const struct problems *problems,
                              const char *root)
{
    if (problems->refused == 0)
        return false;
    char *joined = problems_join(problems, root);
    aws_json_refuse(exchange, "InvalidInputException", "%s", joined);
    free(joined);
    return true;
}

char *aws_json_exception(const char *name, const char *words)
{
    json_t *body = json_pack("{s:s, s:s}", "__type", name, "Message", words);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

/* A member that is null is as good as none. */
static void drop_nulls(json_t *value)
{
    const char *key;
    json_t *member;
    void *next;
    size_t index;
    json_object_foreach_safe(value, next, key, member)
    {
        if (json_is_null(member))
            json_object_del(value, key);
        else
            drop_nulls(member);
    }
    json_array_foreach(value, index, member)
    {
        drop_nulls(member);
    }
}

json_t *aws_json_read(struct http_exchange *exchange)
{
    json_error_t problem;
    const char *bytes = exchange->body.data ? exchange->body.data : "";
    if (exchange->body.length == 0)
        return json_object();
    json_t *body = json_loadb(bytes, exchange->body.length,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    if (json_is_object(body)) {
        drop_nulls(body);
        return body;
    }
    if (body)
        aws_json_refuse(exchange, "SerializationException", "the body is no JSON object");
    else /* what jansson says may quote the body, and with it a secret */
        aws_json_refuse(exchange, "SerializationException",
                        "the body is not valid JSON: line %d, column %d", problem.line,
                        problem.column);
    json_decref(body);
    return NULL;
}
