/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql.h - what the files of the driver share. */
#ifndef POSTGRESQL_H
#define POSTGRESQL_H

#include <libpq-fe.h>

#include "testconn/driver.h"

/* One try at one endpoint, in the clear or over TLS. */
struct session {
    struct probe *probe;
    const struct target *target;
    const struct endpoint *endpoint;
    PGconn *conn;
    bool tls;        /* asked for */
    int notices;     /* of the server, so far */
    char where[300]; /* "db.example:5432" */
};

/* A libpq error taken apart; parts are cut out of a copy. */
struct server_words {
    char sqlstate[6]; /* "" when the server said none: libpq's own words */
    char text[1024];  /* primary message, one line; detail and hint behind it */
};

/* Which part of the definition is at fault. */
enum blame { BLAME_NOTHING, BLAME_USER, BLAME_PASSWORD, BLAME_DATABASE, BLAME_URL };

/* A row matches when SQLSTATE begins with STATE and, if given, WORDS stand in the text. */
struct meaning {
    const char *state;
    const char *words;
    enum reason reason;
    enum blame blame;
    const char *remedy; /* NULL: the reason's own */
};

/* What the server said, by its SQLSTATE; and what libpq says itself. Never NULL. */
const struct meaning *postgresql_meaning(const struct server_words *words);
const struct meaning *postgresql_own_meaning(const struct server_words *words);

/* Take MESSAGE of libpq, made with PQERRORS_VERBOSE, apart. */
void postgresql_read_words(const char *message, struct server_words *words);

/*
 * Whether what has come is for libpq to read: it takes any number of messages, and hashes as often
 * as the server demands, in one call that nothing ends. False with ERR set.
 */
bool postgresql_allows(struct session *session, struct error *err);

/* Wait for EVENTS on the session's socket; false with ERR set at the deadline, which a server that
 * sends and sends has as well. */
bool postgresql_wait(struct session *session, short events, struct error *err);

/* SELECT 1: harmless, and proof that statements are answered. Row by row: one that does not stop
 * sending them fills no memory. */
bool postgresql_ask(struct session *session, struct error *err);

/* Why SESSION failed, by SQLSTATE where there is one, and by libpq's state. Returns false. */
bool postgresql_explain(struct session *session, struct error *err);

/* Whether the server said that no pg_hba line lets this host, user and database in without TLS. */
bool postgresql_is_hba_without_tls(const struct server_words *words);

#endif
