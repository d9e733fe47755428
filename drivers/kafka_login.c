/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_login.c - SASL: PLAIN and SCRAM by Kafka's own requests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka_driver.h"
#include "kerberos.h"
#include "testconn/scram.h"

enum { SASL_MAXIMUM = 1024 * 1024 }; /* bytes of an answer */

#define MECHANISM_PROPERTY "ConnectionProperties.KAFKA_SASL_MECHANISM"

bool session_refused(const struct session *session, enum reason reason,
                     const struct kafka_authenticate *answer, const char *hint, struct error *err)
{
    const char *mechanism = kafka_mechanism(session->target);
    const char *user =
        session->target->user ? session->target->user : session->target->aws.access_key;
    error_set(err, reason, "%s refused %s%s%s (%s): \"%s\" (%s, %d)%s%s", session->where,
              session->target->user ? "user \"" : "the AWS access key \"", user ? user : "", "\"",
              mechanism, answer->message[0] ? answer->message : "no words",
              kafka_code_name(answer->code), answer->code, hint ? ": " : "", hint ? hint : "");
    error_brief(err, "the broker refused %s%s\" (%s)",
                session->target->user ? "user \"" : "the AWS access key \"", user ? user : "",
                mechanism);
    return error_property(err, session->target->user_property);
}

/* A SaslHandshake that did not end well. */
static bool tell_handshake(const struct session *session, const struct kafka_handshake *handshake,
                           const char *mechanism, struct error *err)
{
    const char *offered = handshake->mechanisms[0] ? handshake->mechanisms : "none";
    if (handshake->code == KAFKA_ILLEGAL_SASL_STATE) {
        error_set(
            err, REASON_LOGIN_METHOD,
            "%s has no SASL on this listener, and KAFKA_SASL_MECHANISM asks for %s: %s (%d)%s",
            session->where, mechanism, kafka_code_name(handshake->code), handshake->code,
            kafka_controller_words(session));
        error_brief(err, "no SASL on this listener; asked for: %s", mechanism);
        error_remedy(err, "take KAFKA_SASL_MECHANISM out, or name the port of a SASL listener in "
                          "KAFKA_BOOTSTRAP_SERVERS");
    } else if (handshake->code == KAFKA_UNSUPPORTED_SASL_MECHANISM) {
        error_set(err, REASON_LOGIN_METHOD,
                  "%s does not offer the mechanism %s on this listener; it offers: %s (%s, %d)",
                  session->where, mechanism, offered, kafka_code_name(handshake->code),
                  handshake->code);
        error_brief(err, "%s is not offered; offered: %s", mechanism, offered);
        error_remedy(err,
                     "ask for a mechanism that is offered, or have %s enabled "
                     "(sasl.enabled.mechanisms)",
                     mechanism);
    } else {
        error_set(err, REASON_LOGIN_METHOD,
                  "%s did not begin the login by %s: %s (%d); it offers: %s", session->where,
                  mechanism, kafka_code_name(handshake->code), handshake->code, offered);
    }
    return error_property(err, MECHANISM_PROPERTY);
}

/* What MECHANISM is called in Kafka's protocol: an IAM token travels as OAUTHBEARER. */
static const char *name_on_the_wire(const char *mechanism)
{
    return strcmp(mechanism, "AWS_MSK_IAM") == 0 ? "OAUTHBEARER" : mechanism;
}

static bool shake_hands(struct session *session, const char *mechanism, struct error *err)
{
    static const char what[] = "its answer to the login's begin (SaslHandshake)";
    struct kafka_request request;
    struct kafka_handshake handshake;
    if (session->versions.sasl_handshake.maximum < 1 ||
        session->versions.sasl_authenticate.maximum < 0) {
        error_set(err, REASON_LOGIN_METHOD,
                  "%s does not know SASL as Kafka has it since version 1.0 (SaslHandshake 1 and "
                  "SaslAuthenticate), and KAFKA_SASL_MECHANISM asks for %s",
                  session->where, mechanism);
        return error_property(err, MECHANISM_PROPERTY);
    }
    kafka_begin(&request, KAFKA_SASL_HANDSHAKE, 1, ++session->correlation);
    kafka_put_string(&request, name_on_the_wire(mechanism));
    if (!session_call(session, &request, SASL_MAXIMUM, what, err))
        return false;
    if (!kafka_read_handshake(session->answer, session->answer_length, &handshake))
        return session_garbled(session, what, err);
    if (handshake.mechanisms[0])
        probe_note(session->probe, "mechanisms", "%s", handshake.mechanisms);
    return handshake.code == KAFKA_NONE ||
           tell_handshake(session, &handshake, name_on_the_wire(mechanism), err);
}

bool session_authenticate(struct session *session, const void *token, size_t length,
                          struct kafka_authenticate *answer, struct error *err)
{
    static const char what[] = "its answer to the login (SaslAuthenticate)";
    struct kafka_request request;
    int version = session->versions.sasl_authenticate.minimum > 0 ? 1 : 0;
    kafka_begin(&request, KAFKA_SASL_AUTHENTICATE, version, ++session->correlation);
    kafka_put_bytes(&request, token, length);
    if (!session_call(session, &request, SASL_MAXIMUM, what, err))
        return false;
    return kafka_read_authenticate(session->answer, session->answer_length, answer) ||
           session_garbled(session, what, err);
}

/* RFC 4616: no other identity, name, password. */
static bool log_in_plain(struct session *session, struct error *err)
{
    const char *user = session->target->user;
    const char *password = session->target->password;
    struct kafka_authenticate answer;
    size_t length = strlen(user) + strlen(password) + 2;
    char *token = calloc(1, length + 1);
    if (!token)
        abort();
    memcpy(token + 1, user, strlen(user));
    memcpy(token + 2 + strlen(user), password, strlen(password));
    bool answered = session_authenticate(session, token, length, &answer, err);
    explicit_bzero(token, length);
    free(token);
    if (!session->tls)
        probe_finding(session->probe, SEVERITY_WARNING, "password-in-clear",
                      "ConnectionProperties.KAFKA_SSL_ENABLED",
                      "the mechanism PLAIN sends the password to %s in clear text, and nothing "
                      "encrypts the connection: whoever is on the way can read it",
                      session->where);
    if (!answered)
        return false;
    return answer.code == KAFKA_NONE ||
           session_refused(session, REASON_LOGIN_REFUSED, &answer, NULL, err);
}

bool kafka_scram(struct session *session, const char *mechanism, struct error *err)
{
    const struct scram_login login = {
        .hash = strcmp(mechanism, "SCRAM-SHA-256") == 0 ? SCRAM_SHA_256 : SCRAM_SHA_512,
        .user = session->target->user,
        .password = session->target->password,
        .where = session->where,
    };
    struct kafka_authenticate answer;
    bool accepted = false;
    struct scram *scram = scram_new(&login, err);
    if (!scram)
        return false;
    const char *first = scram_first(scram);
    const char *last = NULL;
    if (!session_authenticate(session, first, strlen(first), &answer, err))
        ;
    else if (answer.code != KAFKA_NONE)
        session_refused(session, REASON_LOGIN_REFUSED, &answer,
                        "it refused the name already, before any proof of the password: it has no "
                        "credentials of this mechanism for that user",
                        err);
    else
        last = scram_continue(scram, (const char *)answer.token, answer.token_length, err);
    if (last && session_authenticate(session, last, strlen(last), &answer, err)) {
        if (answer.code != KAFKA_NONE)
            session_refused(session, REASON_LOGIN_REFUSED, &answer,
                            "it asked for a proof of that user's password, and the proof was wrong",
                            err);
        else
            accepted = scram_verify(scram, (const char *)answer.token, answer.token_length, err);
    }
    scram_free(scram);
    return accepted;
}

bool session_log_in(struct session *session, struct error *err)
{
    const char *mechanism = kafka_mechanism(session->target);
    if (!mechanism)
        return true;
    /* A ticket for a broker that we were sent on to comes with the context, in its own thread. */
    if (session->first && strcmp(mechanism, "GSSAPI") == 0 &&
        !kerberos_get_tickets(session->probe, kafka_kerberos(session->target), session->endpoint,
                              err))
        return false;
    if (!shake_hands(session, mechanism, err))
        return false;
    if (strcmp(mechanism, "PLAIN") == 0)
        return log_in_plain(session, err);
    if (strcmp(mechanism, "GSSAPI") == 0)
        return kafka_gssapi(session, err);
    if (strcmp(mechanism, "AWS_MSK_IAM") == 0)
        return kafka_iam(session, err);
    return kafka_scram(session, mechanism, err);
}
