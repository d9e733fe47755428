/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_login.c - SCRAM, X.509 and PLAIN logins, in the server's own commands. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mongodb_driver.h"
#include "testconn/scram.h"

#define EXTERNAL "$external"

static const char asked[] = "the login";

enum { MD5_SIZE = 16, PLAIN_MAXIMUM = 4096, STEPS_MAXIMUM = 3, ROUNDS_MINIMUM = 4096 };

static bool is_external(const char *mechanism)
{
    return mechanism && (strcmp(mechanism, "MONGODB-X509") == 0 ||
                         strcmp(mechanism, "GSSAPI") == 0 || strcmp(mechanism, "PLAIN") == 0);
}

void login_read(const struct target *target, struct login *login)
{
    const char *source = target_parameter(target, "authSource");
    login->set_comes = "the URL";
    login->mechanism = target_parameter(target, "authMechanism");
    if (source) {
        login->source = source;
        login->source_comes = "authSource of the URL";
    } else if (is_external(login->mechanism) &&
               (strcmp(login->mechanism, "PLAIN") != 0 || !target->database)) {
        login->source = EXTERNAL;
        login->source_comes = "always for this mechanism";
    } else if (target->database) {
        login->source = target->database;
        login->source_comes = "the URL's database, as it has no authSource";
    } else {
        login->source = "admin";
        login->source_comes = "the default";
    }
}

static const char *password_of(const struct target *target)
{
    return target->password ? target->password : "";
}

/* MongoDB's own digest stands for the password in SCRAM-SHA-1: MD5 of "user:mongo:password". */
static char *digest_password(const struct target *target)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[MD5_SIZE];
    char *text = calloc(1, 2 * MD5_SIZE + 1);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = text && context && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1 &&
                EVP_DigestUpdate(context, target->user, strlen(target->user)) == 1 &&
                EVP_DigestUpdate(context, ":mongo:", strlen(":mongo:")) == 1 &&
                EVP_DigestUpdate(context, password_of(target), strlen(password_of(target))) == 1 &&
                EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    for (int i = 0; done && i < MD5_SIZE; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    explicit_bzero(digest, sizeof digest);
    if (done)
        return text;
    free(text);
    return NULL;
}

static void wipe_free(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static bool read_step(const struct session *session, const bson_t *document, struct step *step,
                      struct error *err)
{
    bson_iter_t iter;
    bson_subtype_t kind;
    const uint8_t *bytes = NULL;
    uint32_t length = 0;
    *step = (struct step){.conversation = 0};
    if (bson_iter_init_find(&iter, document, "conversationId"))
        step->conversation = (int32_t)bson_iter_as_int64(&iter);
    if (bson_iter_init_find(&iter, document, "done"))
        step->done = bson_iter_as_bool(&iter);
    if (bson_iter_init_find(&iter, document, "payload")) {
        if (BSON_ITER_HOLDS_BINARY(&iter))
            bson_iter_binary(&iter, &kind, &length, &bytes);
        else if (BSON_ITER_HOLDS_UTF8(&iter))
            bytes = (const uint8_t *)bson_iter_utf8(&iter, &length);
    }
    if (!bytes || length >= sizeof step->payload)
        return error_set(err, REASON_PROTOCOL_ERROR, "%s answers the login of user \"%s\" with %s",
                         session->where, session->target->user,
                         bytes ? "too long a payload" : "no payload");
    memcpy(step->payload, bytes, length);
    step->length = length;
    return true;
}

bool login_converse(struct session *session, const char *mechanism, bool first, const void *payload,
                    size_t length, struct step *step, struct error *err)
{
    struct answer answer;
    struct server_error said;
    bson_t options;
    bson_t *command = bson_new();
    bson_append_int32(command, first ? "saslStart" : "saslContinue", -1, 1);
    if (first)
        bson_append_utf8(command, "mechanism", -1, mechanism, -1);
    else
        bson_append_int32(command, "conversationId", -1, step->conversation);
    bson_append_binary(command, "payload", -1, BSON_SUBTYPE_BINARY, payload, (uint32_t)length);
    if (first) {
        bson_append_document_begin(command, "options", -1, &options);
        bson_append_bool(&options, "skipEmptyExchange", -1, true);
        bson_append_document_end(command, &options);
    }
    bool answered = session_ask(session, session->login->source, command, asked, &answer, err);
    explicit_bzero((void *)(uintptr_t)bson_get_data(command), command->len);
    bson_destroy(command);
    if (!answered)
        return false;
    bool good = document_is_ok(&answer.document, &said)
                    ? read_step(session, &answer.document, step, err)
                    : reason_of_login(session, &said, mechanism, err);
    answer_release(&answer);
    return good;
}

bool login_finish(struct session *session, const char *mechanism, struct step *step,
                  struct error *err)
{
    for (int i = 0; !step->done && i < STEPS_MAXIMUM; i++)
        if (!login_converse(session, mechanism, false, "", 0, step, err))
            return false;
    return step->done ||
           error_set(err, REASON_PROTOCOL_ERROR, "%s does not end the login of user \"%s\" (%s)",
                     session->where, session->target->user, mechanism);
}

/* Drivers demand 4096 rounds (RFC 7677), lest a hostile server has the password for a song. */
static bool has_enough_rounds(const struct session *session, const char *mechanism,
                              const struct step *step, struct error *err)
{
    const char *at = strstr(step->payload, ",i=");
    unsigned long rounds = at ? strtoul(at + 3, NULL, 10) : 0;
    return !at || rounds >= ROUNDS_MINIMUM ||
           error_set(err, REASON_PROTOCOL_ERROR,
                     "%s asks for too few rounds of hashing, %lu, in the login of user \"%s\" "
                     "(%s); at least "
                     "%d are demanded",
                     session->where, rounds, session->target->user, mechanism, ROUNDS_MINIMUM);
}

static bool scram_exchange(struct session *session, const char *mechanism, struct scram *scram,
                           struct error *err)
{
    struct step step;
    const char *first = scram_first(scram);
    if (!login_converse(session, mechanism, true, first, strlen(first), &step, err))
        return false;
    if (!has_enough_rounds(session, mechanism, &step, err))
        return false;
    const char *last = scram_continue(scram, step.payload, step.length, err);
    return last && login_converse(session, mechanism, false, last, strlen(last), &step, err) &&
           scram_verify(scram, step.payload, step.length, err) &&
           login_finish(session, mechanism, &step, err);
}

static bool by_scram(struct session *session, const char *mechanism, struct error *err)
{
    const struct target *target = session->target;
    bool sha1 = strcmp(mechanism, "SCRAM-SHA-1") == 0;
    char *digest = sha1 ? digest_password(target) : NULL;
    if (sha1 && !digest)
        return error_set(err, REASON_INTERNAL, "MD5, which SCRAM-SHA-1 needs here, is not there");
    struct scram_login login = {.hash = sha1 ? SCRAM_SHA_1 : SCRAM_SHA_256,
                                .user = target->user,
                                .password = sha1 ? digest : password_of(target),
                                .prepare = !sha1,
                                .where = session->where};
    struct scram *scram = scram_new(&login, err);
    bool accepted = scram && scram_exchange(session, mechanism, scram, err);
    scram_free(scram);
    wipe_free(digest);
    return accepted;
}

static bool cannot_by_certificate(const struct session *session, struct error *err)
{
    if (session->identity) {
        error_set(err, REASON_LOGIN_METHOD,
                  "MONGODB-X509 at %s needs TLS, which is not up: the certificate of \"%s\" "
                  "cannot be shown",
                  session->where, session->target->user);
        error_remedy(err, "turn TLS on: tls=true in the URL, or JDBC_ENFORCE_SSL=true");
        return error_property(err, session->target->host_property);
    }
    error_set(err, REASON_LOGIN_METHOD,
              "MONGODB-X509 at %s needs a client certificate, and the definition names none for "
              "user \"%s\"",
              session->where, session->target->user);
    error_remedy(err, "name a PEM file with certificate and key in MONGODB_CLIENT_CERT%s",
                 session->tls ? "" : ", and turn TLS on (tls=true in the URL)");
    return error_property(err, CLIENT_CERTIFICATE_PROPERTY);
}

/* The certificate has proven who we are; the command only asks to be taken for that. */
static bool by_certificate(struct session *session, struct error *err)
{
    struct answer answer;
    struct server_error said;
    const char *user = session->target->user;
    if (!session->tls || !session->identity)
        return cannot_by_certificate(session, err);
    bson_t *command = bson_new();
    bson_append_int32(command, "authenticate", -1, 1);
    bson_append_utf8(command, "mechanism", -1, "MONGODB-X509", -1);
    /* A user's name is sent where it is one of a certificate. */
    if (user && strchr(user, '='))
        bson_append_utf8(command, "user", -1, user, -1);
    bool answered = session_ask(session, EXTERNAL, command, asked, &answer, err);
    bson_destroy(command);
    if (!answered)
        return false;
    bool good = document_is_ok(&answer.document, &said) ||
                reason_of_login(session, &said, "MONGODB-X509", err);
    answer_release(&answer);
    return good;
}

/* The password as it is: over TLS only. */
static bool by_plain(struct session *session, struct error *err)
{
    const struct target *target = session->target;
    char payload[PLAIN_MAXIMUM];
    struct step step;
    if (!session->tls) {
        error_set(err, REASON_LOGIN_METHOD,
                  "PLAIN would show the password of user \"%s\" to whoever listens on the way: no "
                  "TLS is up with %s",
                  target->user, session->where);
        error_remedy(err, "turn TLS on (JDBC_ENFORCE_SSL=true), or use another "
                          "authMechanism in the URL");
        return error_property(err, target->host_property);
    }
    int length = snprintf(payload, sizeof payload, "%c%s%c%s", '\0', target->user, '\0',
                          password_of(target));
    bool fits = length > 0 && length < (int)sizeof payload;
    bool accepted =
        fits ? login_converse(session, "PLAIN", true, payload, (size_t)length, &step, err) &&
                   login_finish(session, "PLAIN", &step, err)
             : error_set(err, REASON_LOGIN_METHOD, "user and password are too long for PLAIN");
    explicit_bzero(payload, sizeof payload);
    return accepted;
}

static bool cannot(const struct session *session, const char *mechanism, struct error *err)
{
    error_set(err, REASON_LOGIN_METHOD,
              "testconn cannot log in by %s, which the URL asks for (authMechanism), at %s",
              mechanism, session->where);
    error_remedy(err, "use authMechanism=SCRAM-SHA-256, SCRAM-SHA-1, MONGODB-X509, PLAIN or "
                      "GSSAPI in the URL");
    return error_property(err, session->target->host_property);
}

/* What the drivers' specification says where the definition says nothing. */
static const char *choose_mechanism(const struct session *session)
{
    if (session->login->mechanism)
        return session->login->mechanism;
    return hello_has_mechanism(&session->hello, "SCRAM-SHA-256") ? "SCRAM-SHA-256" : "SCRAM-SHA-1";
}

bool session_log_in(struct session *session, struct error *err)
{
    const char *mechanism = choose_mechanism(session);
    probe_note(session->probe, "mechanism", "%s", mechanism);
    probe_note(session->probe, "auth_source", "%s", session->login->source);
    if (strncmp(mechanism, "SCRAM-", 6) == 0)
        return by_scram(session, mechanism, err);
    if (strcmp(mechanism, "MONGODB-X509") == 0)
        return by_certificate(session, err);
    if (strcmp(mechanism, "PLAIN") == 0)
        return by_plain(session, err);
    if (strcmp(mechanism, "GSSAPI") == 0)
        return login_by_gssapi(session, err);
    return cannot(session, mechanism, err);
}
