/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_explain.c - brokers that leave without a word: asked once more, in another way and without
 * credentials, they tell why. */
#include <stdio.h>
#include <string.h>

#include "kafka_driver.h"

#define KEYSTORE_PROPERTY "ConnectionProperties.KAFKA_CLIENT_KEYSTORE"
#define TLS_PROPERTY "ConnectionProperties.KAFKA_SSL_ENABLED"

enum { ZOOKEEPER_MS = 500 };

/* Connect in the clear and ask for the API versions. */
static bool answers_in_clear(struct probe *side, const struct endpoint *endpoint, void *argument,
                             struct error *err)
{
    struct session *asking = argument;
    struct session session;
    session_init(&session, side, asking->target, endpoint, false);
    session.stream = stream_open(side, endpoint, err);
    bool answered = session.stream && session_ask_versions(&session, err);
    asking->versions = session.versions;
    session_close(&session);
    return answered;
}

static bool answers_with_tls(struct probe *side, const struct endpoint *endpoint, void *argument,
                             struct error *err)
{
    struct stream *stream = stream_open(side, endpoint, err);
    (void)argument;
    if (stream)
        stream_secure(stream, NULL, err);
    stream_close(stream);
    return probe_tls_spoken(side);
}

/* The mechanisms of a SASL listener are told to who asks for one that there is not. */
struct offer {
    const struct session *asking;
    struct kafka_handshake handshake;
};

static bool asks_for_login(struct probe *side, const struct endpoint *endpoint, void *argument,
                           struct error *err)
{
    static const char what[] = "its answer to SaslHandshake";
    struct offer *offer = argument;
    struct kafka_request request;
    struct session session;
    session_init(&session, side, offer->asking->target, endpoint, offer->asking->tls);
    bool answered = session_open(&session, err);
    if (answered) {
        kafka_begin(&request, KAFKA_SASL_HANDSHAKE, 1, ++session.correlation);
        kafka_put_string(&request, "PLAIN");
        answered = session_call(&session, &request, 64 * 1024, what, err) &&
                   kafka_read_handshake(session.answer, session.answer_length, &offer->handshake);
    }
    session_close(&session);
    return answered && offer->handshake.code != KAFKA_ILLEGAL_SASL_STATE;
}

static bool ask(struct session *session, probe_side_function *function, void *argument)
{
    struct probe_side side = {.endpoint = *session->endpoint, .argument = argument};
    if (!deadline_passed(probe_deadline(session->probe)))
        probe_sides(session->probe, &side, 1, function);
    session->other_way = side.error.reason;
    return side.reached;
}

void kafka_explain_no_tls(struct session *session, struct error *err)
{
    if (!ask(session, answers_in_clear, session))
        return;
    error_set(
        err, REASON_TLS_NOT_OFFERED,
        "%s takes no TLS on this listener: it closed the connection at our TLS handshake, and "
        "answers in the clear as Kafka does%s; TLS is asked for by KAFKA_SSL_ENABLED, which is "
        "true unless it is set to false",
        session->where, kafka_controller_words(session));
    error_brief(err, "no TLS on this listener, and KAFKA_SSL_ENABLED is not false");
    error_remedy(err, "name the port of an SSL or SASL_SSL listener in KAFKA_BOOTSTRAP_SERVERS, or "
                      "set KAFKA_SSL_ENABLED to false where the network may be trusted");
    error_property(err, TLS_PROPERTY);
}

void kafka_explain_tls_required(struct session *session, struct error *err)
{
    if (ask(session, answers_with_tls, session))
        kafka_tell_tls_required(session,
                                "closed the connection at our request in the clear, and answers a "
                                "TLS handshake",
                                err);
}

bool kafka_tell_tls_required(const struct session *session, const char *did, struct error *err)
{
    error_set(err, REASON_TLS_REQUIRED,
              "%s %s: it is a TLS listener, and KAFKA_SSL_ENABLED is false", session->where, did);
    error_brief(err, "a TLS listener, and KAFKA_SSL_ENABLED is false");
    error_remedy(err,
                 "set KAFKA_SSL_ENABLED to true, and KAFKA_CUSTOM_CERT to the brokers' CA if it "
                 "is a private one");
    error_property(err, TLS_PROPERTY);
    probe_failed_at(session->probe, STAGE_TLS);
    return false;
}

const char *kafka_controller_words(const struct session *session)
{
    return session->versions.controller && session->versions.metadata.maximum < 0
               ? "; what answers there is a KRaft controller, not a broker"
               : "";
}

/* ZooKeeper answers four letters, this word at least by saying that it may not. */
static bool answers_as_zookeeper(struct probe *side, const struct endpoint *endpoint,
                                 void *argument, struct error *err)
{
    static const char *const answers[] = {"Zookeeper", "This ZooK", "srvr is n"};
    char first[9];
    (void)argument;
    probe_hurry(side, deadline_in_ms(ZOOKEEPER_MS));
    struct stream *stream = stream_open(side, endpoint, err);
    bool answered = stream && stream_write(stream, "srvr", 4, "its answer", err) &&
                    stream_read(stream, first, sizeof first, "its answer", err);
    stream_close(stream);
    for (size_t i = 0; answered && i < sizeof answers / sizeof *answers; i++)
        if (memcmp(first, answers[i], sizeof first) == 0)
            return true;
    return false;
}

void kafka_explain_closed(struct session *session, struct error *err)
{
    char said[KAFKA_TEXT_SIZE];
    snprintf(said, sizeof said, "%.*s", (int)sizeof said - 1, err->message);
    if (session->other_way != REASON_CONNECTION_CLOSED)
        return;
    if (ask(session, answers_as_zookeeper, session)) {
        error_set(err, REASON_WRONG_PROTOCOL,
                  "%s is a ZooKeeper server, not a Kafka broker: it closed the connection at our "
                  "first bytes, and answers ZooKeeper's \"srvr\"",
                  session->where);
        error_brief(err, "a ZooKeeper server, not a Kafka broker");
        error_remedy(err, "name the brokers' own host and port (9092, 9094, 9096, ...) in "
                          "KAFKA_BOOTSTRAP_SERVERS, not ZooKeeper's (2181)");
        error_property(err, session->target->host_property);
        return;
    }
    error_set(err, REASON_CONNECTION_CLOSED,
              "%s; it said nothing, and closes a connection %s as well", said,
              session->tls ? "in the clear" : "with TLS");
    error_remedy(err, "see the broker's log (max.connections.per.ip and max.connections close so), "
                      "and what stands in front of it: a proxy or balancer without a broker "
                      "behind it does the same");
}

void kafka_explain_certificate(const struct session *session, struct error *err)
{
    char said[KAFKA_TEXT_SIZE];
    snprintf(said, sizeof said, "%.*s", (int)sizeof said - 1, err->message);
    if (err->reason == REASON_TLS_CLIENT_CERT_REQUIRED) {
        error_remedy(err, "give a keystore with a certificate that the brokers trust in "
                          "KAFKA_CLIENT_KEYSTORE");
        error_property(err, KEYSTORE_PROPERTY);
    } else if (err->reason == REASON_TLS_CLIENT_CERT_REFUSED) {
        error_set(err, REASON_TLS_CLIENT_CERT_REFUSED, "%s; it is %s", said, kafka_identity_words);
        error_brief(err, "refused our client certificate");
        error_remedy(err,
                     "use a certificate whose issuer is in the truststore of %s, that is in "
                     "date, and have the whole chain in the keystore",
                     session->where);
        error_property(err, KEYSTORE_PROPERTY);
    }
}

void kafka_explain_login_required(struct session *session, struct error *err)
{
    struct offer offer = {.asking = session};
    if (!ask(session, asks_for_login, &offer))
        return;
    error_set(err, REASON_LOGIN_METHOD,
              "%s demands a SASL login on this listener and closed the connection at our request "
              "without one; the definition names no KAFKA_SASL_MECHANISM; offered: %s",
              session->where,
              offer.handshake.mechanisms[0] ? offer.handshake.mechanisms : "not told");
    error_remedy(err,
                 "set KAFKA_SASL_MECHANISM to one that is offered and give its credentials, or "
                 "name the port of a listener without SASL");
    error_property(err, "ConnectionProperties.KAFKA_SASL_MECHANISM");
    probe_failed_at(session->probe, STAGE_LOGIN);
}
