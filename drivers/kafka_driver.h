/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_driver.h - what the files of the driver share. */
#ifndef KAFKA_DRIVER_H
#define KAFKA_DRIVER_H

#include "kafka_wire.h"
#include "testconn/driver.h"
#include "testconn/stream.h"

enum { WHERE_SIZE = 300 };

/* Our client certificate; NULL: none. What it is in words, "" without one. */
extern const struct identity *kafka_identity;
extern char kafka_identity_words[KAFKA_TEXT_SIZE];

/* One connection to one broker. */
struct session {
    struct probe *probe;
    const struct target *target;
    const struct endpoint *endpoint;
    struct stream *stream;
    bool tls;
    bool first; /* the test's own, not one beside it */
    int32_t correlation;
    unsigned char *answer; /* the body of the last one */
    size_t answer_length;
    struct kafka_versions versions;
    enum reason other_way;  /* what became of asking it in another way why it left */
    char where[WHERE_SIZE]; /* "broker:9092" */
};

void session_init(struct session *session, struct probe *probe, const struct target *target,
                  const struct endpoint *endpoint, bool tls);
void session_close(struct session *session);

/* "broker:9092", "[::1]:9092". */
void kafka_where(const struct endpoint *endpoint, char out[WHERE_SIZE]);

/* The mechanism asked for, or NULL. */
const char *kafka_mechanism(const struct target *target);

/* Connect and bring TLS up where it is wanted; then its ApiVersions, which is the first that a
 * broker says. */
bool session_open(struct session *session, struct error *err);

/*
 * Send REQUEST, which is finished and wiped here, and read the answer: at most LIMIT bytes. WHAT is
 * for messages: "its answer to ...".
 */
bool session_call(struct session *session, struct kafka_request *request, size_t limit,
                  const char *what, struct error *err);

/* The answer to WHAT breaks the protocol. Returns false. */
bool session_garbled(const struct session *session, const char *what, struct error *err);

/* Ask for API versions; the session's are filled in. */
bool session_ask_versions(struct session *session, struct error *err);

/* Log in by the target's mechanism, if any. */
bool session_log_in(struct session *session, struct error *err);

/* One step of SASL: TOKEN to the broker, its answer. */
bool session_authenticate(struct session *session, const void *token, size_t length,
                          struct kafka_authenticate *answer, struct error *err);

/* The login was refused with CODE and the broker's words; REASON unless the code says otherwise.
 * HINT may be NULL. Returns false. */
bool session_refused(const struct session *session, enum reason reason,
                     const struct kafka_authenticate *answer, const char *hint, struct error *err);

/* SCRAM over SaslAuthenticate. */
bool kafka_scram(struct session *session, const char *mechanism, struct error *err);

/* What the definition says of Kerberos; static. */
struct kerberos_login;
const struct kerberos_login *kafka_kerberos(const struct target *target);

/* GSSAPI over SaslAuthenticate, with the tickets that are there. */
bool kafka_gssapi(struct session *session, struct error *err);

/* AWS_MSK_IAM: whether there is an identity and a region, and the login. */
bool kafka_iam_prepare(struct probe *probe, const struct target *target, struct error *err);
bool kafka_iam(struct session *session, struct error *err);

/* Ask for the brokers of the cluster: the stage query. The caller frees METADATA's brokers. */
bool session_ask_brokers(struct session *session, struct kafka_metadata *metadata,
                         struct error *err);

/* A broker that takes no TLS left us in the middle of the handshake: does it answer in the clear?
 * ERR says so then. */
void kafka_explain_no_tls(struct session *session, struct error *err);

/* A broker said nothing to our plain request and left: does it want TLS? ERR says so then. */
void kafka_explain_tls_required(struct session *session, struct error *err);

/* It is a TLS listener, by what it DID when spoken to in the clear; KAFKA_SSL_ENABLED is false.
 * Returns false. */
bool kafka_tell_tls_required(const struct session *session, const char *did, struct error *err);

/* Where ERR is about our client certificate: which it is, and where it comes from. */
void kafka_explain_certificate(const struct session *session, struct error *err);

/* It left without a word, and when asked in the other way as well: is it a ZooKeeper? ERR says so
 * then, or for what brokers and proxies do that. */
void kafka_explain_closed(struct session *session, struct error *err);

/* "; what answers there is a KRaft controller ..." where it is, else "". */
const char *kafka_controller_words(const struct session *session);

/* A broker left when asked for its metadata: does it want a login? ERR says so then. */
void kafka_explain_login_required(struct session *session, struct error *err);

/* Try what the service named beside the connection at hand, note `brokers`; false with ERR set to
 * ADVERTISED_UNREACHABLE when none works. */
bool kafka_try_brokers(struct session *session, const struct kafka_metadata *metadata,
                       struct error *err);

#endif
