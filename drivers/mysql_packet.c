/* SPDX-License-Identifier: Apache-2.0 */
/* mysql_packet.c - the greeting, and the server's part in the exchange of a login. */
#include "mysql_packet.h"

#include <string.h>

enum {
    PROTOCOL = 10,
    CAPABILITY_TLS = 0x0800,
    /* Behind the version's NUL: thread id 4, salt 8, NUL 1, capabilities 2, character set 1, status
       2, capabilities 2, length of the salt 1, reserved 10, rest of the salt 13, name of the
       plugin. */
    AT_CAPABILITIES = 13,
    AT_PLUGIN = 44
};

/* First bytes of the server's packets. */
enum { OK = 0x00, MORE_DATA = 0x01, SWITCH = 0xFE, FAILURE = 0xFF };

/* MORE_DATA of caching_sha2_password. */
enum { CACHED = 3, NOT_CACHED = 4 };

static size_t payload_length(const unsigned char *header)
{
    return header[0] | (size_t)header[1] << 8 | (size_t)header[2] << 16;
}

/* Up to its NUL, or to the end of the packet; the rest of what is too long is dropped. */
static void copy_name(char *name, size_t size, const unsigned char *bytes, size_t length)
{
    size_t used = strnlen((const char *)bytes, length < size ? length : size - 1);
    memcpy(name, bytes, used);
    name[used] = '\0';
}

size_t greeting_measure(const unsigned char *bytes)
{
    size_t length = payload_length(bytes);
    unsigned char first = bytes[PACKET_HEADER];
    bool plausible = length >= 2 && length <= GREETING_MAXIMUM && bytes[3] == 0;
    return plausible && (first == PROTOCOL || first == FAILURE) ? length : 0;
}

bool greeting_parse(const unsigned char *packet, size_t length, struct greeting *greeting)
{
    *greeting = (struct greeting){.is_error = packet[0] == FAILURE};
    if (greeting->is_error)
        return true;
    const unsigned char *version = packet + 1;
    const unsigned char *end = packet + length;
    const unsigned char *nul = memchr(version, '\0', length - 1);
    if (packet[0] != PROTOCOL || !nul || end - nul - 1 < AT_CAPABILITIES + 2)
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

/* Servers before MySQL 5.5 name none: there was one to change to. */
static void read_method(struct login_talk *talk, const unsigned char *packet, size_t length)
{
    static const char old[] = "mysql_old_password";
    bool named = length > 1;
    copy_name(talk->method, sizeof talk->method, named ? packet + 1 : (const unsigned char *)old,
              named ? length - 1 : sizeof old);
}

/* Number 2, "#" and SQLSTATE 5 since MySQL 4.1, text. */
static void read_failure(struct login_talk *talk, const unsigned char *packet, size_t length)
{
    enum { NUMBER = 3, STATE = 6 };
    if (length < NUMBER)
        return;
    bool has_state = length >= NUMBER + STATE && packet[NUMBER] == '#';
    const unsigned char *words = packet + NUMBER + (has_state ? STATE : 0);
    talk->failure = packet[1] | (unsigned)packet[2] << 8;
    memcpy(talk->sqlstate, has_state ? (const char *)packet + NUMBER + 1 : "HY000", STATE - 1);
    copy_name(talk->words, sizeof talk->words, words, length - (size_t)(words - packet));
}

static void read_packet(struct login_talk *talk, const unsigned char *packet, size_t length)
{
    switch (packet[0]) {
    case SWITCH:
        read_method(talk, packet, length);
        talk->switches++;
        break;
    case MORE_DATA:
        talk->cached |= length == 2 && packet[1] == CACHED;
        talk->full |= length == 2 && packet[1] == NOT_CACHED;
        talk->key_came |= length > 2 && packet[1] == '-';
        break;
    case FAILURE:
        read_failure(talk, packet, length);
        talk->over = true;
        break;
    case OK:
        talk->over = true;
        break;
    default: /* the greeting, or a method's own */
        break;
    }
}

void login_talk_read(struct login_talk *talk, const unsigned char *bytes, size_t length)
{
    while (length > PACKET_HEADER) {
        size_t payload = payload_length(bytes);
        if (payload == 0 || payload > length - PACKET_HEADER)
            break;
        if (talk->over && bytes[PACKET_HEADER] != FAILURE)
            break;
        read_packet(talk, bytes + PACKET_HEADER, payload);
        bytes += PACKET_HEADER + payload;
        length -= PACKET_HEADER + payload;
    }
}
