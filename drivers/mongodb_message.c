/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_message.c - OP_MSG, OP_QUERY and OP_REPLY: a few bytes around one document. */
#include "mongodb_message.h"

#include <stdio.h>
#include <string.h>

enum {
    OP_REPLY = 1,
    OP_QUERY = 2004,
    OP_MSG = 2013,
    REPLY_FIXED = 20, /* flags 4, cursor 8, from 4, count 4 */
    MSG_FIXED = 5,    /* flags 4, kind of the section 1 */
    MSG_CHECKSUM = 1, /* a flag: four bytes at the end */
    DOCUMENT_MINIMUM = 5
};

static uint32_t number(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static void put(unsigned char *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(value >> 8 * i);
}

size_t message_length(const unsigned char header[MESSAGE_HEADER])
{
    uint32_t length = number(header);
    uint32_t operation = number(header + 12);
    bool known = operation == OP_MSG || operation == OP_REPLY;
    return known && length >= MESSAGE_HEADER + MSG_FIXED + DOCUMENT_MINIMUM &&
                   length <= MESSAGE_MAXIMUM
               ? length
               : 0;
}

bool message_document(const unsigned char header[MESSAGE_HEADER], const unsigned char *body,
                      size_t length, bson_t *document)
{
    bool is_msg = number(header + 12) == OP_MSG;
    size_t fixed = is_msg ? MSG_FIXED : REPLY_FIXED;
    if (length < fixed + DOCUMENT_MINIMUM || (is_msg && body[4] != 0))
        return false;
    size_t rest = length - fixed - (is_msg && number(body) & MSG_CHECKSUM ? 4 : 0);
    size_t size = number(body + fixed);
    return size <= rest && bson_init_static(document, body + fixed, size) &&
           bson_validate(document, BSON_VALIDATE_NONE, NULL);
}

static unsigned char *begin(int32_t id, uint32_t operation, size_t fixed, const bson_t *command,
                            size_t *length)
{
    *length = MESSAGE_HEADER + fixed + command->len;
    unsigned char *message = bson_malloc0(*length);
    put(message, (uint32_t)*length);
    put(message + 4, (uint32_t)id);
    put(message + 12, operation);
    memcpy(message + MESSAGE_HEADER + fixed, bson_get_data(command), command->len);
    return message;
}

unsigned char *message_new(int32_t id, const char *database, const bson_t *command, bool secondary,
                           size_t *length)
{
    bson_t *whole = bson_copy(command);
    bson_t preference;
    bson_append_utf8(whole, "$db", -1, database, -1);
    if (secondary) {
        bson_append_document_begin(whole, "$readPreference", -1, &preference);
        bson_append_utf8(&preference, "mode", -1, "primaryPreferred", -1);
        bson_append_document_end(whole, &preference);
    }
    unsigned char *message = begin(id, OP_MSG, MSG_FIXED, whole, length);
    bson_destroy(whole);
    return message;
}

unsigned char *message_new_query(int32_t id, const bson_t *command, size_t *length)
{
    /* Flags, the collection, to skip, to return: one. */
    static const char collection[] = "admin.$cmd";
    size_t fixed = 4 + sizeof collection + 8;
    unsigned char *message = begin(id, OP_QUERY, fixed, command, length);
    memcpy(message + MESSAGE_HEADER + 4, collection, sizeof collection);
    put(message + MESSAGE_HEADER + fixed - 4, (uint32_t)-1);
    return message;
}
