/* SPDX-License-Identifier: Apache-2.0 */
/* operations_write.c - CreateConnection, UpdateConnection, DeleteConnection,
 * BatchDeleteConnection. */
#include <stdlib.h>
#include <string.h>

#include "aws_json.h"
#include "catalog_json.h"
#include "catalog_message.h"
#include "operations.h"
#include "password_encryption.h"
#include "test_call.h"
#include "testconn/deadline.h"
#include "text.h"
#include "validate.h"

/* At most this much of a test's time, which may follow, goes to encryption. */
enum { ENCRYPTION_SHARE = 3 };

/* A write on its way. */
struct writing {
    struct service *service;
    struct http_exchange *exchange;
    char *name;     /* NULL: several */
    json_t *names;  /* of several */
    bool validates; /* it is tested before it is answered */
    bool creates;
    struct connection *connection; /* to be stored; NULL: none, or it is already */
    int64_t began_us;
};

static struct writing *writing_new(struct service *service, struct http_exchange *exchange,
                                   const char *name)
{
    struct writing *writing = xcalloc(1, sizeof *writing);
    writing->service = service;
    writing->exchange = exchange;
    writing->name = name ? xstrdup(name) : NULL;
    writing->began_us = clock_now_us();
    return writing;
}

static void free_writing(struct writing *writing)
{
    free(writing->name);
    connection_free(writing->connection);
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

/* What the encryption has left of the time of a test. */
static int test_ms(const struct writing *writing)
{
    int spent_ms = (int)((clock_now_us() - writing->began_us) / 1000);
    return (int)writing->service->settings->timeout_ms - spent_ms;
}

static void answer_created(void *argument, enum catalog_result result, const json_t *answer,
                           const struct error *err)
{
    struct writing *writing = argument;
    (void)answer;
    if (result != CATALOG_OK)
        operation_refuse(writing->exchange, result, writing->name, err);
    else if (writing->validates)
        test_call_by_name(writing->service, writing->exchange, writing->name, test_ms(writing),
                          answer_validated);
    else
        aws_json_answer(writing->exchange, json_pack("{s:s}", "CreateConnectionStatus", "READY"));
    free_writing(writing);
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

static void put(struct writing *writing)
{
    json_t *entry = to_entry(writing->exchange, writing->connection);
    connection_free(writing->connection);
    writing->connection = NULL;
    if (writing->creates)
        store_ask(writing->service->store,
                  json_pack("{s:s, s:[o]}", "call", "create", "entries", entry), answer_created,
                  writing);
    else
        store_ask(writing->service->store,
                  json_pack("{s:s, s:o}", "call", "update", "entry", entry), answer_empty, writing);
}

/* What a password that could not be encrypted is called where AWS declares no other exception. */
static const char *encryption_exception(enum reason reason)
{
    if (reason == REASON_TIMED_OUT)
        return "OperationTimeoutException";
    return reason == REASON_INTERNAL || reason == REASON_WORKER_CRASHED ? "InternalServiceException"
                                                                        : "GlueEncryptionException";
}

static void put_encrypted(void *argument, const struct error *err)
{
    struct writing *writing = argument;
    if (err->reason == REASON_NONE) {
        put(writing);
        return;
    }
    const char *remedy = *err->remedy ? err->remedy : reason_info(err->reason)->remedy;
    aws_json_refuse(writing->exchange, encryption_exception(err->reason),
                    "nothing was stored: its password was to be encrypted under the KMS key %s: "
                    "%s: %s. To fix it: %s.",
                    writing->service->settings->encrypt, reason_name(err->reason), err->message,
                    remedy);
    free_writing(writing);
}

/* Store CONNECTION, which is taken over, with its passwords as the settings want them. */
static void store_connection(struct writing *writing, struct connection *connection)
{
    const struct service_settings *settings = writing->service->settings;
    struct deadline deadline = deadline_in_ms((int)settings->timeout_ms / ENCRYPTION_SHARE);
    writing->connection = connection;
    if (settings->encrypt && connection->properties)
        password_encryption_start(flights_agent(writing->service->flights), settings->encrypt,
                                  connection->properties, deadline, put_encrypted, writing);
    else
        put(writing);
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
                        "nothing was created: it is to be tested (ValidateCredentials), and as "
                        "many tests are in flight as --max-tests allows: %zu",
                        flights_count(service->flights));
    } else if (!refused) {
        struct writing *writing = writing_new(service, exchange, connection->name);
        writing->validates = validates(connection);
        writing->creates = true;
        store_connection(writing, connection);
        connection = NULL;
    }
    connection_free(connection);
    problems_release(&problems);
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
    if (!aws_json_refuse_problems(exchange, &problems, "")) {
        store_connection(writing_new(service, exchange, name), connection);
        connection = NULL;
    }
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
