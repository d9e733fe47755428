/* SPDX-License-Identifier: Apache-2.0 */
/* read.c - one connection, and pages of them. */
#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "text.h"
#include "token.h"

/* In the order in which take_row() reads them. */
#define COLUMNS                                                                                    \
    "c.name, c.type, c.tags, c.version, c.created_ms, c.updated_ms, c.updated_by, c.status, "      \
    "c.reason, c.validated_ms"
enum { SEALED_COLUMN = 10, KEY_COLUMN };

static char *text_of(sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text ? xstrdup((const char *)text) : NULL;
}

static void take_row(sqlite3_stmt *row, struct catalog_entry *entry)
{
    entry->name = text_of(row, 0);
    entry->type = text_of(row, 1);
    entry->tags = text_of(row, 2);
    entry->version = sqlite3_column_int64(row, 3);
    entry->created_ms = sqlite3_column_int64(row, 4);
    entry->updated_ms = sqlite3_column_int64(row, 5);
    entry->updated_by = text_of(row, 6);
    entry->status = catalog_status_of(sqlite3_column_int(row, 7));
    entry->reason = text_of(row, 8);
    entry->validated_ms = sqlite3_column_int64(row, 9);
}

static enum catalog_result open_row(const struct store *store, sqlite3_stmt *row,
                                    struct catalog_entry *entry, struct error *err)
{
    return catalog_key_open(&store->key, store->path,
                            (const char *)sqlite3_column_text(row, KEY_COLUMN),
                            sqlite3_column_blob(row, SEALED_COLUMN),
                            (size_t)sqlite3_column_bytes(row, SEALED_COLUMN), entry, err);
}

static enum catalog_result refuse_name(const struct store *store, const char *name,
                                       struct error *err)
{
    return catalog_refuse_missing(store->path, name, store->db ? "" : ": there is no such file yet",
                                  err);
}

/* Whether ROW is sealed with the key at hand: nothing else need be looked at. */
static bool has_known_key(const struct store *store, sqlite3_stmt *row)
{
    return store->key.known &&
           text_equal((const char *)sqlite3_column_text(row, KEY_COLUMN), store->key.key.id);
}

enum catalog_result store_get(void *argument, const char *name, struct catalog_entry *entry,
                              struct error *err)
{
    struct store *store = argument;
    int code = SQLITE_OK;
    enum catalog_result result = file_open(store, err);
    if (result != CATALOG_OK)
        return result;
    if (!store->db)
        return refuse_name(store, name, err);
    if (!store->get) /* kept: to prepare it takes longer than all the rest */
        code = sqlite3_prepare_v3(store->db,
                                  "SELECT " COLUMNS
                                  ", c.sealed, c.key_id FROM connections c WHERE c.name = ?1",
                                  -1, SQLITE_PREPARE_PERSISTENT, &store->get, NULL);
    sqlite3_bind_text(store->get, 1, name, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(store->get);
    if (code == SQLITE_ROW) {
        take_row(store->get, entry);
        if (!has_known_key(store, store->get))
            result = key_get(store, false, err);
        if (result == CATALOG_OK)
            result = open_row(store, store->get, entry, err);
    } else if (code == SQLITE_DONE) {
        result = refuse_name(store, name, err);
    } else {
        result = failure(store, code, "cannot read", err);
    }
    sqlite3_reset(store->get);
    if (result != CATALOG_OK)
        catalog_entry_release(entry);
    return result;
}

/* The listing's SQL: by an index whatever the filter, never by a look at all rows before the page.
 * ?1 the name before, ?2 how many, ?3 the type, ?4... the criteria. */
static char *make_query(const struct catalog_filter *filter, bool definitions)
{
    struct text_buffer sql = TEXT_BUFFER_INIT;
    text_append(&sql, "SELECT " COLUMNS);
    if (definitions)
        text_append(&sql, ", c.sealed, c.key_id");
    if (filter->criteria_count)
        text_append(&sql, " FROM criteria m CROSS JOIN connections c ON c.name = m.name "
                          "WHERE m.criterion = ?4 AND m.name > ?1");
    else
        text_append(&sql, " FROM connections c WHERE c.name > ?1");
    if (filter->type)
        text_append(&sql, " AND c.type = ?3");
    for (size_t i = 1; i < filter->criteria_count; i++)
        text_append_format(&sql,
                           " AND EXISTS (SELECT 1 FROM criteria WHERE criterion = ?%zu AND name = "
                           "c.name)",
                           i + 4);
    text_append_format(&sql, " ORDER BY %s LIMIT ?2", filter->criteria_count ? "m.name" : "c.name");
    return text_take(&sql);
}

static sqlite3_stmt *begin_listing(const struct store *store, const struct catalog_filter *filter,
                                   size_t limit, const char *after, bool definitions, int *code)
{
    sqlite3_stmt *statement = NULL;
    char *sql = make_query(filter, definitions);
    *code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    free(sql);
    /* One more than asked for tells whether there is a next page. */
    sqlite3_bind_text(statement, 1, after, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)limit + 1);
    if (filter->type)
        sqlite3_bind_text(statement, 3, filter->type, -1, SQLITE_STATIC);
    for (size_t i = 0; i < filter->criteria_count; i++)
        sqlite3_bind_text(statement, (int)i + 4, filter->criteria[i], -1, SQLITE_STATIC);
    return statement;
}

static enum catalog_result read_page(struct store *store, const struct catalog_filter *filter,
                                     size_t limit, const char *after, bool definitions,
                                     struct catalog_page *page, struct error *err)
{
    int code;
    enum catalog_result result = CATALOG_OK;
    sqlite3_stmt *row = begin_listing(store, filter, limit, after, definitions, &code);
    if (code == SQLITE_OK)
        code = sqlite3_step(row);
    if (code == SQLITE_ROW && definitions)
        result = key_get(store, false, err);
    while (code == SQLITE_ROW && result == CATALOG_OK && page->count < limit) {
        struct catalog_entry *entry = catalog_page_add(page);
        take_row(row, entry);
        if (definitions)
            result = open_row(store, row, entry, err);
        code = sqlite3_step(row);
    }
    if (result == CATALOG_OK && code == SQLITE_ROW)
        page->next_token = token_make(filter, page->entries[page->count - 1].name);
    else if (result == CATALOG_OK && code != SQLITE_DONE)
        result = failure(store, code, "cannot read", err);
    sqlite3_finalize(row);
    return result;
}

enum catalog_result store_list(void *argument, const struct catalog_filter *filter, size_t limit,
                               const char *token, bool definitions, struct catalog_page *page,
                               struct error *err)
{
    struct store *store = argument;
    enum catalog_result result = file_open(store, err);
    if (result != CATALOG_OK)
        return result;
    char *after = token ? token_read(filter, token, err) : xstrdup("");
    if (!after)
        return CATALOG_INVALID_TOKEN;
    if (store->db)
        result = read_page(store, filter, limit, after, definitions, page, err);
    free(after);
    if (result != CATALOG_OK)
        catalog_page_release(page);
    return result;
}
