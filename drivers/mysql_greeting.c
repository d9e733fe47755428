/* SPDX-License-Identifier: Apache-2.0 */
/* mysql_greeting.c - the server's first packet, looked at before the client library has it. */
#include <string.h>
#include <sys/socket.h>

#include "mysql_driver.h"

enum {
    HEADER = 4,
    GREETING_MAXIMUM = 1024, /* bytes; a real one has some 100 */
    PROTOCOL = 10,
    ERROR_PACKET = 0xFF,
    CAPABILITY_TLS = 0x0800,
    /* Behind the version's NUL: thread id 4, salt 8, NUL 1, capabilities 2, character set 1, status
       2, capabilities 2, length of the salt 1, reserved 10, rest of the salt 13, name of the
       plugin. */
    AT_CAPABILITIES = 13,
    AT_PLUGIN = 44
};

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
    if (length == 0)
        return error_set(err, REASON_CONNECTION_CLOSED,
                         "%s accepted the connection and closed it without a greeting", where);
    if (protocol && strcmp(protocol, "MySQL") != 0)
        return error_set(err, REASON_WRONG_PROTOCOL, "%s speaks %s, not MySQL", where, protocol);
    return length > HEADER || error_set(err, REASON_CONNECTION_CLOSED,
                                        "%s closed the connection within its greeting", where);
}

/* Up to its NUL, or to the end of the packet; the rest of what is too long is dropped. */
static void copy_name(char *name, size_t size, const unsigned char *bytes, size_t length)
{
    size_t used = strnlen((const char *)bytes, length < size ? length : size - 1);
    memcpy(name, bytes, used);
    name[used] = '\0';
}

static bool parse(const unsigned char *bytes, size_t length, struct greeting *greeting)
{
    const unsigned char *version = bytes + 1;
    const unsigned char *end = bytes + length;
    const unsigned char *nul = memchr(version, '\0', length - 1);
    if (bytes[0] != PROTOCOL || !nul || end - nul - 1 < AT_CAPABILITIES + 2)
        return false;
    const unsigned char *fields = nul + 1;
    int capabilities = fields[AT_CAPABILITIES] | fields[AT_CAPABILITIES + 1] << 8;
    greeting->offers_tls = capabilities & CAPABILITY_TLS;
    copy_name(greeting->version, sizeof greeting->version, version, (size_t)(nul - version));
    if (end - fields > AT_PLUGIN)
        copy_name(greeting->plugin, sizeof greeting->plugin, fields + AT_PLUGIN,
                  (size_t)(end - fields - AT_PLUGIN));
    return true;
}

bool greeting_read(struct probe *probe, int fd, const char *where, struct greeting *greeting,
                   struct error *err)
{
    static const char awaited[] = "its greeting";
    unsigned char bytes[HEADER + GREETING_MAXIMUM];
    *greeting = (struct greeting){0};
    if (!probe_await(probe, fd, HEADER + 1, awaited, err)) {
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
    if (got <= HEADER)
        return error_set(err, REASON_CONNECTION_CLOSED,
                         "%s closed the connection within its greeting", where);
    size_t length = bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16;
    greeting->is_error = bytes[HEADER] == ERROR_PACKET;
    if (length < 2 || length > GREETING_MAXIMUM || bytes[3] != 0 ||
        (bytes[HEADER] != PROTOCOL && !greeting->is_error))
        return refuse(where, err);
    if (!probe_await(probe, fd, HEADER + length, awaited, err))
        return false;
    got = recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    if (got < (ssize_t)(HEADER + length))
        return error_set(err, REASON_CONNECTION_CLOSED,
                         "%s closed the connection within its greeting", where);
    return greeting->is_error || parse(bytes + HEADER, length, greeting) || refuse(where, err);
}
