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
    /* A listing: */
    json_t *question; /* what was asked */
    json_t *list;     /* what was found */
    int schema;       /* ConnectionSchemaVersion; 0: any */
};

static struct reading *reading_new(struct service *service, struct http_exchange *exchange,
                                   unsigned show)
{
    struct reading *reading = xcalloc(1, sizeof *reading);
    *reading = (struct reading){.service = service, .exchange = exchange, .show = show};
    return reading;
}

static void ask(struct reading *reading, json_t *message, store_done *done)
{
    if (!(reading->show & CATALOG_SHOW_PASSWORDS))
        json_object_set_new(message, "hide", json_true());
    store_ask(reading->service->store, message, done, reading);
}

static void free_reading(struct reading *reading)
{
    free(reading->name);
    json_decref(reading->question);
    json_decref(reading->list);
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
    if (!aws_json_refuse_problems(exchange, &problems, "")) {
        struct reading *reading = reading_new(service, exchange, show);
        reading->name = xstrdup(name);
        ask(reading, json_pack("{s:s, s:s}", "call", "get", "name", name), answer_one);
    }
    problems_release(&problems);
}

/* 2 of a CONNECTION that has what came with that version of the schema. */
static int schema_of(const json_t *connection)
{
    static const char *const newer[] = {"AuthenticationConfiguration", "SparkProperties",
                                        "AthenaProperties", "PythonProperties"};
    const char *type = json_string_value(json_object_get(connection, "ConnectionType"));
    json_int_t said = json_integer_value(json_object_get(connection, "ConnectionSchemaVersion"));
    if (said == 1 || said == 2)
        return (int)said;
    for (size_t i = 0; i < sizeof newer / sizeof *newer; i++)
        if (json_object_get(connection, newer[i]))
            return 2;
    return type && connection_type_standing(type) == TYPE_NEWER ? 2 : 1;
}

/* Those of a page's ENTRIES that are meant. */
static void take_page(struct reading *reading, const json_t *entries)
{
    for (size_t i = 0; i < json_array_size(entries); i++) {
        json_t *shown = show_entry(reading->service, json_array_get(entries, i), reading->show);
        if (!reading->schema || schema_of(shown) == reading->schema)
            json_array_append(reading->list, shown);
        json_decref(shown);
    }
}

static void answer_list(void *argument, enum catalog_result result, const json_t *answer,
                        const struct error *err)
{
    struct reading *reading = argument;
    json_t *token = json_object_get(answer, "next_token");
    if (result != CATALOG_OK) {
        operation_refuse(reading->exchange, result, NULL, err);
        free_reading(reading);
        return;
    }
    take_page(reading, json_object_get(answer, "entries"));
    json_int_t left = json_integer_value(json_object_get(reading->question, "limit")) -
                      (json_int_t)json_array_size(reading->list);
    if (token && left > 0) { /* the catalog knows nothing of the schema's version */
        json_t *more = json_copy(reading->question);
        json_object_set(more, "token", token);
        json_object_set_new(more, "limit", json_integer(left));
        ask(reading, more, answer_list);
        return;
    }
    json_t *body = json_pack("{s:O}", "ConnectionList", reading->list);
    json_object_set(body, "NextToken", token);
    aws_json_answer(reading->exchange, body);
    free_reading(reading);
}

/* A whole number from 1 to MOST, which JSON may write as 1.0, too; 0 with what is wrong. */
static json_int_t read_number(const json_t *value, const char *path, int most,
                              struct problems *problems)
{
    double number = json_number_value(value);
    if (!json_is_number(value))
        problems_add(problems, path, "value-kind", "is %s, not a number", check_kind(value));
    else if (number < 1 || number > most || number != (double)(json_int_t)number)
        problems_add(problems, path, "value-range",
                     "is %.15g; a whole number of 1 to %d is allowed", number, most);
    else
        return (json_int_t)number;
    return 0;
}

/* The page's size; what is no number of one is a problem. */
static json_int_t read_limit(const json_t *body, struct problems *problems)
{
    const json_t *value = json_object_get(body, "MaxResults");
    if (!value)
        return PAGE;
    return read_number(value, "MaxResults", CATALOG_PAGE_MAXIMUM, problems);
}

/* Into MESSAGE what the catalog filters by, into SCHEMA what we do. */
static void read_filter(const json_t *filter, json_t *message, int *schema,
                        struct problems *problems)
{
    const json_t *type = json_object_get(filter, "ConnectionType");
    const json_t *version = json_object_get(filter, "ConnectionSchemaVersion");
    const char *word = json_string_value(type);
    json_t *criteria = json_object_get(filter, "MatchCriteria");
    if (!check_object(filter, "Filter", problems))
        return;
    if (version)
        *schema = (int)read_number(version, "Filter.ConnectionSchemaVersion", 2, problems);
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
    int schema = 0;
    operation_check_catalog(body, &problems);
    read_filter(json_object_get(body, "Filter"), message, &schema, &problems);
    if (check_text(token, "NextToken", &token_rule, &problems) && json_string_length(token))
        json_object_set(message, "token", token);
    if (aws_json_refuse_problems(exchange, &problems, "")) {
        json_decref(message);
    } else {
        struct reading *reading = reading_new(service, exchange, show);
        reading->question = json_copy(message);
        reading->list = json_array();
        reading->schema = schema;
        ask(reading, message, answer_list);
    }
    problems_release(&problems);
}
