/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_json.h - stored connections from and to the structures of the API. */
#ifndef CATALOG_JSON_H
#define CATALOG_JSON_H

#include "catalog.h"
#include "connection.h"

/* Take off what a Connection of the API has and a ConnectionInput has not. */
void catalog_json_strip(json_t *connection);

/*
 * What is to be stored of CONNECTION, checked by validate_to_store(), written BY somebody: the
 * definition verbatim, but for the members that only a stored connection has. The caller releases
 * ENTRY.
 */
void catalog_entry_from_connection(const struct connection *connection, const char *by,
                                   struct catalog_entry *entry);

/* ENTRY's definition, to be tested; NULL with ERR set when it is not one. */
struct connection *catalog_entry_to_connection(const struct catalog_entry *entry,
                                               struct error *err);

enum catalog_show {
    CATALOG_SHOW_PASSWORDS = 1, /* without it: what HidePassword leaves */
    CATALOG_SHOW_DATES = 2 /* times as ISO 8601 texts; without it as seconds, as the API does */
};

/*
 * ENTRY as the API's Connection; SHOW of enum catalog_show. What only an input has is left out
 * (an authorization code, for one). One that was not tested since it was written is READY, as in
 * Glue, and has no LastConnectionValidationTime. The caller decrefs it.
 */
json_t *catalog_entry_to_json(const struct catalog_entry *entry, unsigned show);

/* The answer of BatchDeleteConnection: Succeeded and Errors, each name once. */
json_t *catalog_deletions_to_json(const char *const *names, const enum catalog_result *results,
                                  size_t count);

/* What a status of a failed test says: "CODE at STAGE: reason"; the caller frees it. */
char *catalog_status_reason(const char *stage, enum reason code, const char *reason,
                            const char *remedy);

/* "2026-11-22T10:00:00.123Z". OUT holds at least 32 bytes. */
void catalog_date(char *out, size_t size, int64_t since_1970_ms);

#endif
