/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_aside.c - a service that leaves or stays silent is asked again in another way, without a
 * login: has it no TLS, or nothing else, or is it another service? */
#include <string.h>

#include "mongodb_driver.h"

enum { FIRST_BYTES = 5 };

/* ERR is what the service is, where it is something else altogether. */
static bool ask_aside(struct session *session, probe_side_function *function, struct error *err)
{
    struct probe_side side = {.endpoint = *session->endpoint, .argument = session};
    if (!deadline_passed(probe_deadline(session->probe)))
        probe_sides(session->probe, &side, 1, function);
    if (!side.reached && side.error.reason == REASON_WRONG_PROTOCOL)
        *err = side.error;
    return side.reached;
}

/* Beside the test: what a service of another kind says to a line of text. */
static bool hear_line(struct probe *side, const struct endpoint *endpoint, void *argument,
                      struct error *err)
{
    static const char line[] = "HEAD / HTTP/1.0\r\n\r\n";
    unsigned char bytes[FIRST_BYTES];
    struct session session = *(const struct session *)argument;
    session.probe = side;
    session.stream = stream_open(side, endpoint, err);
    if (session.stream && (!session.tls || stream_secure(session.stream, session.identity, err)) &&
        stream_write(session.stream, line, strlen(line), "a line of text", err) &&
        stream_read(session.stream, bytes, sizeof bytes, "a word", err))
        session_tell_foreign(&session, bytes, sizeof bytes, err);
    session_close(&session);
    return false;
}

/* Beside the test: does the service speak MongoDB's protocol in the clear, or TLS? Without login.
 */
static bool speaks_plain(struct probe *side, const struct endpoint *endpoint, void *argument,
                         struct error *err)
{
    struct session session = *(const struct session *)argument;
    session.probe = side;
    session.login = NULL;
    session.tls = false;
    session.stream = stream_open(side, endpoint, err);
    bool answered = session.stream && session_ask_hello(&session, err);
    /* An error document is an answer as well. */
    bool words = session.stream && stream_received(session.stream) > MESSAGE_HEADER;
    stream_close(session.stream);
    return answered || words;
}

/* No byte came for our hello: another service, which waits for the end of a line, or leaves? */
bool aside_wordless(struct session *session, struct error *err)
{
    if (stream_received(session->stream) > 0)
        return false;
    probe_bound(session->probe, deadline_in_ms(LAST_WORD_MS));
    if (err->reason == REASON_TIMED_OUT)
        ask_aside(session, hear_line, err);
    else if (err->reason == REASON_CONNECTION_CLOSED && !session->tls &&
             probe_is_postgresql(session->probe, session->endpoint))
        error_set(err, REASON_WRONG_PROTOCOL, "%s speaks PostgreSQL, not MongoDB", session->where);
    probe_unbound(session->probe);
    return false;
}

/* TLS failed with ERR: has the service none? Where TLS is optional, silence is not worth the time:
 * the attempt in the clear comes next. */
bool aside_tls_not_offered(struct session *session, struct error *err)
{
    bool silent = err->reason == REASON_TIMED_OUT;
    bool required = session->target->tls.require;
    if (probe_current_stage(session->probe) != STAGE_TLS || (silent && !required) ||
        probe_tls_spoken(session->probe) ||
        (err->reason != REASON_CONNECTION_CLOSED && err->reason != REASON_PROTOCOL_ERROR &&
         !silent))
        return false;
    if (required)
        probe_unbound(session->probe);
    if (!ask_aside(session, speaks_plain, err))
        return false;
    error_set(
        err, REASON_TLS_NOT_OFFERED,
        "%s offers no TLS: it %s our TLS handshake and answers MongoDB's protocol in the clear",
        session->where, silent ? "does not answer" : "ends");
    return error_remedy(err, "turn TLS on at the server (net.tls.mode), or demand it neither by "
                             "JDBC_ENFORCE_SSL nor by the URL");
}

/* The first answer in the clear did not come: is TLS demanded? */
bool aside_tls_required(struct session *session, struct error *err)
{
    if (err->reason == REASON_CONNECTION_CLOSED && stream_received(session->stream) == 0 &&
        probe_is_tls(session->probe, session->endpoint))
        error_set(err, REASON_TLS_REQUIRED,
                  "%s closes a connection in the clear without a word, and speaks TLS: it takes "
                  "nothing else",
                  session->where);
    if (err->reason != REASON_TLS_REQUIRED)
        return false;
    probe_failed_at(session->probe, STAGE_TLS);
    return error_remedy(err, "write tls=true in the URL, or set JDBC_ENFORCE_SSL to true, and "
                             "CUSTOM_JDBC_CERT to the server's CA if it is a private one");
}
