/* SPDX-License-Identifier: Apache-2.0 */
/* file.c - the catalog's file and its key: found, made, opened. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "publish.h"
#include "store.h"
#include "text.h"

enum { BUSY_MS = 5000 };

void file_wait(const struct store *store)
{
    sqlite3_busy_timeout(store->db, catalog_limit(store->limit_ms, BUSY_MS));
}

static int configure(const struct store *store)
{
    int code;
    sqlite3_extended_result_codes(store->db, 1);
    file_wait(store);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* Who only reads leaves the files as they are. */
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    code = run(store, "PRAGMA synchronous = FULL");
    if (code == SQLITE_OK)
        query_integer(store, "PRAGMA user_version", 0, &code);
    return code;
}

static bool has_log(const struct store *store)
{
    struct stat status;
    char *log = text_format("%s-wal", store->path);
    bool there = stat(log, &status) == 0 && status.st_size > 0;
    free(log);
    return there;
}

/* Whether the folder is one in which we may not write. */
static bool is_fixed(const struct store *store)
{
    char *folder = xstrndup(store->path, (size_t)(strrchr(store->path, '/') - store->path));
    bool fixed = access(*folder ? folder : "/", W_OK) != 0;
    free(folder);
    return fixed;
}

/* As it is, where SQLite would want to make files beside and nobody writes. */
static int open_still(struct store *store)
{
    struct text_buffer uri = TEXT_BUFFER_INIT;
    text_append(&uri, "file:");
    for (const char *at = store->path; *at; at++)
        if (strchr("%?#", *at))
            text_append_format(&uri, "%%%02X", (unsigned)(unsigned char)*at);
        else
            text_append_bytes(&uri, at, 1);
    text_append(&uri, "?immutable=1");
    sqlite3_close(store->db);
    int code = sqlite3_open_v2(uri.data, &store->db,
                               SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
    text_buffer_release(&uri);
    return code == SQLITE_OK ? configure(store) : code;
}

/* Without the shared file for which the disk has no room: alone, under a lock. */
static int open_alone(struct store *store)
{
    sqlite3_close(store->db);
    int code =
        sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = run(store, "PRAGMA locking_mode = EXCLUSIVE");
    return code == SQLITE_OK ? configure(store) : code;
}

static int open_existing(struct store *store)
{
    int code =
        sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = configure(store);
    int kind = code & 0xFF;
    int why = sqlite3_system_errno(store->db);
    if ((kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN) && (why == ENOSPC || why == EDQUOT))
        return open_alone(store);
    if ((kind == SQLITE_CANTOPEN || kind == SQLITE_READONLY) && is_fixed(store) && !has_log(store))
        return open_still(store);
    return code;
}

static enum catalog_result refuse_file(const struct store *store, int code, struct error *err)
{
    if ((code & 0xFF) != SQLITE_CANTOPEN || access(store->path, R_OK) != 0 || !is_fixed(store) ||
        !has_log(store))
        return failure(store, code, "cannot open", err);
    error_set(
        err, REASON_FILE_UNREADABLE,
        "cannot open the catalog %s: its log %s-wal holds what was written last, and cannot be "
        "read in a folder that is read-only for us",
        store->path, store->path);
    error_remedy(err, "give us the right to write in the folder, or copy the catalog, its log and "
                      "its key to one where we have it");
    return CATALOG_FAILED;
}

/* What was removed or replaced while it was open is no longer the catalog: whatever were written
 * into it would be lost. Nothing beside the path is touched, it may be another's by now. */
static void leave_what_has_moved(struct store *store)
{
    int moved = 0;
    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (!moved)
        return;
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_finalize(store->get);
    sqlite3_close(store->db);
    store->get = NULL;
    store->db = NULL;
    text_wipe(&store->key.key, sizeof store->key.key);
    store->key.known = false;
}

enum catalog_result file_open(struct store *store, struct error *err)
{
    if (store->db)
        leave_what_has_moved(store);
    if (store->db || (access(store->path, F_OK) != 0 && errno == ENOENT))
        return CATALOG_OK;
    int code = open_existing(store);
    enum catalog_result result =
        code == SQLITE_OK ? schema_check(store, err) : refuse_file(store, code, err);
    if (result == CATALOG_OK)
        return result;
    sqlite3_close(store->db);
    store->db = NULL;
    return result;
}

static bool make_folders(const char *path)
{
    char *folder = xstrdup(path);
    bool made = true;
    for (char *slash = strchr(folder + 1, '/'); slash && made; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        made = mkdir(folder, 0700) == 0 ? chmod(folder, 0700) == 0 : errno == EEXIST;
        *slash = '/';
    }
    free(folder);
    return made;
}

enum catalog_result file_make(struct store *store, struct error *err)
{
    enum catalog_result result = file_open(store, err);
    size_t size = 0;
    if (result != CATALOG_OK || store->db)
        return result;
    unsigned char *bytes = schema_make(&size, err);
    if (!bytes)
        return CATALOG_FAILED;
    bool made = make_folders(store->path) && publish(store->path, bytes, size);
    int why = errno;
    sqlite3_free(bytes);
    if (made)
        return file_open(store, err);
    bool full = why == ENOSPC || why == EDQUOT || why == EFBIG;
    error_set(err, full ? REASON_BUSY : REASON_FILE_UNREADABLE, "cannot make the catalog %s: %s",
              store->path, strerror(why));
    error_remedy(err, full
                          ? "make room on its disk"
                          : "give a path in a folder that we may write with --catalog sqlite:PATH");
    bool denied = why == EACCES || why == EROFS || why == EPERM;
    return full ? CATALOG_BUSY : denied ? CATALOG_DENIED : CATALOG_FAILED;
}

/* The id of the key that the catalog's definitions are sealed with, "" where it has none. */
static enum catalog_result find_key_id(const struct store *store, char *id, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(store->db, "SELECT key_id FROM connections LIMIT 1", -1,
                                  &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    id[0] = '\0';
    if (code == SQLITE_ROW) {
        const char *found = (const char *)sqlite3_column_text(statement, 0);
        text_one_line(id, SEAL_ID_SIZE, found, strlen(found));
    }
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? CATALOG_OK
                                                     : failure(store, code, "cannot read", err);
}

enum catalog_result key_get(struct store *store, bool create, struct error *err)
{
    char id[SEAL_ID_SIZE];
    /* In this order: a key is published before the first row is sealed with it. */
    enum catalog_result result = find_key_id(store, id, err);
    return result == CATALOG_OK ? catalog_key_get(&store->key, store->path, id, create, err)
                                : result;
}
