/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_driver.h - what the files of the driver share. */
#ifndef MONGODB_DRIVER_H
#define MONGODB_DRIVER_H

#include "mongodb_message.h"
#include "testconn/driver.h"
#include "testconn/keystore.h"
#include "testconn/stream.h"

#define CLIENT_CERTIFICATE_PROPERTY "ConnectionProperties.MONGODB_CLIENT_CERT"

enum { LAST_WORD_MS = 300 }; /* of the time, to find out who is silent */

/* What the definition asks of the login. */
struct login {
    const char *mechanism;    /* asked for; NULL: by what the server offers */
    const char *source;       /* the database that the account lives in: "admin", "$external" */
    const char *source_comes; /* "authSource of the URL": for messages */
    const char *set_comes;    /* who names the replicaSet: "the URL" */
};

/* One connection to one server. */
struct session {
    struct probe *probe;
    const struct target *target;
    const struct login *login;
    const struct identity *identity; /* our client certificate; NULL: none */
    const struct endpoint *endpoint;
    struct stream *stream;
    bool tls;
    struct deadline limit; /* of an option of the URL, where one is in force */
    bool asked_mechanisms; /* of the account, in the hello */
    int32_t requests;
    char where[300]; /* "db.example:27017" */
    struct hello hello;
};

/* A document that a server sent; BYTES holds it. */
struct answer {
    unsigned char *bytes;
    bson_t document;
};
void answer_release(struct answer *answer);

/*
 * Connect, bring TLS up where it is wanted, and ask the server what it is (hello). The stage is
 * login when it has answered. False with ERR set.
 */
bool session_open(struct session *session, const struct endpoint *endpoint, struct error *err);
void session_close(struct session *session);

/* Ask the connected server what it is. */
bool session_ask_hello(struct session *session, struct error *err);

/* What came begins with BYTES and is no message of MongoDB's. Returns false. */
bool session_tell_foreign(struct session *session, const unsigned char *bytes, size_t length,
                          struct error *err);

/*
 * SESSION failed with ERR: ask again beside it, without a login, and put ERR right. No byte came
 * for our hello: is it another service? TLS failed: has the service none? The connection in the
 * clear was closed: does it take TLS only? All return false.
 */
bool aside_wordless(struct session *session, struct error *err);
bool aside_tls_not_offered(struct session *session, struct error *err);
bool aside_tls_required(struct session *session, struct error *err);

/* Run COMMAND in DATABASE. True when an answer came, whatever it says. What was ASKED is for
 * messages: "the login". */
bool session_ask(struct session *session, const char *database, const bson_t *command,
                 const char *asked, struct answer *answer, struct error *err);

/* The same; an answer that says no is an error too. */
bool session_demand(struct session *session, const char *database, const bson_t *command,
                    const char *asked, struct answer *answer, struct error *err);

/* Log in as the definition says. */
bool session_log_in(struct session *session, struct error *err);

enum { PAYLOAD_MAXIMUM = 16384 };

/* One step of a SASL conversation, as the server answered it. */
struct step {
    int32_t conversation;
    bool done;
    char payload[PAYLOAD_MAXIMUM];
    uint32_t length;
};

/* Send PAYLOAD: the first of a conversation with MECHANISM, or the next one. */
bool login_converse(struct session *session, const char *mechanism, bool first, const void *payload,
                    size_t length, struct step *step, struct error *err);

/* Where the server has not said that it is done it wants an empty last word. */
bool login_finish(struct session *session, const char *mechanism, struct step *step,
                  struct error *err);

/* Kerberos: what has to be there before, and the login itself. */
bool gssapi_prepare(struct probe *probe, const struct target *target, struct error *err);
bool login_by_gssapi(struct session *session, struct error *err);

/* Which database the account is looked up in, and by which mechanism. */
void login_read(const struct target *target, struct login *login);

/* What the server said to what was ASKED, as an error of the stage at hand. Returns false. */
bool reason_of_server(const struct session *session, const struct server_error *said,
                      const char *asked, struct error *err);

/* The same of a login that was refused, by MECHANISM. */
bool reason_of_login(const struct session *session, const struct server_error *said,
                     const char *mechanism, struct error *err);

/* The hosts of mongodb+srv://, and what its TXT record says, into TARGET's copy. False with ERR. */
struct service;
struct service *service_look_up(struct probe *probe, const struct target *target,
                                struct error *err);
const struct target *service_target(const struct service *service);
bool service_sets(const struct service *service, const char *option); /* by its TXT record */
void service_tell(const struct service *service, struct probe *probe);

/*
 * The set or cluster that SESSION's server belongs to, as the application will see it: its members
 * one by one, and then the whole by MongoDB's own library. False with ERR set when the definition
 * asks for a set that does not work.
 */
bool set_check(struct session *session, struct error *err);

/* Load MongoDB's client library, which takes 20 ms and only sets need. False: it is not there. */
bool pool_load(void);

/* The same in a thread of its own, beside what comes before. */
void pool_load_beside(void);

/* Ping by a pool of MongoDB's client library, as an application does; WORDS (of SIZE bytes) says
 * why not. */
bool pool_ping(struct session *session, const struct member *seeds, size_t count, char *words,
               size_t size);

#endif
