/* SPDX-License-Identifier: Apache-2.0 */
/* test_call.c - from the request to a seat in a test, and back. */
#include "test_call.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws_json.h"
#include "catalog_json.h"
#include "catalog_message.h"
#include "operations.h"
#include "reference.h"
#include "text.h"

struct test_call {
    struct service *service;
    struct http_exchange *exchange; /* NULL: the client has gone */
    char *name;
    int timeout_ms;
    int64_t began_us;
    test_call_answer *answer;
    struct flight_seat *seat; /* NULL: the catalog is being asked */
};

static void free_call(struct test_call *call)
{
    free(call->name);
    free(call);
}

static void see_gone(struct http_exchange *exchange, void *argument)
{
    struct test_call *call = argument;
    (void)exchange;
    call->exchange = NULL;
    if (!call->seat)
        return; /* the catalog's answer ends it */
    flights_leave(call->seat);
    free_call(call);
}

static void end_call(void *argument, const struct report *report, json_t *document)
{
    struct test_call *call = argument;
    call->exchange->gone = NULL;
    if (report->status != REPORT_OK) {
        call->exchange->stage = stage_name(report->stage);
        call->exchange->code = reason_name(report->code);
    }
    call->answer(call->exchange, report, document);
    free_call(call);
}

static struct test_call *call_new(struct service *service, struct http_exchange *exchange,
                                  const char *name, int timeout_ms, test_call_answer *answer)
{
    struct test_call *call = xcalloc(1, sizeof *call);
    *call = (struct test_call){.service = service,
                               .exchange = exchange,
                               .name = name ? xstrdup(name) : NULL,
                               .timeout_ms = timeout_ms,
                               .began_us = clock_now_us(),
                               .answer = answer};
    snprintf(exchange->connection, sizeof exchange->connection, "%s", name ? name : "");
    exchange->gone = see_gone;
    exchange->argument = call;
    return call;
}

/* Have CONNECTION tested, in what is left of the call's time. */
static void begin(struct test_call *call, struct connection *connection, struct problems *problems,
                  int64_t version)
{
    int spent_ms = (int)((clock_now_us() - call->began_us) / 1000);
    bool slow = spent_ms > call->timeout_ms / 10;
    int timeout_ms = slow ? call->timeout_ms - spent_ms : call->timeout_ms;
    struct flight_ask ask = {.connection = connection,
                             .problems = problems,
                             .name = call->name,
                             .version = version,
                             .request_id = call->exchange->request_id,
                             .timeout_ms = timeout_ms > 0 ? timeout_ms : 1,
                             .done = end_call,
                             .argument = call};
    call->seat = flights_begin(call->service->flights, &ask);
}

/* What the operator stored may refer to his own; what comes out of AWS is a caller's. */
static void see_references(const struct service *service, struct connection *connection,
                           struct problems *problems)
{
    if (store_is_foreign(service->store))
        references_check(connection, &service->settings->files, problems);
    else
        reference_replace(connection->document, REFERENCE_ENVIRONMENT, reference_from_environment,
                          NULL, problems);
}

static void begin_stored(struct test_call *call, const json_t *object)
{
    struct catalog_entry entry;
    struct error err = ERROR_INIT;
    catalog_message_to_entry(object, &entry);
    struct connection *connection = catalog_entry_to_connection(&entry, &err);
    if (connection) {
        struct problems unset = PROBLEMS_INIT;
        see_references(call->service, connection, &unset);
        begin(call, connection, &unset, entry.version);
        problems_release(&unset);
    } else {
        call->exchange->gone = NULL;
        operation_refuse(call->exchange, CATALOG_FAILED, NULL, &err);
        free_call(call);
    }
    catalog_entry_release(&entry);
}

static void take_stored(void *argument, enum catalog_result result, const json_t *answer,
                        const struct error *err)
{
    struct test_call *call = argument;
    if (!call->exchange) {
        free_call(call);
    } else if (result == CATALOG_OK) {
        begin_stored(call, json_object_get(answer, "entry"));
    } else {
        call->exchange->gone = NULL;
        operation_refuse(call->exchange, result, call->name, err);
        free_call(call);
    }
}

void test_call_by_name(struct service *service, struct http_exchange *exchange, const char *name,
                       int timeout_ms, test_call_answer *answer)
{
    if (!service->store) {
        aws_json_refuse(exchange, "InvalidInputException",
                        "this agent keeps no connections (--stateless): give TestConnectionInput");
        return;
    }
    struct test_call *call = call_new(service, exchange, name, timeout_ms, answer);
    store_ask(service->store, json_pack("{s:s, s:s}", "call", "get", "name", name), take_stored,
              call);
}

void test_call_inline(struct service *service, struct http_exchange *exchange,
                      struct connection *connection, int timeout_ms, test_call_answer *answer)
{
    struct problems problems = PROBLEMS_INIT;
    struct test_call *call = call_new(service, exchange, NULL, timeout_ms, answer);
    references_check(connection, &service->settings->files, &problems);
    begin(call, connection, &problems, 0);
    problems_release(&problems);
}

bool test_call_read(const json_t *body, const char **name, struct connection **input,
                    struct problems *problems)
{
    json_t *given = json_object_get(body, "TestConnectionInput");
    const json_t *stored = json_object_get(body, "ConnectionName");
    *name = check_text(stored, "ConnectionName", &operation_name_rule, problems);
    *input = NULL;
    operation_check_catalog(body, problems);
    if (stored && given)
        problems_add(problems, "", "both-given",
                     "ConnectionName and TestConnectionInput are both given; exactly one is "
                     "allowed");
    else if (!stored && !given)
        problems_add(problems, "", "none-given",
                     "neither ConnectionName nor TestConnectionInput is given; exactly one is "
                     "needed");
    else if (given && check_object(given, "TestConnectionInput", problems))
        *input = connection_new(json_incref(given), CONNECTION_FORM_TEST_INPUT);
    if (*input)
        (*input)->root = "TestConnectionInput.";
    return problems->refused == 0;
}
