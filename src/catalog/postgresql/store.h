/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - a catalog in a PostgreSQL database, as the parts of its module share it. */
#ifndef STORE_H
#define STORE_H

#include <libpq-fe.h>

#include "catalog_backend.h"
#include "testconn/deadline.h"

enum { PARAMETERS_MAXIMUM = 64, ARGUMENTS_MAXIMUM = 16, NUMBER_SIZE = 24 };

/* Where the database is. */
struct place {
    char *shown;             /* "postgresql://app@db.example:5432/catalog": without a secret */
    PQconninfoOption *given; /* as the URL says; owned */
    char **hosts, **ports;   /* one of each for each host, "" for none; NULL-ended */
};

struct store {
    struct place place;
    struct catalog_key key; /* its path is NULL where no --key-file was given */
    PGconn *conn;           /* NULL: not connected */
    int limit_ms;           /* of each wait for the server; 0: our own */
    bool exists;            /* the database holds a catalog */
    bool lost;              /* the connection ended by itself */
    bool collided;          /* the transaction has to be repeated: it met another one */
    bool committing;        /* whether it was written can not be told from here */
    char transaction[24];   /* its number */
    struct error failure;   /* the last, as long as nothing else is tried */
    enum catalog_result failed;
    int64_t failed_until_us;
};

/* place.c: Understand LOCATION, what follows "postgresql:". False with ERR set to INVALID_INPUT. */
bool place_read(struct place *place, const char *location, struct error *err);
void place_release(struct place *place);

/* The parameters to connect to host INDEX by, into KEYS and VALUES, both NULL-ended. */
void place_parameters(const struct place *place, size_t index, const char **keys,
                      const char **values);

/* ambient.c: Put the variables that libpq would listen to aside, and back. Nobody else may read the
 * environment meanwhile. */
struct ambient {
    char **saved;
    size_t count;
};
void ambient_set_aside(struct ambient *ambient);
void ambient_put_back(struct ambient *ambient);

/* The arguments of a statement, $1 first; what they point to is borrowed. */
struct arguments {
    const char *values[ARGUMENTS_MAXIMUM];
    int lengths[ARGUMENTS_MAXIMUM];
    int formats[ARGUMENTS_MAXIMUM];
    char numbers[ARGUMENTS_MAXIMUM][NUMBER_SIZE];
    int count;
};
void arguments_text(struct arguments *arguments, const char *text); /* NULL: NULL */
void arguments_integer(struct arguments *arguments, int64_t number);
void arguments_bytes(struct arguments *arguments, const void *bytes, size_t size);

/*
 * session.c: Do WORK with a connected store, once more where the connection was lost before
 * anything was written, or another transaction was in the way.
 */
typedef enum catalog_result session_work(struct store *store, void *argument, struct error *err);
enum catalog_result session_do(struct store *store, session_work *work, void *argument,
                               struct error *err);
void session_close(struct store *store);

/* Connect anew, without a look at what is there. */
enum catalog_result session_reach(struct store *store, struct error *err);

/* Run SQL; ARGUMENTS NULL: several statements without any. *RESULT is the last one's, to be
 * cleared, NULL unless CATALOG_OK is returned. */
enum catalog_result session_ask(struct store *store, const char *sql,
                                const struct arguments *arguments, const char *what,
                                PGresult **result, struct error *err);

/* The same, of which only the number of rows that were changed matters. */
enum catalog_result session_change(struct store *store, const char *sql,
                                   const struct arguments *arguments, long *changed,
                                   struct error *err);

/* transaction.c: Begin to write, alone among all agents; then the key is at hand unless DELETING.
 * CREATE: the catalog and its key are made where they are not there. */
enum catalog_result transaction_begin(struct store *store, bool create, bool deleting,
                                      struct error *err);
/* Commit where RESULT is CATALOG_OK; returns what it came to. */
enum catalog_result transaction_end(struct store *store, enum catalog_result result,
                                    struct error *err);

/* schema.c: The newest schema this program knows, raised by every change of it. */
enum { SCHEMA_VERSION = 1 };

/* Whether the database holds a catalog, of a version we know: sets store->exists. */
enum catalog_result schema_look(struct store *store, struct error *err);

/* Within a transaction: make the catalog, or bring an older one to the newest version. */
enum catalog_result schema_make(struct store *store, struct error *err);

/* CATALOG_FAILED with ERR set when VERSION is newer than ours. */
enum catalog_result schema_check(const struct store *store, long long version, struct error *err);

/* read.c: As their namesakes in catalog.h. */
enum catalog_result store_get(void *store, const char *name, struct catalog_entry *entry,
                              struct error *err);
enum catalog_result store_list(void *store, const struct catalog_filter *filter, size_t limit,
                               const char *token, bool definitions, struct catalog_page *page,
                               struct error *err);

/* Have the key with the id WANTED at hand, as catalog_key_get() does. */
enum catalog_result key_get(struct store *store, const char *wanted, bool create,
                            struct error *err);

/* failure.c: Say what RESULT, or the connection where it is NULL, failed at while WHAT ("read") was
 * wanted. */
enum catalog_result failure(struct store *store, const PGresult *result, const char *what,
                            struct error *err);
enum catalog_result failure_timed_out(struct store *store, const char *what, struct error *err);

#endif
