/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_session.c - one connection: TLS, hello, and commands with bounded answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mongodb_driver.h"

enum {
    WIRE_MINIMUM = 6,  /* OP_MSG: MongoDB 3.6 */
    WIRE_MAXIMUM = 25, /* MongoDB 8.0 */
    WORDS_MAXIMUM = 64,
    LAST_WORD_PARTS = 5, /* one part in five, at most, is for who is silent */
    ASIDE_PARTS = 4      /* one part in four of the time is for asking again in another way */
};

void answer_release(struct answer *answer)
{
    free(answer->bytes);
    *answer = (struct answer){.bytes = NULL};
}

/* An option of the URL that limits what follows; false when it is not given (0: no limit). */
static bool limit(struct session *session, const char *option)
{
    const char *digits = target_parameter(session->target, option);
    long milliseconds = digits ? strtol(digits, NULL, 10) : 0;
    if (milliseconds <= 0)
        return false;
    session->limit = deadline_in_ms(milliseconds);
    probe_bound(session->probe, session->limit);
    return true;
}

/* Time ran out: was it the URL's OPTION that allowed no more? Lifts the limit. Returns false. */
static bool tell_limit(struct session *session, const char *option, struct error *err)
{
    probe_unbound(session->probe);
    if (err->reason != REASON_TIMED_OUT ||
        session->limit.at_us >= probe_deadline(session->probe).at_us)
        return false;
    struct error before = *err;
    error_set(err, before.reason, "%s (no more time is given by %s=%s of the URL)", before.message,
              option, target_parameter(session->target, option));
    return error_remedy(err, "see why the service is slow, or raise %s in the URL", option);
}

bool session_tell_foreign(struct session *session, const unsigned char *bytes, size_t length,
                          struct error *err)
{
    const char *protocol;
    if (session->tls)
        probe_peer_heard(session->probe, bytes, length);
    protocol = probe_peer_protocol(session->probe);
    if (protocol && strcmp(protocol, "TLS") == 0 && !session->tls)
        return error_set(err, REASON_TLS_REQUIRED,
                         "%s speaks TLS only: it answered our plain request with a TLS record",
                         session->where);
    if (protocol)
        return error_set(err, REASON_WRONG_PROTOCOL, "%s speaks %s, not MongoDB", session->where,
                         protocol);
    return error_set(err, REASON_PROTOCOL_ERROR,
                     "%s answers with bytes that are no message of MongoDB (first bytes "
                     "%02x %02x %02x %02x)",
                     session->where, bytes[0], bytes[1], bytes[2], bytes[3]);
}

/* Less than a header came before the end or the deadline: another protocol's short answer? */
static bool tell_short(struct session *session, struct error *err)
{
    const unsigned char *bytes;
    size_t length = probe_peer_bytes(session->probe, &bytes);
    if (session->tls || length == 0 ||
        (err->reason != REASON_TIMED_OUT && err->reason != REASON_CONNECTION_CLOSED) ||
        !probe_peer_protocol(session->probe))
        return false;
    return session_tell_foreign(session, bytes, length, err);
}

/* ASKED is what the answer is due to: "the login". */
static bool read_answer(struct session *session, const char *asked, struct answer *answer,
                        struct error *err)
{
    unsigned char header[MESSAGE_HEADER];
    char what[WORDS_MAXIMUM];
    snprintf(what, sizeof what, "its answer to %s", asked);
    if (!stream_read(session->stream, header, sizeof header, what, err))
        return tell_short(session, err);
    size_t length = message_length(header);
    if (length == 0)
        return session_tell_foreign(session, header, sizeof header, err);
    length -= MESSAGE_HEADER;
    answer->bytes = malloc(length);
    if (!answer->bytes)
        return error_set(err, REASON_BUSY, "no memory for an answer of %zu bytes", length);
    if (!stream_read(session->stream, answer->bytes, length, what, err))
        return false;
    return message_document(header, answer->bytes, length, &answer->document) ||
           error_set(err, REASON_PROTOCOL_ERROR,
                     "%s sends a message of %zu bytes that holds no well-formed document, where "
                     "%s is due",
                     session->where, length + MESSAGE_HEADER, what);
}

static bool exchange(struct session *session, unsigned char *message, size_t length,
                     const char *asked, struct answer *answer, struct error *err)
{
    *answer = (struct answer){.bytes = NULL};
    bool done = stream_write(session->stream, message, length, asked, err) &&
                read_answer(session, asked, answer, err);
    explicit_bzero(message, length);
    bson_free(message);
    if (!done)
        answer_release(answer);
    return done;
}

bool session_ask(struct session *session, const char *database, const bson_t *command,
                 const char *asked, struct answer *answer, struct error *err)
{
    static const char option[] = "socketTimeoutMS";
    size_t length;
    bool limited = limit(session, option);
    unsigned char *message =
        message_new(++session->requests, database, command, session->hello.secondary, &length);
    bool answered = exchange(session, message, length, asked, answer, err);
    if (limited && answered)
        probe_unbound(session->probe);
    return answered || (limited && tell_limit(session, option, err));
}

bool session_demand(struct session *session, const char *database, const bson_t *command,
                    const char *asked, struct answer *answer, struct error *err)
{
    struct server_error said;
    if (!session_ask(session, database, command, asked, answer, err))
        return false;
    if (document_is_ok(&answer->document, &said))
        return true;
    answer_release(answer);
    return reason_of_server(session, &said, asked, err);
}

static bool is_by_account(const struct login *login)
{
    return !login->mechanism || strncmp(login->mechanism, "SCRAM-", 6) == 0;
}

static bson_t *new_hello(struct session *session)
{
    bson_t *command = bson_new();
    bson_t client;
    bson_t inner;
    bson_append_int32(command, "isMaster", -1, 1);
    bson_append_bool(command, "helloOk", -1, true);
    bson_append_document_begin(command, "client", -1, &client);
    const char *application = target_parameter(session->target, "appName");
    bson_append_document_begin(&client, "application", -1, &inner);
    bson_append_utf8(&inner, "name", -1, application ? application : "testconn", -1);
    bson_append_document_end(&client, &inner);
    bson_append_document_begin(&client, "driver", -1, &inner);
    bson_append_utf8(&inner, "name", -1, "testconn", -1);
    bson_append_utf8(&inner, "version", -1, "1", -1);
    bson_append_document_end(&client, &inner);
    bson_append_document_begin(&client, "os", -1, &inner);
    bson_append_utf8(&inner, "type", -1, "Linux", -1);
    bson_append_document_end(&client, &inner);
    bson_append_document_end(command, &client);
    if (session->login && is_by_account(session->login) && session->target->user) {
        char account[1024];
        snprintf(account, sizeof account, "%s.%s", session->login->source, session->target->user);
        session->asked_mechanisms =
            bson_append_utf8(command, "saslSupportedMechs", -1, account, -1);
    }
    return command;
}

static bool check_wire(const struct session *session, struct error *err)
{
    const struct hello *hello = &session->hello;
    if (hello->maximum_wire < WIRE_MINIMUM) {
        error_set(err, REASON_PROTOCOL_ERROR,
                  "%s is too old: it speaks wire version %d, and drivers of today demand at least "
                  "%d (MongoDB 3.6)",
                  session->where, hello->maximum_wire, WIRE_MINIMUM);
        return error_remedy(err, "upgrade the server to MongoDB 3.6 or newer");
    }
    if (hello->minimum_wire > WIRE_MAXIMUM) {
        error_set(
            err, REASON_PROTOCOL_ERROR,
            "%s is too new: it demands wire version %d, and at most %d (MongoDB 8.0) is known",
            session->where, hello->minimum_wire, WIRE_MAXIMUM);
        return error_remedy(err, "upgrade testconn and the drivers of the application");
    }
    if (hello->wrong_member[0])
        return error_set(err, REASON_PROTOCOL_ERROR,
                         "%s lists \"%s\" among the members of its set, which is no HOST:PORT",
                         session->where, hello->wrong_member);
    if (hello->too_many_members)
        return error_set(err, REASON_PROTOCOL_ERROR,
                         "%s lists more than %d members of its set; MongoDB allows 50",
                         session->where, MEMBERS_MAXIMUM);
    return true;
}

static bool exchange_hello(struct session *session, const char *asked, struct answer *answer,
                           struct error *err)
{
    struct deadline deadline = probe_deadline(session->probe);
    int kept_ms = deadline_left_ms(deadline) / LAST_WORD_PARTS;
    size_t length;
    bson_t *command = new_hello(session);
    unsigned char *message = message_new_query(++session->requests, command, &length);
    bson_destroy(command);
    deadline.at_us -= (int64_t)(kept_ms < LAST_WORD_MS ? kept_ms : LAST_WORD_MS) * 1000;
    probe_bound(session->probe, deadline);
    bool answered = exchange(session, message, length, asked, answer, err);
    probe_unbound(session->probe);
    return answered || aside_wordless(session, err);
}

bool session_ask_hello(struct session *session, struct error *err)
{
    static const char asked[] = "the hello";
    struct answer answer;
    struct server_error said;
    if (!exchange_hello(session, asked, &answer, err))
        return false;
    bool good = document_is_ok(&answer.document, &said);
    if (good)
        hello_read(&answer.document, &session->hello);
    answer_release(&answer);
    return good || reason_of_server(session, &said, asked, err);
}

static bool secure(struct session *session, struct error *err)
{
    struct deadline deadline = probe_deadline(session->probe);
    /* What is left of the time tells a service without TLS from one that hangs. */
    deadline.at_us -= (int64_t)deadline_left_ms(deadline) * 1000 / ASIDE_PARTS;
    if (session->target->tls.require)
        probe_bound(session->probe, deadline);
    if (!stream_secure(session->stream, session->identity, err))
        return aside_tls_not_offered(session, err);
    return true;
}

static bool open_stream(struct session *session, struct error *err)
{
    session->stream = stream_open(session->probe, session->endpoint, err);
    return session->stream && (!session->tls || secure(session, err));
}

static bool greet(struct session *session, struct error *err)
{
    probe_stage(session->probe, STAGE_LOGIN);
    if (!session_ask_hello(session, err))
        return session->tls ? false : aside_tls_required(session, err);
    return check_wire(session, err);
}

/* Where our client certificate is the matter, or that we have none. Returns false. */
static bool tell_certificate_property(struct error *err)
{
    if (err->reason == REASON_TLS_CLIENT_CERT_REQUIRED)
        error_remedy(err, "name a PEM file with certificate and key in MONGODB_CLIENT_CERT: the "
                          "server demands one");
    if (err->reason == REASON_TLS_CLIENT_CERT_REQUIRED ||
        err->reason == REASON_TLS_CLIENT_CERT_REFUSED)
        error_property(err, CLIENT_CERTIFICATE_PROPERTY);
    return false;
}

bool session_open(struct session *session, const struct endpoint *endpoint, struct error *err)
{
    static const char option[] = "connectTimeoutMS";
    session->endpoint = endpoint;
    snprintf(session->where, sizeof session->where,
             strchr(endpoint->host, ':') ? "[%s]:%u" : "%s:%u", endpoint->host, endpoint->port);
    bool limited = limit(session, option);
    bool good = open_stream(session, err);
    /* The limit is lifted when TLS comes up; drivers count the hello in. */
    if (good && limited)
        limit(session, option);
    good = good && greet(session, err);
    if (limited && good)
        probe_unbound(session->probe);
    return good || tell_certificate_property(err) || (limited && tell_limit(session, option, err));
}

void session_close(struct session *session)
{
    stream_close(session->stream);
    session->stream = NULL;
}
