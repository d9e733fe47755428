/* SPDX-License-Identifier: Apache-2.0 */
/* operations_write.c - CreateConnection, UpdateConnection, DeleteConnection,
 * BatchDeleteConnection. */
#include <stdlib.h>
#include <string.h>

#include "aws_json.h"
#include "catalog_json.h"
#include "catalog_message.h"
#include "operations.h"
#include "test_call.h"
#include "text.h"
#include "validate.h"

/* A write on its way. */
struct writing {
    struct service *service;
    struct http_exchange *exchange;
    char *name;     /* NULL: several */
    json_t *names;  /* of several */
    bool validates; /* it is tested before it is answered */
};

static struct writing *writing_new(struct service *service, struct http_exchange *exchange,
                                   const char *name)
{
    struct writing *writing = xcalloc(1, sizeof *writing);
    writing->service = service;
    writing->exchange = exchange;
    writing->name = name ? xstrdup(name) : NULL;
    return writing;
}

static void free_writing(struct writing *writing)
{
    free(writing->name);
    json_decref(writing->names);
    free(writing);
}

/* Whether creating CONNECTION tests it: where that is asked for, and SALESFORCE as AWS does. */
static bool validates(const struct connection *connection)
{
    const json_t *flag = json_object_get(connection->document, "ValidateCredentials");
    return flag ? operation_is_true(flag) : text_equal(connection->type, "SALESFORCE");
}

/* ConnectionInput of BODY, checked in every way; NULL with what is wrong in PROBLEMS. */
static struct connection *read_input(const struct service *service, const json_t *body,
                                     struct problems *problems)
{
    json_t *input = json_object_get(body, "ConnectionInput");
    if (!input)
        problems_add(problems, "ConnectionInput", "required", "is missing");
    if (!json_is_object(input)) {
        check_object(input, "ConnectionInput", problems);
        return NULL;
    }
    struct connection *connection = connection_new(json_incref(input), CONNECTION_FORM_INPUT);
    connection->tags = json_incref(json_object_get(body, "Tags"));
    struct problems own = PROBLEMS_INIT;
    validate_to_store(connection, &own);
    references_check(connection, &service->settings->files, &own);
    for (size_t i = 0; i < own.count; i++) {
        const struct problem *one = &own.items[i];
        bool tags = text_starts(one->path, "Tags");
        char *path = text_format("%s%s", tags ? "" : "ConnectionInput.", one->path);
        if (!one->note)
            problems_add(problems, path, one->rule, "%s", one->text);
        free(path);
    }
    problems_release(&own);
    return connection;
}

static json_t *to_entry(const struct http_exchange *exchange, const struct connection *connection)
{
    struct catalog_entry entry;
    catalog_entry_from_connection(
        connection, exchange->access_key ? exchange->access_key : "testconn serve", &entry);
    json_t *object = catalog_message_entry(&entry);
    catalog_entry_release(&entry);
    return object;
}

/* What the test of a connection just created says of it. */
static void answer_validated(struct http_exchange *exchange, const struct report *report,
                             json_t *document)
{
    (void)document;
    aws_json_answer(exchange, json_pack("{s:s}", "CreateConnectionStatus",
                                        report->status == REPORT_FAILED ? "FAILED" : "READY"));
}

static void answer_created(void *argument, enum catalog_result result, const json_t *answer,
                           const struct error *err)
{
    struct writing *writing = argument;
    (void)answer;
    if (result != CATALOG_OK)
        operation_refuse(writing->exchange, result, writing->name, err);
    else if (writing->validates)
        test_call_by_name(writing->service, writing->exchange, writing->name,
                          (int)writing->service->settings->timeout_ms, answer_validated);
    else
        aws_json_answer(writing->exchange, json_pack("{s:s}", "CreateConnectionStatus", "READY"));
    free_writing(writing);
}

void operation_create(struct service *service, struct http_exchange *exchange, json_t *body)
{
    struct problems problems = PROBLEMS_INIT;
    operation_check_catalog(body, &problems);
    struct connection *connection = read_input(service, body, &problems);
    bool refused = aws_json_refuse_problems(exchange, &problems, "");
    if (!refused && validates(connection) && flights_are_full(service->flights)) {
        /* Before anything is written: a repetition is not to find it there. */
        aws_json_refuse(exchange, "ResourceNumberLimitExceededException",
                        "nothing was created: it is to be tested (ValidateCredentials), and %zu "
                        "tests are in flight, as many as --max-tests allows",
                        flights_count(service->flights));
    } else if (!refused) {
        struct writing *writing = writing_new(service, exchange, connection->name);
        writing->validates = validates(connection);
        store_ask(
            service->store,
            json_pack("{s:s, s:[o]}", "call", "create", "entries", to_entry(exchange, connection)),
            answer_created, writing);
    }
    connection_free(connection);
    problems_release(&problems);
}

static void answer_empty(void *argument, enum catalog_result result, const json_t *answer,
                         const struct error *err)
{
    struct writing *writing = argument;
    (void)answer;
    if (result == CATALOG_OK)
        aws_json_answer(writing->exchange, json_object());
    else
        operation_refuse(writing->exchange, result, writing->name, err);
    free_writing(writing);
}

void operation_update(struct service *service, struct http_exchange *exchange, json_t *body)
{
    struct problems problems = PROBLEMS_INIT;
    const char *name = operation_name(body, "Name", &problems);
    operation_check_catalog(body, &problems);
    struct connection *connection = read_input(service, body, &problems);
    if (name && connection && connection->name && strcmp(name, connection->name) != 0)
        problems_add(&problems, "ConnectionInput.Name", "renamed",
                     "is \"%s\", not \"%s\": a connection keeps its name", connection->name, name);
    if (!aws_json_refuse_problems(exchange, &problems, ""))
        store_ask(
            service->store,
            json_pack("{s:s, s:o}", "call", "update", "entry", to_entry(exchange, connection)),
            answer_empty, writing_new(service, exchange, name));
    connection_free(connection);
    problems_release(&problems);
}

void operation_delete(struct service *service, struct http_exchange *exchange, json_t *body)
{
    struct problems problems = PROBLEMS_INIT;
    const char *name = operation_name(body, "ConnectionName", &problems);
    operation_check_catalog(body, &problems);
    if (!aws_json_refuse_problems(exchange, &problems, ""))
        store_ask(service->store, json_pack("{s:s, s:s}", "call", "delete", "name", name),
                  answer_empty, writing_new(service, exchange, name));
    problems_release(&problems);
}

static void answer_deleted(void *argument, enum catalog_result result, const json_t *answer,
                           const struct error *err)
{
    struct writing *writing = argument;
    const json_t *list = json_object_get(answer, "results");
    const char *names[CATALOG_BATCH_MAXIMUM];
    enum catalog_result results[CATALOG_BATCH_MAXIMUM];
    size_t count = json_array_size(list);
    for (size_t i = 0; i < count && i < CATALOG_BATCH_MAXIMUM; i++) {
        names[i] = json_string_value(json_array_get(writing->names, i));
        results[i] = (enum catalog_result)json_integer_value(json_array_get(list, i));
    }
    if (result == CATALOG_OK)
        aws_json_answer(writing->exchange, catalog_deletions_to_json(names, results, count));
    else
        operation_refuse(writing->exchange, result, NULL, err);
    free_writing(writing);
}

void operation_batch_delete(struct service *service, struct http_exchange *exchange, json_t *body)
{
    struct problems problems = PROBLEMS_INIT;
    json_t *names = json_object_get(body, "ConnectionNameList");
    operation_check_catalog(body, &problems);
    if (!names)
        problems_add(&problems, "ConnectionNameList", "required", "is missing");
    check_texts(names, "ConnectionNameList", CATALOG_BATCH_MAXIMUM, &operation_name_rule,
                &problems);
    if (!aws_json_refuse_problems(exchange, &problems, "")) {
        struct writing *writing = writing_new(service, exchange, NULL);
        writing->names = json_incref(names);
        store_ask(service->store, json_pack("{s:s, s:O}", "call", "batch_delete", "names", names),
                  answer_deleted, writing);
    }
    problems_release(&problems);
}
