/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_message.c - a table of calls between JSON and the catalog. */
#include "catalog_message.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static int64_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, json_string(text));
}

static char *copy_of(const json_t *object, const char *key)
{
    const char *text = text_of(object, key);
    return text ? xstrdup(text) : NULL;
}

/* The texts of ARRAY, borrowed; the caller frees the list. */
static const char **texts_of(const json_t *array, size_t *count)
{
    const char **list = xcalloc(json_array_size(array) + 1, sizeof *list);
    *count = 0;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *text = json_string_value(json_array_get(array, i));
        if (text)
            list[(*count)++] = text;
    }
    return list;
}

json_t *catalog_message_entry(const struct catalog_entry *entry)
{
    json_t *object =
        json_pack("{s:I, s:I, s:I, s:i, s:I}", "version", (json_int_t)entry->version, "created_ms",
                  (json_int_t)entry->created_ms, "updated_ms", (json_int_t)entry->updated_ms,
                  "status", (int)entry->status, "validated_ms", (json_int_t)entry->validated_ms);
    json_t *criteria = json_array();
    set_text(object, "name", entry->name);
    set_text(object, "type", entry->type);
    set_text(object, "definition", entry->definition);
    set_text(object, "tags", entry->tags);
    set_text(object, "updated_by", entry->updated_by);
    set_text(object, "reason", entry->reason);
    for (size_t i = 0; i < entry->criteria_count; i++)
        json_array_append_new(criteria, json_string(entry->criteria[i]));
    json_object_set_new(object, "criteria", criteria);
    return object;
}

void catalog_message_to_entry(const json_t *object, struct catalog_entry *entry)
{
    size_t count;
    const char **criteria = texts_of(json_object_get(object, "criteria"), &count);
    *entry = (struct catalog_entry){
        .name = copy_of(object, "name"),
        .type = copy_of(object, "type"),
        .definition = copy_of(object, "definition"),
        .tags = copy_of(object, "tags"),
        .updated_by = copy_of(object, "updated_by"),
        .reason = copy_of(object, "reason"),
        .version = number_of(object, "version"),
        .created_ms = number_of(object, "created_ms"),
        .updated_ms = number_of(object, "updated_ms"),
        .status = (enum catalog_status)number_of(object, "status"),
        .validated_ms = number_of(object, "validated_ms"),
    };
    entry->criteria = xcalloc(count + 1, sizeof *entry->criteria);
    for (size_t i = 0; i < count; i++)
        entry->criteria[i] = xstrdup(criteria[i]);
    entry->criteria_count = count;
    free(criteria);
}

static void heed_hide(struct catalog *catalog, const json_t *message)
{
    catalog_leave_out_passwords(catalog, json_is_true(json_object_get(message, "hide")));
}

typedef enum catalog_result call(struct catalog *catalog, const json_t *message, json_t *answer,
                                 struct error *err);

static enum catalog_result call_get(struct catalog *catalog, const json_t *message, json_t *answer,
                                    struct error *err)
{
    struct catalog_entry entry;
    heed_hide(catalog, message);
    enum catalog_result result = catalog_get(catalog, text_of(message, "name"), &entry, err);
    if (result == CATALOG_OK)
        json_object_set_new(answer, "entry", catalog_message_entry(&entry));
    catalog_entry_release(&entry);
    return result;
}

static enum catalog_result call_list(struct catalog *catalog, const json_t *message, json_t *answer,
                                     struct error *err)
{
    struct catalog_page page;
    struct catalog_filter filter = {.type = text_of(message, "type")};
    const char **criteria = texts_of(json_object_get(message, "criteria"), &filter.criteria_count);
    json_t *entries = json_array();
    filter.criteria = criteria;
    heed_hide(catalog, message);
    enum catalog_result result = catalog_list(catalog, &filter, (size_t)number_of(message, "limit"),
                                              text_of(message, "token"), true, &page, err);
    for (size_t i = 0; result == CATALOG_OK && i < page.count; i++)
        json_array_append_new(entries, catalog_message_entry(&page.entries[i]));
    if (result == CATALOG_OK)
        set_text(answer, "next_token", page.next_token);
    json_object_set_new(answer, "entries", entries);
    catalog_page_release(&page);
    free(criteria);
    return result;
}

static enum catalog_result call_create(struct catalog *catalog, const json_t *message,
                                       json_t *answer, struct error *err)
{
    const json_t *list = json_object_get(message, "entries");
    size_t count = json_array_size(list);
    size_t at = 0;
    struct catalog_entry *entries = xcalloc(count + 1, sizeof *entries);
    (void)answer;
    for (size_t i = 0; i < count; i++)
        catalog_message_to_entry(json_array_get(list, i), &entries[i]);
    enum catalog_result result = catalog_create(
        catalog, entries, count, json_is_true(json_object_get(message, "replace")), &at, err);
    for (size_t i = 0; i < count; i++)
        catalog_entry_release(&entries[i]);
    free(entries);
    return result;
}

static enum catalog_result call_update(struct catalog *catalog, const json_t *message,
                                       json_t *answer, struct error *err)
{
    struct catalog_entry entry;
    (void)answer;
    catalog_message_to_entry(json_object_get(message, "entry"), &entry);
    enum catalog_result result = catalog_update(catalog, &entry, err);
    catalog_entry_release(&entry);
    return result;
}

static enum catalog_result call_delete(struct catalog *catalog, const json_t *message,
                                       json_t *answer, struct error *err)
{
    (void)answer;
    return catalog_delete(catalog, text_of(message, "name"), err);
}

static enum catalog_result call_batch_delete(struct catalog *catalog, const json_t *message,
                                             json_t *answer, struct error *err)
{
    enum catalog_result results[CATALOG_BATCH_MAXIMUM];
    size_t count;
    const char **names = texts_of(json_object_get(message, "names"), &count);
    json_t *list = json_array();
    enum catalog_result result = catalog_batch_delete(catalog, names, count, results, err);
    for (size_t i = 0; result == CATALOG_OK && i < count; i++)
        json_array_append_new(list, json_integer(results[i]));
    json_object_set_new(answer, "results", list);
    free(names);
    return result;
}

static enum catalog_result call_set_status(struct catalog *catalog, const json_t *message,
                                           json_t *answer, struct error *err)
{
    (void)answer;
    return catalog_set_status(catalog, text_of(message, "name"), number_of(message, "version"),
                              (enum catalog_status)number_of(message, "status"),
                              text_of(message, "reason"), number_of(message, "validated_ms"), err);
}

static const struct {
    const char *name;
    const char *needs; /* a text that has to be there; NULL: none */
    call *call;
} calls[] = {{"get", "name", call_get},
             {"list", NULL, call_list},
             {"create", NULL, call_create},
             {"update", NULL, call_update},
             {"delete", "name", call_delete},
             {"batch_delete", NULL, call_batch_delete},
             {"set_status", "name", call_set_status}};

static enum catalog_result open_it(struct catalog **catalog, const json_t *message, json_t *answer,
                                   struct error *err)
{
    struct catalog_options options = {.folder = text_of(message, "folder"),
                                      .key_file = text_of(message, "key_file")};
    const char *url = text_of(message, "url");
    *catalog = catalog_open(url ? url : "", &options, err);
    if (!*catalog)
        return CATALOG_FAILED;
    json_object_set_new(answer, "foreign", json_boolean(catalog_is_foreign(*catalog)));
    return CATALOG_OK;
}

static enum catalog_result answer_to(struct catalog **catalog, const json_t *message,
                                     json_t *answer, struct error *err)
{
    const char *name = text_of(message, "call");
    if (name && !*catalog && strcmp(name, "open") == 0)
        return open_it(catalog, message, answer, err);
    for (size_t i = 0; name && *catalog && i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].name, name) == 0 &&
            (!calls[i].needs || text_of(message, calls[i].needs)))
            return calls[i].call(*catalog, message, answer, err);
    error_set(err, REASON_INTERNAL, "the catalog process was asked what it does not know");
    return CATALOG_FAILED;
}

json_t *catalog_message_answer(struct catalog **catalog, const json_t *message)
{
    struct error err = ERROR_INIT;
    json_t *answer = json_object();
    enum catalog_result result = answer_to(catalog, message, answer, &err);
    json_object_set_new(answer, "result", json_integer(result));
    if (result != CATALOG_OK) {
        set_text(answer, "reason", reason_name(err.reason));
        set_text(answer, "message", err.message);
        set_text(answer, "remedy", err.remedy);
    }
    return answer;
}

enum catalog_result catalog_message_result(const json_t *answer, struct error *err)
{
    const char *message = text_of(answer, "message");
    const char *remedy = text_of(answer, "remedy");
    enum catalog_result result = (enum catalog_result)number_of(answer, "result");
    if (result == CATALOG_OK)
        return result;
    error_set(err, reason_find(text_of(answer, "reason")), "%s", message ? message : "");
    if (remedy && *remedy)
        error_remedy(err, "%s", remedy);
    return result;
}
