/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c - the tables, and the way from every older version to the newest. */
#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "text.h"

/*
 * migrations[N] leads from version N to N + 1. A row, once released, never changes.
 *
 * Version 1. The sequence makes versions that never come again. What a connection is found by -
 * name, type, criteria - stands in the clear, its definition only sealed. Names are ordered by
 * their bytes whatever the database's own order. A status is written in place.
 */
static const char *const migrations[SCHEMA_VERSION] = {
    "CREATE SEQUENCE testconn.versions;"
    "CREATE TABLE testconn.catalog (version integer NOT NULL);"
    "INSERT INTO testconn.catalog VALUES (0);"
    "CREATE TABLE testconn.connections ("
    " name text COLLATE \"C\" NOT NULL PRIMARY KEY, type text COLLATE \"C\" NOT NULL, tags text,"
    " sealed bytea NOT NULL, key_id text NOT NULL,"
    " version bigint NOT NULL, created_ms bigint NOT NULL, updated_ms bigint NOT NULL,"
    " updated_by text, status smallint NOT NULL DEFAULT 0, reason text,"
    " validated_ms bigint NOT NULL DEFAULT 0) WITH (fillfactor = 80);"
    "ALTER TABLE testconn.connections ALTER COLUMN sealed SET STORAGE EXTERNAL;"
    "CREATE INDEX connections_by_type ON testconn.connections (type, name);"
    "CREATE TABLE testconn.criteria (criterion text COLLATE \"C\" NOT NULL,"
    " name text COLLATE \"C\" NOT NULL, PRIMARY KEY (criterion, name));"
    "CREATE INDEX criteria_by_name ON testconn.criteria (name);",
};

enum catalog_result schema_check(const struct store *store, long long version, struct error *err)
{
    if (version <= SCHEMA_VERSION)
        return CATALOG_OK;
    error_set(err, REASON_FILE_UNREADABLE,
              "%s was made by a newer testconn: its schema has version %lld, this one knows "
              "versions up to %d",
              store->place.shown, version, SCHEMA_VERSION);
    error_remedy(err, "use the newer testconn for it");
    return CATALOG_FAILED;
}

static enum catalog_result refuse_foreign(const struct store *store, struct error *err)
{
    error_set(
        err, REASON_FILE_UNREADABLE,
        "%s is no catalog: its schema testconn has tables of another program, or lacks some of "
        "the catalog's own",
        store->place.shown);
    error_remedy(err, "give another database with --catalog postgresql://...");
    return CATALOG_FAILED;
}

/* The one number that SQL answers, 0 where it answers nothing. */
static enum catalog_result ask_number(struct store *store, const char *sql, long long *number,
                                      struct error *err)
{
    struct arguments none = {.count = 0};
    PGresult *answer;
    enum catalog_result result = session_ask(store, sql, &none, "read", &answer, err);
    if (result == CATALOG_OK)
        *number = PQntuples(answer) ? strtoll(PQgetvalue(answer, 0, 0), NULL, 10) : 0;
    PQclear(answer);
    return result;
}

/* What the schema testconn holds: -1 nothing or it is not there, else the catalog's version. */
static enum catalog_result read_version(struct store *store, long long *version, struct error *err)
{
    long long tables = 0;
    long long marks = 0;
    enum catalog_result result = ask_number(
        store,
        "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
        "ON n.oid = c.relnamespace WHERE n.nspname = 'testconn' AND c.relkind IN ('r', 'p')",
        &tables, err);
    *version = -1;
    if (result != CATALOG_OK || tables == 0)
        return result;
    result = ask_number(store,
                        "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
                        "ON n.oid = c.relnamespace WHERE n.nspname = 'testconn' AND c.relname IN "
                        "('catalog', 'connections', 'criteria', 'versions')",
                        &marks, err);
    if (result == CATALOG_OK && marks < 4)
        return refuse_foreign(store, err);
    if (result == CATALOG_OK)
        result = ask_number(store, "SELECT version FROM testconn.catalog", version, err);
    return result;
}

enum catalog_result schema_look(struct store *store, struct error *err)
{
    long long version;
    enum catalog_result result = read_version(store, &version, err);
    if (result == CATALOG_OK)
        result = schema_check(store, version, err);
    /* An older one is brought to our version by who first writes; it can be read as it is. */
    store->exists = result == CATALOG_OK && version > 0;
    return result;
}

static enum catalog_result run(struct store *store, const char *sql, struct error *err)
{
    PGresult *answer;
    enum catalog_result result = session_ask(store, sql, NULL, "make", &answer, err);
    PQclear(answer);
    return result;
}

static enum catalog_result make_schema(struct store *store, struct error *err)
{
    const char *encoding = PQparameterStatus(store->conn, "server_encoding");
    long long there = 0;
    if (!text_equal(encoding, "UTF8")) {
        error_set(err, REASON_INVALID_INPUT,
                  "cannot make the catalog %s: the encoding of the database is %s, not UTF8",
                  store->place.shown, encoding ? encoding : "unknown");
        error_remedy(err, "give a database with the encoding UTF8");
        return CATALOG_FAILED;
    }
    enum catalog_result result =
        ask_number(store, "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = 'testconn'",
                   &there, err);
    /* Made for us by somebody with more rights, perhaps. */
    return result == CATALOG_OK && !there ? run(store, "CREATE SCHEMA testconn", err) : result;
}

enum catalog_result schema_make(struct store *store, struct error *err)
{
    long long version;
    enum catalog_result result = read_version(store, &version, err);
    if (result == CATALOG_OK)
        result = schema_check(store, version, err);
    if (result == CATALOG_OK && version < 0)
        result = make_schema(store, err);
    for (long long at = version < 0 ? 0 : version; result == CATALOG_OK && at < SCHEMA_VERSION;
         at++)
        result = run(store, migrations[at], err);
    if (result == CATALOG_OK && version < SCHEMA_VERSION) {
        char *stamp = text_format("UPDATE testconn.catalog SET version = %d", SCHEMA_VERSION);
        result = run(store, stamp, err);
        free(stamp);
    }
    return result;
}
