/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - a catalog in one SQLite file, as the parts of its module share it. */
#ifndef STORE_H
#define STORE_H

#include <sqlite3.h>

#include "catalog_backend.h"

struct store {
    char *path;  /* begins with / or ./, so that SQLite reads nothing else into it */
    sqlite3 *db; /* NULL: the file was not there when last looked for */
    struct catalog_key key;
    int limit_ms;      /* of each wait for another's lock; 0: our own */
    sqlite3_stmt *get; /* of DB; NULL: not needed yet */
};

/* schema.c: The newest schema this program knows, raised by every change of it. */
enum { SCHEMA_VERSION = 1 };

/* The bytes of an empty catalog of the newest schema; sqlite3_free() them. NULL with ERR set. */
unsigned char *schema_make(size_t *size, struct error *err);

/*
 * See that the open file is a catalog of a version we know, and bring an older one to the newest.
 * CATALOG_FAILED with ERR set for a file of another program, of a newer version, or a damaged one.
 */
enum catalog_result schema_check(struct store *store, struct error *err);

/* file.c: Open the file if it is there; CATALOG_OK with store->db NULL when it is not. */
enum catalog_result file_open(struct store *store, struct error *err);

/* Make the file, and the folders above it, unless it is there; open it. */
enum catalog_result file_make(struct store *store, struct error *err);

/* Wait for another program's lock, as long as is fit. */
void file_wait(const struct store *store);

/* Have the key at hand. CREATE: one is made where the catalog is empty and has none. */
enum catalog_result key_get(struct store *store, bool create, struct error *err);

/* read.c: As their namesakes in catalog.h. */
enum catalog_result store_get(void *store, const char *name, struct catalog_entry *entry,
                              struct error *err);
enum catalog_result store_list(void *store, const struct catalog_filter *filter, size_t limit,
                               const char *token, bool definitions, struct catalog_page *page,
                               struct error *err);

/* failure.c: Say what SQLite's result CODE means while WHAT ("writing") was going on. */
enum catalog_result failure(const struct store *store, int code, const char *what,
                            struct error *err);

/* Run SQL that answers nothing; SQLite's result code. */
int run(const struct store *store, const char *sql);

/* The integer that SQL answers in its first column, or FALLBACK when it answers nothing; *CODE is
 * SQLite's result code, SQLITE_OK when all went well. */
sqlite3_int64 query_integer(const struct store *store, const char *sql, sqlite3_int64 fallback,
                            int *code);

#endif
