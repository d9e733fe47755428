/* SPDX-License-Identifier: Apache-2.0 */
/* failure.c - SQLite's result codes in words that name the file and what to do. */
#include <errno.h>
#include <string.h>

#include "store.h"

static enum catalog_result fail(enum catalog_result result, enum reason reason, struct error *err,
                                const struct store *store, const char *what, const char *why,
                                const char *remedy)
{
    error_set(err, reason, "%s the catalog %s: %s", what, store->path, why);
    error_remedy(err, "%s", remedy);
    return result;
}

enum catalog_result failure(const struct store *store, int code, const char *what,
                            struct error *err)
{
    static const char *const restore =
        "put a copy of the file back in its place, or give another one with --catalog";
    const char *permit =
        "give the user that runs testconn the right to write the file and its folder";
    int why = store->db ? sqlite3_system_errno(store->db) : 0;
    bool full = why == ENOSPC || why == EDQUOT || why == EFBIG;
    int kind = code & 0xFF;
    if (full && (kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN))
        kind = SQLITE_FULL;
    if (why == EISDIR)
        permit = "give the path of a file with --catalog sqlite:PATH";
    switch (kind) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return fail(CATALOG_BUSY, REASON_BUSY, err, store, what, "another program holds its lock",
                    "try again; see with fuser which program holds the file");
    case SQLITE_FULL:
        return fail(CATALOG_BUSY, REASON_BUSY, err, store, what, "no room is left on its disk",
                    "make room on the disk of the catalog");
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return fail(CATALOG_DENIED, REASON_FILE_UNREADABLE, err, store, what,
                    "the file or its folder is read-only for us", permit);
    case SQLITE_CANTOPEN:
        return fail(CATALOG_FAILED, REASON_FILE_UNREADABLE, err, store, what,
                    why ? strerror(why) : "the file cannot be opened", permit);
    case SQLITE_NOTADB:
        return fail(CATALOG_FAILED, REASON_FILE_UNREADABLE, err, store, what,
                    "it is no catalog: the file is not a SQLite database", restore);
    case SQLITE_CORRUPT:
        return fail(CATALOG_FAILED, REASON_FILE_UNREADABLE, err, store, what,
                    "the file is damaged or cut short (SQLITE_CORRUPT)", restore);
    case SQLITE_IOERR:
        return fail(CATALOG_FAILED, REASON_FILE_UNREADABLE, err, store, what,
                    why ? strerror(why) : sqlite3_errstr(code), "check the disk of the catalog");
    default:
        error_set(err, REASON_INTERNAL, "%s the catalog %s: %s (%s)", what, store->path,
                  sqlite3_errmsg(store->db), sqlite3_errstr(code));
        return CATALOG_FAILED;
    }
}

int run(const struct store *store, const char *sql)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL);
}

sqlite3_int64 query_integer(const struct store *store, const char *sql, sqlite3_int64 fallback,
                            int *code)
{
    sqlite3_stmt *statement = NULL;
    sqlite3_int64 value = fallback;
    *code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (*code == SQLITE_OK)
        *code = sqlite3_step(statement);
    if (*code == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    if (*code == SQLITE_ROW || *code == SQLITE_DONE)
        *code = SQLITE_OK;
    sqlite3_finalize(statement);
    return value;
}
