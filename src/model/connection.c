/* SPDX-License-Identifier: Apache-2.0 */
/* connection.c - definitions and the forms they come in. */
#include "connection.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "words.h"

static json_t *object_member(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return json_is_object(value) ? value : NULL;
}

/* The name as a report shows it: one line, and not longer than a name may be by much. */
static char *make_label(const char *name)
{
    enum { LABEL_MAXIMUM = 300 }; /* bytes */
    char label[LABEL_MAXIMUM];
    text_one_line(label, sizeof label, name, strlen(name));
    return xstrdup(label);
}

/* The properties whose whole value is one reference, before it is replaced. */
static json_t *collect_references(json_t *properties)
{
    const char *key;
    json_t *value;
    json_t *references = json_object();
    json_object_foreach(properties, key, value)
    {
        const char *text = json_string_value(value);
        const char *end = text ? strchr(text, '}') : NULL;
        if (end && end[1] == '\0' && (text_starts(text, "${env:") || text_starts(text, "${file:")))
            json_object_set_new(references, key, json_string(text));
    }
    return references;
}

void connection_refresh(struct connection *connection)
{
    const json_t *document = connection->document;
    connection->name = json_string_value(json_object_get(document, "Name"));
    connection->type = json_string_value(json_object_get(document, "ConnectionType"));
    connection->properties = object_member(document, "ConnectionProperties");
    connection->authentication = object_member(document, "AuthenticationConfiguration");
    connection->physical = object_member(document, "PhysicalConnectionRequirements");
    if (connection->label && !connection->name)
        return; /* it may be "connection 3" */
    free(connection->label);
    connection->label = make_label(connection->name ? connection->name : "");
}

struct connection *connection_new(json_t *document, enum connection_form form)
{
    struct connection *connection = xcalloc(1, sizeof *connection);
    connection->document = document;
    connection->form = form;
    connection->root = "";
    connection_refresh(connection);
    connection->references = collect_references(connection->properties);
    return connection;
}

/* jansson keeps its strings for itself: overwrite them where they stand. */
static void wipe_strings(json_t *value)
{
    const char *key;
    size_t index;
    json_t *child;
    if (json_is_string(value)) {
        union {
            const char *readable;
            char *writable;
        } text = {json_string_value(value)};
        text_wipe(text.writable, json_string_length(value));
    }
    json_object_foreach(value, key, child) wipe_strings(child);
    json_array_foreach(value, index, child) wipe_strings(child);
}

void connection_free(struct connection *connection)
{
    if (!connection)
        return;
    if (connection->document && connection->document->refcount == 1)
        wipe_strings(connection->document);
    json_decref(connection->document);
    json_decref(connection->tags);
    json_decref(connection->references);
    free(connection->label);
    free(connection);
}

const char *connection_property(const struct connection *connection, const char *key)
{
    const json_t *property = json_object_get(connection->properties, key);
    const char *value = json_string_value(property);
    if (!value || (!*value && strcmp(key, "PASSWORD") != 0) ||
        strlen(value) != json_string_length(property)) /* validation refuses a NUL */
        return NULL;
    return value;
}

void connection_list_release(struct connection_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        connection_free(list->items[i]);
    free(list->items);
    *list = (struct connection_list){0};
}

static struct connection *add(struct connection_list *list, json_t *document, const char *root)
{
    enum connection_form form = CONNECTION_FORM_INPUT;
    if (json_object_get(document, "CreationTime") || json_object_get(document, "LastUpdatedTime") ||
        json_object_get(document, "Status"))
        form = CONNECTION_FORM_STORED;
    else if (!json_object_get(document, "Name"))
        form = CONNECTION_FORM_TEST_INPUT;
    struct connection *connection = connection_new(json_incref(document), form);
    connection->root = root;
    list->items = xrealloc(list->items, (list->count + 1) * sizeof *list->items);
    list->items[list->count++] = connection;
    return connection;
}

static bool add_all(json_t *array, struct connection_list *list, struct problems *problems)
{
    size_t index;
    json_t *item;
    if (json_array_size(array) == 0)
        problems_add(problems, "", "no-connection", "the list holds no connection");
    json_array_foreach(array, index, item)
    {
        if (!json_is_object(item)) {
            problems_add(problems, "", "not-a-connection",
                         "element %zu of the list is not an object", index + 1);
            continue;
        }
        struct connection *connection = add(list, item, "");
        if (!connection->name) {
            free(connection->label);
            connection->label = text_format("connection %zu", index + 1);
        }
    }
    return problems->refused == 0;
}

/* A member of OBJECT; null is as good as absent, as in all of AWS's JSON. */
static json_t *given(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

static bool read_test_request(json_t *document, struct connection_list *list,
                              const char **catalog_name, struct problems *problems)
{
    json_t *name = given(document, "ConnectionName");
    json_t *input = given(document, "TestConnectionInput");
    if (name && input) {
        problems_add(
            problems, "", "both-given",
            "ConnectionName and TestConnectionInput are both given; exactly one is allowed");
    } else if (name) {
        *catalog_name = json_string_value(name);
        if (!*catalog_name || !**catalog_name || strlen(*catalog_name) != json_string_length(name))
            problems_add(problems, "ConnectionName", "value-kind", "is not a name");
    } else if (json_is_object(input)) {
        add(list, input, "TestConnectionInput.");
    } else if (!input) {
        problems_add(problems, "", "both-missing",
                     "ConnectionName and TestConnectionInput are both null; one is needed");
    } else {
        problems_add(problems, "TestConnectionInput", "value-kind", "is not an object");
    }
    return problems->refused == 0;
}

/* Whether KEY is WORD but for its case and its underscores: connection_type. */
static bool is_spelt_otherwise(const char *key, const char *word)
{
    for (; *word; word++, key++) {
        key += strspn(key, "_-");
        if (tolower((unsigned char)*key) != tolower((unsigned char)*word))
            return false;
    }
    return !*key;
}

/* The member of OBJECT that is one of ours in another spelling, and OURS; NULL: none is. */
static const char *find_misspelt(json_t *object, const char **ours)
{
    static const char *const words[] = {
        "ConnectionInput", "ConnectionType",      "ConnectionProperties",
        "ConnectionList",  "TestConnectionInput", "ConnectionName",
        "Connection"};
    const char *key;
    json_t *value;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        json_object_foreach(object, key, value)
        {
            *ours = words[i];
            if (is_spelt_otherwise(key, words[i]))
                return key;
        }
    return NULL;
}

/* OBJECT is something else: what, if that can be seen. */
static void tell_stranger(json_t *object, struct problems *problems)
{
    static const char none[] = "the input is no connection: neither ConnectionType nor "
                               "ConnectionProperties is in it, and it is no list of connections";
    const char *ours;
    const char *key = find_misspelt(object, &ours);
    const char *type = json_string_value(json_object_get(object, "Type"));
    if (json_object_get(object, "Resources") || (type && text_starts(type, "AWS::")))
        problems_add(problems, "", "not-a-connection",
                     "%s. It is CloudFormation's: give the ConnectionInput that is in it, with its "
                     "references filled in",
                     none);
    else if (json_object_get(object, "resource"))
        problems_add(problems, "", "not-a-connection",
                     "%s. It is Terraform's: give the connection in the words of the API", none);
    else if (key && strcmp(key, ours) == 0)
        problems_add(problems, ours, "value-kind", "is not %s",
                     strcmp(ours, "ConnectionList") == 0 ? "a list" : "an object");
    else if (key)
        problems_add(problems, "", "not-a-connection", "%s; did you mean %s by %.60s ?", none, ours,
                     key);
    else
        problems_add(problems, "", "not-a-connection", "%s", none);
}

/* Whether OBJECT looks like a connection at all. */
static bool is_definition(const json_t *object)
{
    return json_object_get(object, "ConnectionType") ||
           json_object_get(object, "ConnectionProperties") || json_object_get(object, "Name");
}

bool connection_list_read(json_t *document, struct connection_list *list, const char **catalog_name,
                          struct problems *problems)
{
    json_t *inner;
    *list = (struct connection_list){0};
    *catalog_name = NULL;
    if (json_is_array(document))
        return add_all(document, list, problems);
    if (json_is_array(inner = json_object_get(document, "ConnectionList")))
        return add_all(inner, list, problems);
    if (json_object_get(document, "TestConnectionInput") ||
        json_object_get(document, "ConnectionName"))
        return read_test_request(document, list, catalog_name, problems);
    if (json_is_object(inner = json_object_get(document, "ConnectionInput"))) {
        add(list, inner, "ConnectionInput.")->tags = json_incref(json_object_get(document, "Tags"));
        return true;
    }
    if (json_is_object(inner = json_object_get(document, "Connection")))
        return add(list, inner, "");
    if (is_definition(document))
        return add(list, document, "");
    if (json_is_object(document) && json_object_size(document) == 0)
        problems_add(
            problems, "", "both-missing",
            "the input is empty: a connection, or ConnectionName or TestConnectionInput of a test, "
            "is needed");
    else
        tell_stranger(document, problems);
    return false;
}
