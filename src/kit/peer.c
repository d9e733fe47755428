/* SPDX-License-Identifier: Apache-2.0 */
/* peer.c - the first bytes of a peer, looked at without taking them. */
#include "peer.h"

#include <string.h>
#include <sys/socket.h>

#include "probe_state.h"

/* Greetings that begin with fixed bytes; the more special first. */
static const struct {
    const char *bytes;
    size_t length;
    const char *name;
} greetings[] = {
    {"SSH-", 4, "SSH"},
    {"HTTP/", 5, "HTTP"},
    {"<html", 5, "HTTP"},
    {"<!DOC", 5, "HTTP"},
    {"554 ", 4, "SMTP"},
    {"+OK", 3, "POP3"},
    {"* OK", 4, "IMAP"},
    {"* BYE", 5, "IMAP"},
    {"* PREAUTH", 9, "IMAP"},
    {"-ERR ", 5, "Redis"},
    {"-NOAU", 5, "Redis"},
    {"-DENI", 5, "Redis"},
    {"+PONG", 5, "Redis"},
    {"RFB 0", 5, "VNC"},
    {"\x05\0\0\0\x0b", 5, "MySQL's X protocol (the classic one has another port, 3306)"},
    {"AMQP", 4, "AMQP"},
    {"@RSYNCD:", 8, "rsync"},
    {"ERROR\r\n", 7, "memcached"},
    {"\xFF\xFB", 2, "Telnet"},
    {"\xFF\xFD", 2, "Telnet"},
    {"\x16\x03", 2, "TLS"},
    {"\x15\x03", 2, "TLS"},
};

static bool has_word(const unsigned char *bytes, size_t length, const char *word)
{
    return memmem(bytes, length, word, strlen(word)) != NULL;
}

/* "220 mail.example ESMTP Postfix": the two protocols greet alike, and most name themselves. */
static const char *mail_or_files(const unsigned char *bytes, size_t length)
{
    if (length < 4 || (bytes[3] != ' ' && bytes[3] != '-') ||
        (memcmp(bytes, "220", 3) != 0 && memcmp(bytes, "421", 3) != 0))
        return NULL;
    if (has_word(bytes, length, "SMTP") || has_word(bytes, length, "mail"))
        return "SMTP";
    return has_word(bytes, length, "FTP") || has_word(bytes, length, "FileZilla") ? "FTP"
                                                                                  : "SMTP or FTP";
}

/* MySQL's greeting: three bytes of length, sequence 0, then protocol 10 or an error packet. */
static bool is_mysql(const unsigned char *bytes, size_t length)
{
    return length >= 5 && bytes[3] == 0 && bytes[2] == 0 && (bytes[4] == 10 || bytes[4] == 0xFF) &&
           (bytes[0] | bytes[1] << 8) >= 8;
}

/* A TDS packet of the server: type 4, status with the end bit, a plausible length. */
static bool is_tds(const unsigned char *bytes, size_t length)
{
    return length >= 8 && bytes[0] == 4 && bytes[1] <= 1 && (bytes[2] << 8 | bytes[3]) >= 8 &&
           bytes[7] == 0;
}

/* A TNS packet: length, checksum 0, type refuse, accept, redirect or resend. */
static bool is_tns(const unsigned char *bytes, size_t length)
{
    return length >= 8 && bytes[0] < 0x20 && bytes[0] + bytes[1] >= 8 && bytes[2] == 0 &&
           bytes[3] == 0 && bytes[5] == 0 &&
           (bytes[4] == 2 || bytes[4] == 4 || bytes[4] == 5 || bytes[4] == 11);
}

/* A PostgreSQL message: a type letter and a short big-endian length. */
static bool is_postgresql(const unsigned char *bytes, size_t length)
{
    return length >= 6 && memchr("ERNSK", bytes[0], 5) && bytes[1] == 0 && bytes[2] == 0 &&
           (bytes[3] << 8 | bytes[4]) >= 4;
}

const char *peer_protocol(const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++)
        if (length >= greetings[i].length &&
            memcmp(bytes, greetings[i].bytes, greetings[i].length) == 0)
            return greetings[i].name;
    if (mail_or_files(bytes, length))
        return mail_or_files(bytes, length);
    if (is_mysql(bytes, length))
        return "MySQL";
    if (is_tds(bytes, length))
        return "TDS (SQL Server)";
    if (is_tns(bytes, length))
        return "Oracle TNS";
    return is_postgresql(bytes, length) ? "PostgreSQL" : NULL;
}

void probe_peek(struct probe *probe, int fd)
{
    if (probe->peer_length > 0)
        return;
    ssize_t got = recv(fd, probe->peer, sizeof probe->peer, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0)
        probe->peer_length = (size_t)got;
}

void peer_keep(struct probe *probe, int fd, const void *bytes, size_t length)
{
    if (probe->peer_length > 0)
        return;
    if (length > sizeof probe->peer)
        length = sizeof probe->peer;
    memcpy(probe->peer, bytes, length);
    ssize_t more =
        recv(fd, probe->peer + length, sizeof probe->peer - length, MSG_PEEK | MSG_DONTWAIT);
    probe->peer_length = length + (more > 0 ? (size_t)more : 0);
}

void probe_peer_heard(struct probe *probe, const void *bytes, size_t length)
{
    if (probe->peer_length > 0)
        return;
    probe->peer_length = length < sizeof probe->peer ? length : sizeof probe->peer;
    memcpy(probe->peer, bytes, probe->peer_length);
}

const char *probe_peer_protocol(const struct probe *probe)
{
    return peer_protocol(probe->peer, probe->peer_length);
}

const char *probe_protocol_of(const unsigned char *bytes, size_t length)
{
    return peer_protocol(bytes, length);
}

size_t probe_peer_bytes(const struct probe *probe, const unsigned char **bytes)
{
    *bytes = probe->peer;
    return probe->peer_length;
}
