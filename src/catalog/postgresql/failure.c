/* SPDX-License-Identifier: Apache-2.0 */
/* failure.c - SQLSTATEs and libpq's words as codes, the place and what to do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "text.h"

enum { WORDS_SIZE = 1024 };

/* What a failure means: STATE begins its SQLSTATE ("": libpq's own), WORDS stand in its text. */
struct meaning {
    const char *state, *words;
    enum reason reason;
    enum catalog_result result;
    const char *remedy; /* NULL: the reason's own */
};

#define GRANT                                                                                      \
    "grant the role of the catalog's URL CONNECT on the database, USAGE on the schema testconn "   \
    "and its sequence, and SELECT, INSERT, UPDATE and DELETE on its tables; who writes first "     \
    "needs CREATE on the database"

#define NOT_A_PAIR                                                                                 \
    "the key of sslkey in the catalog's URL does not belong to the certificate of sslcert: name "  \
    "the one that this certificate was made for"

/* The first that fits. */
static const struct meaning meanings[] = {
    {"28P01", NULL, REASON_LOGIN_REFUSED, CATALOG_FAILED, NULL},
    {"28000", "no encryption", REASON_TLS_REQUIRED, CATALOG_FAILED,
     "put sslmode=require (or verify-full) into the catalog's URL, and have this host let in over "
     "TLS"},
    {"28", NULL, REASON_LOGIN_NOT_ALLOWED, CATALOG_FAILED, NULL},
    {"3D000", NULL, REASON_DATABASE_MISSING, CATALOG_FAILED, NULL},
    {"42501", NULL, REASON_PERMISSION_DENIED, CATALOG_DENIED, GRANT},
    {"25P03", NULL, REASON_CONNECTION_CLOSED, CATALOG_BUSY, NULL},
    {"25006", NULL, REASON_PERMISSION_DENIED, CATALOG_DENIED,
     "name the primary server in the catalog's URL (target_session_attrs=read-write chooses it "
     "among several hosts)"},
    {"55P03", NULL, REASON_BUSY, CATALOG_BUSY, "try again; pg_locks shows who holds the lock"},
    {"53100", NULL, REASON_BUSY, CATALOG_BUSY, "make room on the disk of the server"},
    {"53", NULL, REASON_SERVER_BUSY, CATALOG_BUSY, NULL},
    {"57014", NULL, REASON_TIMED_OUT, CATALOG_BUSY,
     "see what keeps the server busy: pg_stat_activity"},
    {"57P03", NULL, REASON_SERVER_STARTING, CATALOG_BUSY, NULL},
    {"57P0", NULL, REASON_CONNECTION_CLOSED, CATALOG_BUSY, NULL},
    {"08", NULL, REASON_CONNECTION_CLOSED, CATALOG_BUSY, NULL},
    {"40", NULL, REASON_BUSY, CATALOG_BUSY, "try again"},
    {"", "Connection refused", REASON_CONNECT_REFUSED, CATALOG_FAILED, NULL},
    {"", "No such file or directory", REASON_CONNECT_REFUSED, CATALOG_FAILED, NULL},
    {"", "Temporary failure in name resolution", REASON_DNS_UNAVAILABLE, CATALOG_FAILED, NULL},
    {"", "could not translate host name", REASON_DNS_NOT_FOUND, CATALOG_FAILED, NULL},
    {"", "unreachable", REASON_CONNECT_UNREACHABLE, CATALOG_FAILED, NULL},
    {"", "No route to host", REASON_CONNECT_UNREACHABLE, CATALOG_FAILED, NULL},
    {"", "Connection timed out", REASON_TIMED_OUT, CATALOG_BUSY, NULL},
    {"", "timeout expired", REASON_TIMED_OUT, CATALOG_BUSY, NULL},
    {"", "does not support SSL", REASON_TLS_NOT_OFFERED, CATALOG_FAILED, NULL},
    {"", "does not match host name", REASON_TLS_NAME_MISMATCH, CATALOG_FAILED, NULL},
    {"", "certificate verify failed", REASON_TLS_UNTRUSTED, CATALOG_FAILED,
     "name the CA that signed the server's certificate in the catalog's URL: sslrootcert=PATH"},
    {"", "root certificate file", REASON_FILE_UNREADABLE, CATALOG_FAILED,
     "name the file of the CA certificate in the catalog's URL: sslrootcert=PATH"},
    {"", "key values mismatch", REASON_KEYSTORE_INVALID, CATALOG_FAILED, NOT_A_PAIR},
    {"", "does not match private key", REASON_KEYSTORE_INVALID, CATALOG_FAILED, NOT_A_PAIR},
    {"", "group or world access", REASON_FILE_UNREADABLE, CATALOG_FAILED,
     "let nobody but its owner read the file of sslkey (chmod 600)"},
    {"", "could not load private key", REASON_KEYSTORE_INVALID, CATALOG_FAILED,
     "name a private key in PEM, without a pass phrase, in sslkey of the catalog's URL"},
    {"", "certificate file", REASON_FILE_UNREADABLE, CATALOG_FAILED, NULL},
    {"", "private key file", REASON_FILE_UNREADABLE, CATALOG_FAILED, NULL},
    {"", "SSL error", REASON_TLS_HANDSHAKE, CATALOG_FAILED, NULL},
    {"", "no password supplied", REASON_LOGIN_REFUSED, CATALOG_FAILED,
     "put the password into the catalog's URL, or name a password file in it: passfile=PATH"},
    {"", "authentication method", REASON_LOGIN_METHOD, CATALOG_FAILED, NULL},
    {"", "channel binding", REASON_LOGIN_METHOD, CATALOG_FAILED, NULL},
    {"", "session is", REASON_QUERY_FAILED, CATALOG_FAILED,
     "correct target_session_attrs in the catalog's URL, or name another host"},
    {"", "hot standby", REASON_QUERY_FAILED, CATALOG_FAILED,
     "correct target_session_attrs in the catalog's URL, or name another host"},
    {"", "expected authentication request", REASON_WRONG_PROTOCOL, CATALOG_FAILED, NULL},
    {"", "invalid response to SSL negotiation", REASON_WRONG_PROTOCOL, CATALOG_FAILED, NULL},
    {"", "closed the connection", REASON_CONNECTION_CLOSED, CATALOG_BUSY, NULL},
    {"", "Connection reset", REASON_CONNECTION_CLOSED, CATALOG_BUSY, NULL},
    {"", "EOF detected", REASON_CONNECTION_CLOSED, CATALOG_BUSY, NULL},
    {"", "Broken pipe", REASON_CONNECTION_CLOSED, CATALOG_BUSY, NULL},
    {"", "invalid", REASON_INVALID_INPUT, CATALOG_FAILED, "correct the catalog's URL"},
    {"", "no connection to the server", REASON_CONNECTION_CLOSED, CATALOG_BUSY, NULL},
    {"", NULL, REASON_QUERY_FAILED, CATALOG_FAILED, NULL},
};

static const struct meaning *find_meaning(const char *state, const char *words)
{
    const struct meaning *row = meanings;
    for (;; row++) {
        bool own = !*row->state && row->words;
        bool fits = own ? !*state : strncmp(state, row->state, strlen(row->state)) == 0;
        if (fits && (!row->words || strstr(words, row->words)))
            return row;
    }
}

/* "FATAL:  28P01: text": what the server sent before there was a result. */
static const char *find_state(const char *message)
{
    for (const char *at = message; (at = strstr(at, ":  ")); at++)
        if (strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && at[8] == ':')
            return at + 3;
    return NULL;
}

/* MESSAGE without where it went, which we say, LOCATION, a line of the server's source, and libpq's
 * question for the server. */
static void take_words(char *words, const char *message)
{
    static const char *const ends[] = {"\nLOCATION:", "\n\tIs the server"};
    const char *failed = strstr(message, " failed: ");
    if (text_starts(message, "connection to server ") && failed)
        message = failed + strlen(" failed: ");
    size_t length = strlen(message);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const char *end = strstr(message, ends[i]);
        if (end && (size_t)(end - message) < length)
            length = (size_t)(end - message);
    }
    text_one_line(words, WORDS_SIZE, message, length);
}

static void read_result(const PGresult *result, char *state, char *words)
{
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    snprintf(state, 6, "%s", code ? code : "");
    take_words(words, primary ? primary : PQresultErrorMessage(result));
}

static void read_connection(const PGconn *conn, char *state, char *words)
{
    const char *message = PQerrorMessage(conn);
    const char *found = find_state(message);
    snprintf(state, 6, "%s", found ? found : "");
    take_words(words, found ? found + strlen("28P01: ") : message);
}

enum catalog_result failure(struct store *store, const PGresult *result, const char *what,
                            struct error *err)
{
    char state[6] = "";
    char words[WORDS_SIZE] = "";
    if (result && PQresultErrorField(result, PG_DIAG_SQLSTATE))
        read_result(result, state, words);
    else if (store->conn)
        read_connection(store->conn, state, words);
    store->lost = !store->conn || PQstatus(store->conn) != CONNECTION_OK;
    /* Somebody took the tables away: what is there now is looked at again. */
    bool gone = strcmp(state, "42P01") == 0 || strcmp(state, "3F000") == 0;
    store->exists = store->exists && !gone;
    store->collided = (text_starts(state, "40") || gone) && !store->lost;
    const struct meaning *meaning = find_meaning(state, words);
    error_set(err, meaning->reason, "cannot %s the catalog %s: \"%s\"%s%s%s", what,
              store->place.shown, words, *state ? " (SQLSTATE " : "", state, *state ? ")" : "");
    error_brief(err, "the catalog: \"%s\"", words);
    if (meaning->remedy)
        error_remedy(err, "%s", meaning->remedy);
    return meaning->result;
}

enum catalog_result failure_timed_out(struct store *store, const char *what, struct error *err)
{
    error_set(err, REASON_TIMED_OUT, "cannot %s the catalog %s: the server does not answer in time",
              what, store->place.shown);
    error_brief(err, "the catalog's server does not answer");
    error_remedy(err, "check the way to the server of the catalog, its load and its locks");
    return CATALOG_BUSY;
}
