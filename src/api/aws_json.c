/* SPDX-License-Identifier: Apache-2.0 */
/* aws_json.c - what every client of AWS reads: __type in the body, the same in a header. */
#include "aws_json.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
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

json_t *aws_json_text(const char *words)
{
    json_t *text = json_string(words);
    if (text)
        return text;
    size_t size = 4 * strlen(words) + 1;
    char *shown = xmalloc(size);
    text_one_line(shown, size, words, strlen(words));
    text = json_string(shown);
    free(shown);
    return text;
}

void aws_json_refuse_with(struct http_exchange *exchange, const char *name, json_t *members,
                          const char *message)
{
    json_t *body = json_pack("{s:s, s:o}", "__type", name, "Message", aws_json_text(message));
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
    json_t *body = json_pack("{s:s, s:o}", "__type", name, "Message", aws_json_text(words));
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

/* What jansson says itself may quote the body, and with it a secret. */
static const char *explain(const json_error_t *problem)
{
    static const struct {
        enum json_error_code code;
        const char *words;
    } faults[] = {{json_error_duplicate_key, "a member stands twice in one object"},
                  {json_error_stack_overflow, "it is nested too deeply"},
                  {json_error_invalid_utf8, "it is not UTF-8"},
                  {json_error_premature_end_of_input, "it ends too early"},
                  {json_error_end_of_input_expected, "something stands behind its end"},
                  {json_error_numeric_overflow, "a number is too large"},
                  {json_error_null_byte_in_key, "the name of a member holds NUL"}};
    enum json_error_code code = json_error_code(problem);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (faults[i].code == code)
            return faults[i].words;
    return "this is not what JSON has here";
}

static json_t *parse(const struct text_buffer *body, json_error_t *problem)
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
    const char *bytes = body->data ? body->data : "";
    json_t *value = json_loadb(bytes, body->length, flags, problem);
    /* An integer beyond 64 bits is still a number, and its range is judged where it stands. */
    if (!value && json_error_code(problem) == json_error_numeric_overflow)
        value = json_loadb(bytes, body->length, flags | JSON_DECODE_INT_AS_REAL, problem);
    return value;
}

/* Whether a text of BODY holds NUL, which no value may: refused then. */
static bool refuse_nul(struct http_exchange *exchange, const json_t *body)
{
    struct problems problems = PROBLEMS_INIT;
    check_nul(body, "", &problems);
    bool refused = aws_json_refuse_problems(exchange, &problems, "");
    problems_release(&problems);
    return refused;
}

json_t *aws_json_read(struct http_exchange *exchange)
{
    json_error_t problem;
    const char *coding = http_head_find(&exchange->head, "Content-Encoding");
    if (exchange->body.length == 0)
        return json_object();
    if (coding && !text_equal_nocase(coding, "identity")) {
        aws_json_refuse(exchange, "SerializationException",
                        "the body is encoded (Content-Encoding: %.40s): it is read as it is only",
                        coding);
        return NULL;
    }
    json_t *body = parse(&exchange->body, &problem);
    if (json_is_object(body) && !refuse_nul(exchange, body)) {
        drop_nulls(body);
        return body;
    }
    if (!body)
        aws_json_refuse(exchange, "SerializationException",
                        "the body is not valid JSON: line %d, column %d: %s", problem.line,
                        problem.column, explain(&problem));
    else if (!json_is_object(body))
        aws_json_refuse(exchange, "SerializationException", "the body is no JSON object");
    json_decref(body);
    return NULL;
}
