/* SPDX-License-Identifier: Apache-2.0 */
/* mysql_packet_fuzz.c - any bytes as a MySQL server's greeting, and as its part of a login. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mysql_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct greeting greeting;
    struct login_talk talk = {.method = ""};
    size_t length = size > PACKET_HEADER ? greeting_measure(data) : 0;
    demand(length <= GREETING_MAXIMUM);
    if (length && length <= size - PACKET_HEADER &&
        greeting_parse(data + PACKET_HEADER, length, &greeting)) {
        demand(memchr(greeting.version, '\0', sizeof greeting.version));
        demand(memchr(greeting.plugin, '\0', sizeof greeting.plugin));
    }
    login_talk_read(&talk, data, size);
    demand(memchr(talk.method, '\0', sizeof talk.method));
    demand(memchr(talk.words, '\0', sizeof talk.words));
    demand(memchr(talk.sqlstate, '\0', sizeof talk.sqlstate));
    return 0;
}
