/* SPDX-License-Identifier: Apache-2.0 */
/* operations.c - the table, and what its functions share. */
#include "operations.h"

#include <string.h>

#include "aws_json.h"
#include "log.h"
#include "words.h"

static const struct operation operations[] = {
    {"CreateConnection", ACCESS_WRITE, true, operation_create},
    {"GetConnection", ACCESS_READ, true, operation_get},
    {"GetConnections", ACCESS_READ, true, operation_list},
    {"UpdateConnection", ACCESS_WRITE, true, operation_update},
    {"DeleteConnection", ACCESS_WRITE, true, operation_delete},
    {"BatchDeleteConnection", ACCESS_WRITE, true, operation_batch_delete},
    {"TestConnection", ACCESS_TEST, false, operation_test}};

const struct text_rule operation_name_rule = {1, 255, pattern_single_line,
                                              "a single line of text without control characters"};

const struct operation *operation_find(const char *name)
{
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (strcmp(operations[i].name, name) == 0)
            return &operations[i];
    return NULL;
}

const char *operation_name(const json_t *body, const char *key, struct problems *problems)
{
    const json_t *value = json_object_get(body, key);
    if (!value)
        problems_add(problems, key, "required", "is missing");
    return check_text(value, key, &operation_name_rule, problems);
}

bool operation_is_true(const json_t *flag)
{
    const char *word = json_string_value(flag);
    return json_is_true(flag) || (word && text_equal_nocase(word, "true"));
}

void operation_check_catalog(const json_t *body, struct problems *problems)
{
    check_text(json_object_get(body, "CatalogId"), "CatalogId", &operation_name_rule, problems);
}

void operation_refuse(struct http_exchange *exchange, enum catalog_result result, const char *name,
                      const struct error *err)
{
    /* What is stored elsewhere may be what nobody understands: no fault of ours. */
    bool invalid = result == CATALOG_FAILED && err->reason == REASON_INVALID_INPUT;
    const char *exception = catalog_result_exception(invalid ? CATALOG_INVALID : result);
    bool plain = err->reason == REASON_INVALID_INPUT || err->reason == REASON_INTERNAL;
    const char *remedy = *err->remedy || plain ? err->remedy : reason_info(err->reason)->remedy;
    if (result == CATALOG_FAILED || result == CATALOG_DENIED || result == CATALOG_SEALED ||
        result == CATALOG_BUSY)
        log_line(LOG_WARN, "the catalog refused", "request_id", exchange->request_id, "connection",
                 name, "reason", err->message, NULL);
    if (name && result == CATALOG_NOT_FOUND)
        aws_json_refuse(exchange, exception, "Connection %s not found.", name);
    else if (name && result == CATALOG_ALREADY_EXISTS)
        aws_json_refuse(exchange, exception, "Connection %s already exists.", name);
    else if (result == CATALOG_INVALID_TOKEN)
        aws_json_refuse(exchange, exception, "NextToken: %s", err->message);
    else
        aws_json_refuse(exchange, exception, "%s%s%s", err->message, *remedy ? ". To fix it: " : "",
                        remedy);
}
