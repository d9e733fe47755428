/* SPDX-License-Identifier: Apache-2.0 */
/* read.c - one connection, and pages of them. */
#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "text.h"
#include "token.h"

/* In the order in which take_row() reads them. The catalog's version stands in each row: another
 * agent may have raised it since we looked. */
#define COLUMNS                                                                                    \
    "c.name, c.type, c.tags, c.version, c.created_ms, c.updated_ms, c.updated_by, c.status, "      \
    "c.reason, c.validated_ms, (SELECT max(version) FROM testconn.catalog)"
enum { SCHEMA_COLUMN = 10, SEALED_COLUMN, KEY_COLUMN };

static char *text_of(const PGresult *rows, int row, int column)
{
    return PQgetisnull(rows, row, column) ? NULL : xstrdup(PQgetvalue(rows, row, column));
}

static int64_t number_of(const PGresult *rows, int row, int column)
{
    return strtoll(PQgetvalue(rows, row, column), NULL, 10);
}

static enum catalog_result take_row(const struct store *store, const PGresult *rows, int row,
                                    struct catalog_entry *entry, struct error *err)
{
    entry->name = text_of(rows, row, 0);
    entry->type = text_of(rows, row, 1);
    entry->tags = text_of(rows, row, 2);
    entry->version = number_of(rows, row, 3);
    entry->created_ms = number_of(rows, row, 4);
    entry->updated_ms = number_of(rows, row, 5);
    entry->updated_by = text_of(rows, row, 6);
    entry->status = catalog_status_of(number_of(rows, row, 7));
    entry->reason = text_of(rows, row, 8);
    entry->validated_ms = number_of(rows, row, 9);
    return schema_check(store, number_of(rows, row, SCHEMA_COLUMN), err);
}

enum catalog_result key_get(struct store *store, const char *wanted, bool create, struct error *err)
{
    if (store->key.path)
        return catalog_key_get(&store->key, store->place.shown, wanted, create, err);
    error_set(err, REASON_INVALID_INPUT,
              "the catalog %s needs --key-file FILE: the key that its definitions are sealed with, "
              "the same on each agent",
              store->place.shown);
    error_remedy(err, "give --key-file FILE; where FILE is not there, the first create makes it");
    return CATALOG_INVALID;
}

static enum catalog_result open_row(struct store *store, const PGresult *rows, int row,
                                    struct catalog_entry *entry, struct error *err)
{
    const char *id = PQgetvalue(rows, row, KEY_COLUMN);
    const char *text = PQgetvalue(rows, row, SEALED_COLUMN);
    size_t size = 0;
    enum catalog_result result = key_get(store, id, false, err);
    if (result != CATALOG_OK)
        return result;
    unsigned char *sealed = PQunescapeBytea((const unsigned char *)text, &size);
    result = catalog_key_open(&store->key, store->place.shown, id, sealed, sealed ? size : 0, entry,
                              err);
    PQfreemem(sealed);
    return result;
}

struct getting {
    const char *name;
    struct catalog_entry *entry;
};

static enum catalog_result get(struct store *store, void *argument, struct error *err)
{
    const struct getting *getting = argument;
    struct arguments arguments = {.count = 0};
    PGresult *row;
    if (!store->exists)
        return catalog_refuse_missing(store->place.shown, getting->name,
                                      ": it holds no catalog yet", err);
    arguments_text(&arguments, getting->name);
    enum catalog_result result =
        session_ask(store,
                    "SELECT " COLUMNS ", c.sealed, c.key_id FROM testconn.connections c "
                    "WHERE c.name = $1",
                    &arguments, "read", &row, err);
    if (result == CATALOG_OK && PQntuples(row) == 0)
        result = catalog_refuse_missing(store->place.shown, getting->name, "", err);
    if (result == CATALOG_OK)
        result = take_row(store, row, 0, getting->entry, err);
    if (result == CATALOG_OK)
        result = open_row(store, row, 0, getting->entry, err);
    PQclear(row);
    if (result != CATALOG_OK)
        catalog_entry_release(getting->entry);
    return result;
}

enum catalog_result store_get(void *store, const char *name, struct catalog_entry *entry,
                              struct error *err)
{
    struct getting getting = {name, entry};
    return session_do(store, get, &getting, err);
}

struct listing {
    const struct catalog_filter *filter;
    size_t limit;
    const char *after;
    bool definitions;
    struct catalog_page *page;
};

/* The listing's SQL: by an index whatever the filter, never by a look at all rows before the page.
 * One more than asked for tells whether there is a next page. */
static char *make_query(const struct listing *listing, struct arguments *arguments)
{
    const struct catalog_filter *filter = listing->filter;
    struct text_buffer sql = TEXT_BUFFER_INIT;
    arguments_text(arguments, listing->after);
    arguments_integer(arguments, (int64_t)listing->limit + 1);
    text_append(&sql, "SELECT " COLUMNS);
    if (listing->definitions)
        text_append(&sql, ", c.sealed, c.key_id");
    if (filter->criteria_count)
        text_append(&sql, " FROM testconn.criteria m JOIN testconn.connections c ON c.name = "
                          "m.name WHERE m.name > $1");
    else
        text_append(&sql, " FROM testconn.connections c WHERE c.name > $1");
    if (filter->type) {
        arguments_text(arguments, filter->type);
        text_append_format(&sql, " AND c.type = $%d", arguments->count);
    }
    for (size_t i = 0; i < filter->criteria_count; i++) {
        arguments_text(arguments, filter->criteria[i]);
        text_append_format(&sql,
                           i ? " AND EXISTS (SELECT 1 FROM testconn.criteria e WHERE e.criterion = "
                               "$%d AND e.name = c.name)"
                             : " AND m.criterion = $%d",
                           arguments->count);
    }
    text_append_format(&sql, " ORDER BY %s LIMIT $2", filter->criteria_count ? "m.name" : "c.name");
    return text_take(&sql);
}

static enum catalog_result list(struct store *store, void *argument, struct error *err)
{
    struct listing *listing = argument;
    struct catalog_page *page = listing->page;
    struct arguments arguments = {.count = 0};
    PGresult *rows;
    if (!store->exists)
        return CATALOG_OK;
    char *sql = make_query(listing, &arguments);
    enum catalog_result result = session_ask(store, sql, &arguments, "read", &rows, err);
    int count = PQntuples(rows);
    free(sql);
    for (int row = 0; result == CATALOG_OK && row < count && page->count < listing->limit; row++) {
        struct catalog_entry *entry = catalog_page_add(page);
        result = take_row(store, rows, row, entry, err);
        if (result == CATALOG_OK && listing->definitions)
            result = open_row(store, rows, row, entry, err);
    }
    if (result == CATALOG_OK && (size_t)count > listing->limit)
        page->next_token = token_make(listing->filter, page->entries[page->count - 1].name);
    PQclear(rows);
    if (result != CATALOG_OK)
        catalog_page_release(page);
    return result;
}

enum catalog_result store_list(void *store, const struct catalog_filter *filter, size_t limit,
                               const char *token, bool definitions, struct catalog_page *page,
                               struct error *err)
{
    char *after = token ? token_read(filter, token, err) : xstrdup("");
    struct listing listing = {filter, limit, after, definitions, page};
    enum catalog_result result =
        after ? session_do(store, list, &listing, err) : CATALOG_INVALID_TOKEN;
    free(after);
    return result;
}
