/* SPDX-License-Identifier: Apache-2.0 */
/* transaction.c - definitions are written by one agent at a time, and what was acknowledged is
 * written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "text.h"

/* What holds for this transaction alone, so that a pooler in between is no harm: the server gives
 * up before we do, and an agent that stands still loses the lock. The lock is every agent's. */
static const char begin[] = "BEGIN ISOLATION LEVEL READ COMMITTED;"
                            "SET LOCAL lock_timeout = 5000;"
                            "SET LOCAL statement_timeout = 8000;"
                            "SET LOCAL idle_in_transaction_session_timeout = 15000;"
                            "SET LOCAL synchronous_commit = on;"
                            "SELECT pg_catalog.pg_advisory_xact_lock(8386658473162859880)";

static enum catalog_result run(struct store *store, const char *sql, const char *what,
                               struct error *err)
{
    PGresult *answer;
    enum catalog_result result = session_ask(store, sql, NULL, what, &answer, err);
    PQclear(answer);
    return result;
}

/* Under the lock: the catalog's version, the key of all rows that are there, our own number. */
static enum catalog_result look(struct store *store, long long *version, char *key_id,
                                struct error *err)
{
    struct arguments none = {.count = 0};
    PGresult *answer;
    enum catalog_result result =
        session_ask(store,
                    "SELECT (SELECT max(version) FROM testconn.catalog), (SELECT key_id FROM "
                    "testconn.connections LIMIT 1), pg_catalog.txid_current()",
                    &none, "read", &answer, err);
    if (result == CATALOG_OK) {
        *version = strtoll(PQgetvalue(answer, 0, 0), NULL, 10);
        const char *id = PQgetvalue(answer, 0, 1);
        text_one_line(key_id, SEAL_ID_SIZE, id, strlen(id));
        snprintf(store->transaction, sizeof store->transaction, "%s", PQgetvalue(answer, 0, 2));
        result = schema_check(store, *version, err);
    }
    PQclear(answer);
    return result;
}

enum catalog_result transaction_begin(struct store *store, bool create, bool deleting,
                                      struct error *err)
{
    long long version = 0;
    char key_id[SEAL_ID_SIZE] = "";
    enum catalog_result result = run(store, begin, "write", err);
    if (result == CATALOG_OK && !store->exists && create)
        result = schema_make(store, err);
    if (result == CATALOG_OK)
        result = look(store, &version, key_id, err);
    if (result == CATALOG_OK && version < SCHEMA_VERSION)
        result = schema_make(store, err);
    if (result == CATALOG_OK && !deleting)
        result = key_get(store, key_id, create, err);
    return result;
}

/* The connection ended while we waited to hear that all is written: ask anew what became of it. */
static enum catalog_result ask_again(struct store *store, struct error *err)
{
    struct store again = {.place = store->place};
    struct arguments number = {.count = 0};
    struct error ignored = ERROR_INIT;
    PGresult *answer = NULL;
    char status[16] = "";
    arguments_text(&number, store->transaction);
    if (session_reach(&again, &ignored) == CATALOG_OK &&
        session_ask(&again, "SELECT pg_catalog.txid_status($1::bigint)", &number, "read", &answer,
                    &ignored) == CATALOG_OK)
        snprintf(status, sizeof status, "%s", PQgetvalue(answer, 0, 0));
    PQclear(answer);
    session_close(&again);
    if (strcmp(status, "committed") == 0)
        return CATALOG_OK;
    char *why = xstrdup(err->message);
    error_set(err, err->reason, "%s; %s", why,
              strcmp(status, "aborted") == 0 ? "nothing was written"
                                             : "whether it was written is not known");
    free(why);
    return CATALOG_BUSY;
}

static enum catalog_result commit(struct store *store, struct error *err)
{
    PGresult *answer;
    store->committing = true;
    enum catalog_result result = session_ask(store, "COMMIT", NULL, "write", &answer, err);
    if (result == CATALOG_OK && strcmp(PQcmdStatus(answer), "COMMIT") != 0) {
        error_set(err, REASON_QUERY_FAILED, "cannot write the catalog %s: the server took it back",
                  store->place.shown);
        result = CATALOG_FAILED;
    } else if (result != CATALOG_OK && (!store->conn || PQstatus(store->conn) != CONNECTION_OK)) {
        result = ask_again(store, err);
    } else {
        store->committing = result == CATALOG_OK;
    }
    PQclear(answer);
    return result;
}

enum catalog_result transaction_end(struct store *store, enum catalog_result result,
                                    struct error *err)
{
    struct error ignored = ERROR_INIT;
    bool lost = store->lost;
    bool collided = store->collided;
    if (result == CATALOG_OK)
        result = commit(store, err);
    if (result == CATALOG_OK) {
        store->exists = true;
        return result;
    }
    if (store->conn && PQtransactionStatus(store->conn) != PQTRANS_IDLE)
        run(store, "ROLLBACK", "write", &ignored);
    if (store->committing)
        return result;
    store->lost = lost || store->lost;
    store->collided = collided || store->collided;
    return result;
}
