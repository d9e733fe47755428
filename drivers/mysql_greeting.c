/* SPDX-License-Identifier: Apache-2.0 */
/* mysql_greeting.c - the server's first packet, looked at before the client library has it. */
#include <string.h>
#include <sys/socket.h>

#include "mysql_driver.h"

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

bool greeting_read(struct probe *probe, int fd, const char *where, struct greeting *greeting,
                   struct error *err)
{
    static const char awaited[] = "its greeting";
    unsigned char bytes[PACKET_HEADER + GREETING_MAXIMUM];
    if (!probe_await(probe, fd, PACKET_HEADER + 1, awaited, err)) {
        const unsigned char *seen;
        if (probe_peer_bytes(probe, &seen) == 0)
            error_remedy(err, "a MySQL server greets first: look at its load, its log, a stopped "
                              "process, slow look-ups of client names (skip_name_resolve) - or "
                              "another service listens on this port and waits for us");
        return false;
    }
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
