/* SPDX-License-Identifier: Apache-2.0 */
/* network_facts.c - facts out of a service's first bytes. */
#include "network_facts.h"

#include <stdio.h>
#include <string.h>

/* "SSH-2.0-OpenSSH_9.2p1": the first line of TALK, where it is text. */
static void note_words(struct probe *probe, const struct talk *talk)
{
    size_t length = 0;
    while (length < talk->length && talk->bytes[length] >= ' ' && talk->bytes[length] < 0x7F)
        length++;
    if (length > 3 && length < talk->length)
        probe_note(probe, "says", "%.*s", (int)length, (const char *)talk->bytes);
}

static void note_software(struct probe *probe, const struct talk *talk)
{
    static const char name[] = "\r\nServer: ";
    const unsigned char *at = memmem(talk->bytes, talk->length, name, sizeof name - 1);
    size_t length = 0;
    if (!at)
        return;
    at += sizeof name - 1;
    while (at + length < talk->bytes + talk->length && at[length] != '\r')
        length++;
    probe_note(probe, "software", "%.*s", (int)length, (const char *)at);
}

static void note_mysql(struct probe *probe, const struct talk *talk)
{
    enum { VERSION = 5 };
    const unsigned char *end =
        talk->length > VERSION ? memchr(talk->bytes + VERSION, 0, talk->length - VERSION) : NULL;
    if (end && talk->bytes[4] == 10)
        probe_note(probe, "version", "%s", (const char *)talk->bytes + VERSION);
    probe_finding(probe, SEVERITY_NOTE, "mysql-counts-connections", NULL,
                  "MySQL counts a connection that ends before a login, as every check of "
                  "reachability does: after max_connect_errors of them in a row (100 unless set "
                  "otherwise) it blocks this host. A successful login starts the count anew; a "
                  "test of type JDBC makes one");
}

void network_note_protocol(struct probe *probe, const struct talk *talk, const char *speaks)
{
    char version[32];
    probe_note(probe, "speaks", "%s", speaks);
    note_words(probe, talk);
    if (strcmp(speaks, "MySQL") == 0)
        note_mysql(probe, talk);
    else if (strcmp(speaks, "HTTP") == 0)
        note_software(probe, talk);
    else if (talk->length > 8 && talk->bytes[0] == 4 &&
             opening_tds_version(talk->bytes, talk->length, version, sizeof version))
        probe_note(probe, "version", "%s", version);
}

void network_note_unknown(struct probe *probe, const struct talk *talk)
{
    char hex[3 * 16 + 1] = "";
    for (size_t i = 0; i < talk->length && i < 16; i++)
        snprintf(hex + 3 * i, 4, "%02x ", talk->bytes[i]);
    probe_note(probe, "first_bytes", "%s", hex);
    note_words(probe, talk);
}
