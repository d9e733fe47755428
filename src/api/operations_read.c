/* SPDX-License-Identifier: Apache-2.0 */
/* operations_read.c - GetConnection and GetConnections. */
#include <stdlib.h>
#include <string.h>

#include "aws_json.h"
#include "catalog_json.h"
#include "catalog_message.h"
#include "operations.h"
#include "text.h"
#include "words.h"

enum { PAGE = 100 }; /* where MaxResults says nothing */

/* A question on its way. */
struct reading {
    struct service *service;
    struct http_exchange *exchange;
    char *name;    /* of the one; NULL: a listing */
    unsigned show; /* of enum catalog_show */
};

static void ask(struct service *service, struct http_exchange *exchange, json_t *message,
                const char *name, unsigned show, store_done *done)
{
    struct reading *reading = xcalloc(1, sizeof *reading);
    *reading = (struct reading){.service = service,
                                .exchange = exchange,
                                .name = name ? xstrdup(name) : NULL,
                                .show = show};
    if (!(show & CATALOG_SHOW_PASSWORDS))
        json_object_set_new(message, "hide", json_true());
    store_ask(service->store, message, done, reading);
}

static void free_reading(struct reading *reading)
{
    free(reading->name);
    free(reading);
}

/* Passwords are shown to who does not ask otherwise, and may see them. */
static unsigned how_to_show(const struct http_exchange *exchange, const json_t *body,
                            struct problems *problems)
{
    const json_t *hide = json_object_get(body, "HidePassword");
    check_boolean(hide, "HidePassword", problems);
    bool wanted = !operation_is_true(hide);
    return wanted && exchange->rights & ACCESS_SECRETS ? CATALOG_SHOW_PASSWORDS : 0;
}

/* OBJECT (catalog_message.h) as the API shows it. A test that runs is laid over what is stored. */
static json_t *show_entry(const struct service *service, const json_t *object, unsigned show)
{
    struct catalog_entry entry;
    catalog_message_to_entry(object, &entry);
    json_t *connection = catalog_entry_to_json(&entry, show);
    if (flights_has(service->flights, entry.name)) {
        json_object_set_new(connection, "Status", json_string("IN_PROGRESS"));
        json_object_del(connection, "StatusReason");
    }
    catalog_entry_release(&entry);
    return connection;
}

static void answer_one(void *argument, enum catalog_result result, const json_t *answer,
                       const struct error *err)
{
    struct reading *reading = argument;
    if (result == CATALOG_OK)
        aws_json_answer(reading->exchange,
                        json_pack("{s:o}", "Connection",
                                  show_entry(reading->service, json_object_get(answer, "entry"),
                                             reading->show)));
    else
        operation_refuse(reading->exchange, result, reading->name, err);
    free_reading(reading);
}

void operation_get(struct service *service, struct http_exchange *exchange, json_t *body)
{
    static const char *const environments[] = {"SPARK", "ATHENA", "PYTHON", NULL};
    struct problems problems = PROBLEMS_INIT;
    const char *name = operation_name(body, "Name", &problems);
    unsigned show = how_to_show(exchange, body, &problems);
    operation_check_catalog(body, &problems);
    check_word(json_object_get(body, "ApplyOverrideForComputeEnvironment"),
               "ApplyOverrideForComputeEnvironment", environments, &problems);
    if (!aws_json_refuse_problems(exchange, &problems, ""))
        ask(service, exchange, json_pack("{s:s, s:s}", "call", "get", "name", name), name, show,
            answer_one);
    problems_release(&problems);
}

static void answer_list(void *argument, enum catalog_result result, const json_t *answer,
                        const struct error *err)
{
    struct reading *reading = argument;
    const json_t *entries = json_object_get(answer, "entries");
    if (result == CATALOG_OK) {
        json_t *list = json_array();
        for (size_t i = 0; i < json_array_size(entries); i++)
            json_array_append_new(
                list, show_entry(reading->service, json_array_get(entries, i), reading->show));
        json_t *body = json_pack("{s:o}", "ConnectionList", list);
        json_object_set(body, "NextToken", json_object_get(answer, "next_token"));
        aws_json_answer(reading->exchange, body);
    } else {
        operation_refuse(reading->exchange, result, NULL, err);
    }
    free_reading(reading);
}

/* The page's size; what is no number of one is a problem. */
static json_int_t read_limit(const json_t *body, struct problems *problems)
{
    const json_t *value = json_object_get(body, "MaxResults");
    if (!value)
        return PAGE;
    if (!json_is_integer(value))
        problems_add(problems, "MaxResults", "value-kind", "is %s, not a number",
                     check_kind(value));
    else if (json_integer_value(value) < 1 || json_integer_value(value) > CATALOG_PAGE_MAXIMUM)
        problems_add(problems, "MaxResults", "value-range", "is %lld; 1 to %d is allowed",
                     (long long)json_integer_value(value), CATALOG_PAGE_MAXIMUM);
    return json_integer_value(value);
}

static void read_filter(const json_t *filter, json_t *message, struct problems *problems)
{
    const json_t *type = json_object_get(filter, "ConnectionType");
    const char *word = json_string_value(type);
    json_t *criteria = json_object_get(filter, "MatchCriteria");
    if (!check_object(filter, "Filter", problems))
        return;
    if (type && (!word || connection_type_standing(word) == TYPE_UNKNOWN))
        check_word(type, "Filter.ConnectionType", connection_types, problems);
    check_texts(criteria, "Filter.MatchCriteria", CATALOG_CRITERIA_MAXIMUM, &operation_name_rule,
                problems);
    if (word)
        json_object_set_new(message, "type", json_string(word));
    json_object_set(message, "criteria", criteria);
}

void operation_list(struct service *service, struct http_exchange *exchange, json_t *body)
{
    struct problems problems = PROBLEMS_INIT;
    unsigned show = how_to_show(exchange, body, &problems);
    json_t *message = json_pack("{s:s, s:I}", "call", "list", "limit", read_limit(body, &problems));
    json_t *token = json_object_get(body, "NextToken");
    static const struct text_rule token_rule = {0, 0, NULL, NULL};
    operation_check_catalog(body, &problems);
    read_filter(json_object_get(body, "Filter"), message, &problems);
    if (check_text(token, "NextToken", &token_rule, &problems) && json_string_length(token))
        json_object_set(message, "token", token);
    if (aws_json_refuse_problems(exchange, &problems, ""))
        json_decref(message);
    else
        ask(service, exchange, message, NULL, show, answer_list);
    problems_release(&problems);
}
