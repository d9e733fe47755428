/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite.c - a catalog in one SQLite file (WAL): the writes, and the module's face. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "store.h"
#include "text.h"

enum { LOG_MOST = 64 << 10 };

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *store_open(const char *location, const struct catalog_options *options,
                        struct error *err)
{
    if (!*location || strlen(location) > 4000) {
        error_set(err, REASON_INVALID_INPUT, "sqlite: needs the path of a file: sqlite:PATH");
        return NULL;
    }
    struct store *store = xcalloc(1, sizeof *store);
    store->path = text_format("%s%s", *location == '/' ? "" : "./", location);
    store->limit_ms = options->limit_ms;
    store->key.path =
        options->key_file ? xstrdup(options->key_file) : text_format("%s.key", store->path);
    if (file_open(store, err) == CATALOG_OK)
        return store;
    free(store->path);
    free(store->key.path);
    free(store);
    return NULL;
}

/* Statuses alone leave the log where it is; but who comes next has to read all of it. */
static void close_file(const struct store *store)
{
    struct stat status;
    char *log = text_format("%s-wal", store->path);
    if (stat(log, &status) == 0 && status.st_size > LOG_MOST)
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    free(log);
    sqlite3_close(store->db);
}

static void store_close(void *argument)
{
    struct store *store = argument;
    sqlite3_finalize(store->get);
    if (store->db)
        close_file(store);
    free(store->path);
    free(store->key.path);
    text_wipe(&store->key, sizeof store->key);
    free(store);
}

/* Begin a transaction that writes definitions: the log goes back into the file at the end, so that
 * file and key are all there is to copy. */
static int begin(const struct store *store)
{
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    return run(store, "BEGIN IMMEDIATE");
}

/* End a transaction: COMMIT when RESULT is CATALOG_OK. */
static enum catalog_result end(const struct store *store, enum catalog_result result,
                               struct error *err)
{
    int code = result == CATALOG_OK ? run(store, "COMMIT") : SQLITE_OK;
    if (code != SQLITE_OK)
        result = failure(store, code, "cannot write", err);
    if (result != CATALOG_OK)
        run(store, "ROLLBACK");
    return result;
}

/* Run STATEMENT, which answers nothing or one row, and end it. */
static int step_once(sqlite3_stmt *statement, int code)
{
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    int finalized = sqlite3_finalize(statement);
    return finalized != SQLITE_OK ? finalized : code == SQLITE_ROW ? SQLITE_DONE : code;
}

static int write_criteria(const struct store *store, const struct catalog_entry *entry)
{
    sqlite3_stmt *statement = NULL;
    int code =
        sqlite3_prepare_v2(store->db, "DELETE FROM criteria WHERE name = ?1", -1, &statement, NULL);
    sqlite3_bind_text(statement, 1, entry->name, -1, SQLITE_STATIC);
    code = step_once(statement, code);
    for (size_t i = 0; i < entry->criteria_count && code == SQLITE_DONE; i++) {
        code = sqlite3_prepare_v2(store->db, "INSERT OR IGNORE INTO criteria VALUES (?1, ?2)", -1,
                                  &statement, NULL);
        sqlite3_bind_text(statement, 1, entry->criteria[i], -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, entry->name, -1, SQLITE_STATIC);
        code = step_once(statement, code);
    }
    return code;
}

/* A new definition has no status: nobody has tested it. Tags belong to creation alone. */
#define INSERT                                                                                     \
    "INSERT INTO connections (name, type, sealed, key_id, version, created_ms, updated_ms, "       \
    "updated_by, tags) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8)"
#define SET                                                                                        \
    "type = ?2, sealed = ?3, key_id = ?4, version = ?5, updated_ms = ?6, updated_by = ?7, "        \
    "status = 0, reason = NULL, validated_ms = 0"
static const char *const writes[] = {
    INSERT,
    INSERT " ON CONFLICT (name) DO UPDATE SET " SET ", tags = coalesce(?8, tags)",
    "UPDATE connections SET " SET " WHERE name = ?1",
};
enum write { WRITE_CREATE, WRITE_REPLACE, WRITE_UPDATE };

/* The definition's row; *CHANGED tells whether there was one to write. */
static int write_row(const struct store *store, enum write how, const struct catalog_entry *entry,
                     bool *changed)
{
    int code;
    sqlite3_stmt *statement = NULL;
    size_t size = 0;
    sqlite3_int64 version =
        query_integer(store, "UPDATE counter SET value = value + 1 RETURNING value", 0, &code);
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(store->db, writes[how], -1, &statement, NULL);
    if (code != SQLITE_OK)
        return code;
    unsigned char *sealed = seal(&store->key.key, entry->name, entry->definition, &size);
    sqlite3_bind_text(statement, 1, entry->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, entry->type, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(statement, 3, sealed, size, SQLITE_STATIC);
    sqlite3_bind_text(statement, 4, store->key.key.id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, version);
    sqlite3_bind_int64(statement, 6, now_ms());
    sqlite3_bind_text(statement, 7, entry->updated_by, -1, SQLITE_STATIC);
    if (how != WRITE_UPDATE)
        sqlite3_bind_text(statement, 8, entry->tags, -1, SQLITE_STATIC);
    code = step_once(statement, SQLITE_OK);
    *changed = sqlite3_changes(store->db) > 0;
    free(sealed);
    return code;
}

static enum catalog_result refuse_write(const struct store *store, enum write how, int code,
                                        const char *name, struct error *err)
{
    if (how == WRITE_CREATE && (code & 0xFF) == SQLITE_CONSTRAINT)
        return catalog_refuse_taken(store->path, name, err);
    if (code == SQLITE_DONE)
        return catalog_refuse_missing(store->path, name, "", err);
    return failure(store, code, "cannot write", err);
}

/* All of ENTRIES in one transaction. */
static enum catalog_result write_all(struct store *store, enum write how,
                                     const struct catalog_entry *entries, size_t count, size_t *at,
                                     struct error *err)
{
    int code = begin(store);
    if (code != SQLITE_OK)
        return failure(store, code, "cannot write", err);
    /* Under the lock: the key is the one of all rows that are there. */
    enum catalog_result result = key_get(store, how != WRITE_UPDATE, err);
    for (*at = 0; result == CATALOG_OK && *at < count; ++*at) {
        bool changed = false;
        code = write_row(store, how, &entries[*at], &changed);
        if (code != SQLITE_DONE || !changed)
            result = refuse_write(store, how, code, entries[*at].name, err);
        else if ((code = write_criteria(store, &entries[*at])) != SQLITE_DONE)
            result = failure(store, code, "cannot write", err);
        if (result != CATALOG_OK)
            break;
    }
    return end(store, result, err);
}

static enum catalog_result store_create(void *argument, const struct catalog_entry *entries,
                                        size_t count, bool replace, size_t *at, struct error *err)
{
    struct store *store = argument;
    enum catalog_result result = file_make(store, err);
    if (result != CATALOG_OK)
        return result;
    return write_all(store, replace ? WRITE_REPLACE : WRITE_CREATE, entries, count, at, err);
}

static enum catalog_result store_update(void *argument, const struct catalog_entry *entry,
                                        struct error *err)
{
    struct store *store = argument;
    size_t at = 0;
    enum catalog_result result = file_open(store, err);
    if (result == CATALOG_OK && !store->db)
        return refuse_write(store, WRITE_UPDATE, SQLITE_DONE, entry->name, err);
    return result == CATALOG_OK ? write_all(store, WRITE_UPDATE, entry, 1, &at, err) : result;
}

static int delete_one(const struct store *store, const char *name, bool *deleted)
{
    static const char *const statements[] = {"DELETE FROM criteria WHERE name = ?1",
                                             "DELETE FROM connections WHERE name = ?1"};
    int code = SQLITE_DONE;
    for (int i = 0; i < 2 && code == SQLITE_DONE; i++) {
        sqlite3_stmt *statement = NULL;
        code = sqlite3_prepare_v2(store->db, statements[i], -1, &statement, NULL);
        sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
        code = step_once(statement, code);
    }
    *deleted = sqlite3_changes(store->db) > 0;
    return code;
}

static enum catalog_result store_delete(void *argument, const char *const *names, size_t count,
                                        enum catalog_result *results, struct error *err)
{
    struct store *store = argument;
    enum catalog_result result = file_open(store, err);
    for (size_t i = 0; i < count; i++)
        results[i] = CATALOG_NOT_FOUND;
    if (result != CATALOG_OK || !store->db)
        return result;
    int code = begin(store);
    if (code != SQLITE_OK)
        return failure(store, code, "cannot write", err);
    for (size_t i = 0; i < count && result == CATALOG_OK; i++) {
        bool deleted = false;
        if (catalog_repeats(names, i, results))
            continue;
        code = delete_one(store, names[i], &deleted);
        results[i] = deleted ? CATALOG_OK : CATALOG_NOT_FOUND;
        if (code != SQLITE_DONE)
            result = failure(store, code, "cannot write", err);
    }
    return end(store, result, err);
}

static enum catalog_result store_set_status(void *argument, const char *name, int64_t version,
                                            enum catalog_status status, const char *reason,
                                            int64_t validated_ms, struct error *err)
{
    struct store *store = argument;
    sqlite3_stmt *statement = NULL;
    enum catalog_result result = file_open(store, err);
    if (result != CATALOG_OK)
        return result;
    if (!store->db)
        return catalog_refuse_changed(name, err);
    /* A lost status is found again by the next test: it waits neither for the disk nor for a lock.
     */
    sqlite3_busy_timeout(store->db, 0);
    run(store, "PRAGMA synchronous = NORMAL");
    int code = sqlite3_prepare_v2(store->db,
                                  "UPDATE connections SET status = ?3, reason = ?4, validated_ms = "
                                  "?5 WHERE name = ?1 AND version = ?2",
                                  -1, &statement, NULL);
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, version);
    sqlite3_bind_int(statement, 3, (int)status);
    sqlite3_bind_text(statement, 4, reason, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, validated_ms);
    code = step_once(statement, code);
    run(store, "PRAGMA synchronous = FULL");
    file_wait(store);
    if (code != SQLITE_DONE)
        return failure(store, code, "cannot write", err);
    return sqlite3_changes(store->db) > 0 ? CATALOG_OK : catalog_refuse_changed(name, err);
}

CATALOG_BACKEND_MODULE = {
    .abi = CATALOG_BACKEND_ABI,
    .open = store_open,
    .close = store_close,
    .create = store_create,
    .get = store_get,
    .list = store_list,
    .update = store_update,
    .batch_delete = store_delete,
    .set_status = store_set_status,
};
