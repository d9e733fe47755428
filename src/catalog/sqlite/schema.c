/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c - the tables, and the way from every older version to the newest. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store.h"

/* "tcon": tells a catalog from the databases of other programs. */
enum { APPLICATION_ID = 0x74636F6E };

/*
 * migrations[N] leads from version N to N + 1. A row, once released, never changes.
 *
 * Version 1. The counter makes versions that never come again. What a connection is found by -
 * name, type, criteria - stands in the clear, its definition only sealed.
 */
static const char *const migrations[SCHEMA_VERSION] = {
    "PRAGMA application_id = 1952673646;"
    "CREATE TABLE counter (value INTEGER NOT NULL);"
    "INSERT INTO counter VALUES (0);"
    "CREATE TABLE connections ("
    " name TEXT NOT NULL UNIQUE, type TEXT NOT NULL, tags TEXT,"
    " sealed BLOB NOT NULL, key_id TEXT NOT NULL,"
    " version INTEGER NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,"
    " updated_by TEXT, status INTEGER NOT NULL DEFAULT 0, reason TEXT,"
    " validated_ms INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX connections_by_type ON connections (type, name);"
    "CREATE TABLE criteria (criterion TEXT NOT NULL, name TEXT NOT NULL,"
    " PRIMARY KEY (criterion, name)) WITHOUT ROWID;"
    "CREATE INDEX criteria_by_name ON criteria (name);",
};

static int migrate(const struct store *store, int from)
{
    int code = SQLITE_OK;
    for (int version = from; version < SCHEMA_VERSION && code == SQLITE_OK; version++)
        code = run(store, migrations[version]);
    char *stamp = sqlite3_mprintf("PRAGMA user_version = %d", SCHEMA_VERSION);
    if (code == SQLITE_OK)
        code = run(store, stamp);
    sqlite3_free(stamp);
    return code;
}

unsigned char *schema_make(size_t *size, struct error *err)
{
    static char name[] = "a new file for";
    struct store memory = {.path = name};
    unsigned char *bytes = NULL;
    sqlite3_int64 length = 0;
    int code =
        sqlite3_open_v2(":memory:", &memory.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = migrate(&memory, 0);
    if (code == SQLITE_OK)
        bytes = sqlite3_serialize(memory.db, "main", &length, 0);
    if (!bytes) {
        failure(&memory, code == SQLITE_OK ? SQLITE_NOMEM : code, "cannot make", err);
    } else {
        /* "File format write and read version" of the header: 2 is WAL. */
        bytes[18] = 2;
        bytes[19] = 2;
        *size = (size_t)length;
    }
    sqlite3_close(memory.db);
    return bytes;
}

static enum catalog_result refuse(const struct store *store, struct error *err, const char *what,
                                  const char *remedy)
{
    error_set(err, REASON_FILE_UNREADABLE, "%s %s", store->path, what);
    error_remedy(err, "%s", remedy);
    return CATALOG_FAILED;
}

static enum catalog_result upgrade(const struct store *store, struct error *err)
{
    int code = run(store, "BEGIN IMMEDIATE");
    /* Another program may have been faster. */
    sqlite3_int64 version =
        code == SQLITE_OK ? query_integer(store, "PRAGMA user_version", 0, &code) : 0;
    if (code == SQLITE_OK && version < SCHEMA_VERSION)
        code = migrate(store, (int)version);
    if (code == SQLITE_OK)
        code = run(store, "COMMIT");
    if (code == SQLITE_OK)
        return CATALOG_OK;
    enum catalog_result result = failure(store, code, "cannot bring to this version", err);
    run(store, "ROLLBACK");
    return result;
}

/* Whether the file has no byte in it, and never had: a catalog that was cut to nothing left its
 * key. */
static bool is_new(const struct store *store)
{
    struct stat status;
    return stat(store->path, &status) == 0 && status.st_size == 0 &&
           access(store->key.path, F_OK) != 0;
}

/* A file that bears no mark of ours. */
static enum catalog_result adopt_or_refuse(const struct store *store, struct error *err)
{
    int code;
    sqlite3_int64 tables = query_integer(store, "SELECT count(*) FROM sqlite_schema", 0, &code);
    if (code != SQLITE_OK)
        return failure(store, code, "cannot read", err);
    if (tables)
        return refuse(store, err, "is no catalog: it is the SQLite database of another program",
                      "give another file with --catalog sqlite:PATH");
    if (!is_new(store))
        return refuse(store, err, "is no catalog: it holds nothing, and was perhaps cut short",
                      "put a copy of the file back in its place, or remove it to begin a new one");
    enum catalog_result result = upgrade(store, err);
    if (result == CATALOG_OK)
        run(store, "PRAGMA journal_mode = WAL");
    return result;
}

enum catalog_result schema_check(struct store *store, struct error *err)
{
    int code;
    sqlite3_int64 mark = query_integer(store, "PRAGMA application_id", 0, &code);
    sqlite3_int64 version =
        code == SQLITE_OK ? query_integer(store, "PRAGMA user_version", 0, &code) : 0;
    if (code != SQLITE_OK)
        return failure(store, code, "cannot read", err);
    if (mark != APPLICATION_ID || version < 1)
        return adopt_or_refuse(store, err);
    if (version > SCHEMA_VERSION) {
        error_set(err, REASON_FILE_UNREADABLE,
                  "%s was made by a newer testconn: its schema has version %lld, this one knows "
                  "versions up to %d",
                  store->path, (long long)version, SCHEMA_VERSION);
        error_remedy(err, "use the newer testconn for it");
        return CATALOG_FAILED;
    }
    return version == SCHEMA_VERSION ? CATALOG_OK : upgrade(store, err);
}
