/* SPDX-License-Identifier: Apache-2.0 */
/* mysql_greeting.c - the server's first packet, looked at before the client library has it. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "mysql_driver.h"

enum { LAST_WORD_MS = 300 }; /* of the test's time, to find out who is silent */

/*
 * Two questions in one, for a service that waits for its client to speak: a TLS ClientHello (any
 * answer tells), in whose random bytes a line break and a request for HTTP stand. The connection is
 * given up anyway; no other one is made, since MySQL counts them.
 */
static const char last_word[] = "\x16\x03\x01\x00\x5b"
                                "\x01\x00\x00\x57\x03\x03"
                                "testconn   \r\nHEAD / HTTP/1.0\r\n\r\n"
                                "\x00"                                             /* session */
                                "\x00\x08\x13\x01\xc0\x2f\xc0\x2b\x00\xff"         /* ciphers */
                                "\x01\x00"                                         /* compression */
                                "\x00\x26"                                         /* extensions */
                                "\x00\x0a\x00\x06\x00\x04\x00\x1d\x00\x17"         /* groups */
                                "\x00\x0b\x00\x02\x01\x00"                         /* formats */
                                "\x00\x0d\x00\x0a\x00\x08\x04\x03\x08\x04\x04\x01" /* signatures */
                                "\x05\x01"
                                "\x00\x17\x00\x00\x00\x16\x00\x00";

static bool refuse(const char *where, struct error *err)
{
    return error_set(err, REASON_PROTOCOL_ERROR,
                     "%s does not greet as a MySQL server does: its first bytes are no handshake "
                     "packet of protocol version 10",
                     where);
}

/* Nothing, or another protocol's greeting. */
static bool check_first_bytes(struct probe *probe, const char *where, struct error *err)
{
    const unsigned char *bytes;
    size_t length = probe_peer_bytes(probe, &bytes);
    const char *protocol = probe_peer_protocol(probe);
    if (length == 0) {
        error_set(err, REASON_CONNECTION_CLOSED,
                  "%s accepted the connection and closed it without a greeting", where);
        return error_brief(err, "closed without a greeting");
    }
    if (protocol && strcmp(protocol, "MySQL") != 0) {
        error_set(err, REASON_WRONG_PROTOCOL, "%s speaks %s, not MySQL", where, protocol);
        return error_brief(err, "%s answers there", protocol);
    }
    return length > PACKET_HEADER ||
           error_set(err, REASON_CONNECTION_CLOSED, "%s closed the connection within its greeting",
                     where);
}

/* Silent, and gone as soon as something is said: no MySQL server, which would have counted it. */
static bool tell_leaving(struct probe *probe, const struct session *session, struct error *err)
{
    if (!probe_is_postgresql(probe, session->endpoint))
        return error_remedy(err,
                            "%s closes the connection as soon as something is said, so it is "
                            "no silent MySQL server: check host and port, another service "
                            "listens there and waits for its client to speak",
                            session->where);
    error_set(err, REASON_WRONG_PROTOCOL,
              "%s speaks PostgreSQL, not MySQL: it sends no greeting, and answers when asked in "
              "PostgreSQL's way",
              session->where);
    return error_brief(err, "PostgreSQL answers there");
}

/* What says nothing of itself may answer when spoken to: then it is no MySQL server. ERR says
 * TIMED_OUT already. */
static bool tell_silent(struct probe *probe, int fd, const struct session *session,
                        struct error *err)
{
    const char *where = session->where;
    const unsigned char *bytes;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (probe_peer_bytes(probe, &bytes) > 0)
        return false;
    error_remedy(err, "a MySQL server greets first: look at its load, its log, a stopped process, "
                      "slow look-ups of client names (skip_name_resolve) - or another service "
                      "listens on this port and waits for us");
    if (send(fd, last_word, sizeof last_word - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ||
        poll(&wait, 1, deadline_left_ms(probe_deadline(probe))) <= 0)
        return false;
    probe_peek(probe, fd);
    const char *protocol = probe_peer_protocol(probe);
    if (probe_peer_bytes(probe, &bytes) == 0)
        return tell_leaving(probe, session, err);
    if (protocol && strcmp(protocol, "MySQL") == 0)
        return false;
    if (!protocol)
        return error_set(err, REASON_PROTOCOL_ERROR,
                         "%s does not greet as a MySQL server does, and answers what is said to it "
                         "with bytes of no protocol we know",
                         where);
    error_set(err, REASON_WRONG_PROTOCOL,
              "%s speaks %s, not MySQL: it sends no greeting, and answers when spoken to", where,
              protocol);
    return error_brief(err, "%s answers there", protocol);
}

/* For the greeting, with a moment kept back for the last word. */
static bool await_greeting(struct probe *probe, int fd, const char *what, struct error *err)
{
    int left_ms = deadline_left_ms(probe_deadline(probe));
    int kept_ms = left_ms / 5 < LAST_WORD_MS ? left_ms / 5 : LAST_WORD_MS;
    probe_bound(probe, deadline_in_ms(left_ms - kept_ms));
    bool came = probe_await(probe, fd, PACKET_HEADER + 1, what, err);
    probe_unbound(probe);
    return came;
}

bool greeting_read(struct probe *probe, int fd, struct session *session, struct error *err)
{
    const char *where = session->where;
    struct greeting *greeting = &session->greeting;
    static const char awaited[] = "its greeting";
    unsigned char bytes[PACKET_HEADER + GREETING_MAXIMUM];
    if (!await_greeting(probe, fd, awaited, err))
        return tell_silent(probe, fd, session, err);
    if (!check_first_bytes(probe, where, err))
        return false;
    ssize_t got = recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    if (got <= PACKET_HEADER)
        return error_set(err, REASON_CONNECTION_CLOSED,
                         "%s closed the connection within its greeting", where);
    size_t length = greeting_measure(bytes);
    if (length == 0)
        return refuse(where, err);
    if (!probe_await(probe, fd, PACKET_HEADER + length, awaited, err))
        return false;
    got = recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    if (got < (ssize_t)(PACKET_HEADER + length))
        return error_set(err, REASON_CONNECTION_CLOSED,
                         "%s closed the connection within its greeting", where);
    return greeting_parse(bytes + PACKET_HEADER, length, greeting) || refuse(where, err);
}
