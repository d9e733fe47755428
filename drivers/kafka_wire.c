/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_wire.c - requests and answers of Kafka's protocol. */
#include "kafka_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testconn/reader.h"

static void put(struct kafka_request *request, const void *data, size_t length)
{
    if (request->length + length > request->size) {
        size_t size = 2 * (request->length + length) + 64;
        unsigned char *bigger = calloc(1, size);
        if (!bigger)
            abort();
        if (request->data) {
            memcpy(bigger, request->data, request->length);
            explicit_bzero(request->data, request->length);
        }
        free(request->data);
        request->data = bigger;
        request->size = size;
    }
    if (length)
        memcpy(request->data + request->length, data, length);
    request->length += length;
}

static void put_number(struct kafka_request *request, int64_t value, size_t bytes)
{
    unsigned char digits[8];
    for (size_t i = 0; i < bytes; i++)
        digits[i] = (unsigned char)((uint64_t)value >> 8 * (bytes - 1 - i));
    put(request, digits, bytes);
}

void kafka_begin(struct kafka_request *request, enum kafka_api api, int version,
                 int32_t correlation)
{
    *request = (struct kafka_request){0};
    put_number(request, 0, 4); /* the length, known at the end */
    put_number(request, api, 2);
    put_number(request, version, 2);
    put_number(request, correlation, 4);
    kafka_put_string(request, "testconn");
    if (api == KAFKA_API_VERSIONS && version >= 3)
        put_number(request, 0, 1); /* no tagged fields */
}

void kafka_put_string(struct kafka_request *request, const char *text)
{
    put_number(request, (int64_t)strlen(text), 2);
    put(request, text, strlen(text));
}

void kafka_put_bytes(struct kafka_request *request, const void *data, size_t length)
{
    put_number(request, (int64_t)length, 4);
    put(request, data, length);
}

void kafka_put_no_topics(struct kafka_request *request, int version)
{
    put_number(request, 0, 4);
    if (version >= 4)
        put_number(request, 0, 1); /* create none */
}

/* Of less than 127 bytes. */
static void put_compact(struct kafka_request *request, const char *text)
{
    put_number(request, (int64_t)strlen(text) + 1, 1);
    put(request, text, strlen(text));
}

void kafka_put_software(struct kafka_request *request, const char *name, const char *version)
{
    put_compact(request, name);
    put_compact(request, version);
    put_number(request, 0, 1);
}

void kafka_finish(struct kafka_request *request)
{
    struct kafka_request length = {.data = request->data, .size = 4};
    put_number(&length, (int64_t)request->length - 4, 4);
}

void kafka_wipe(struct kafka_request *request)
{
    if (request->data)
        explicit_bzero(request->data, request->length);
    free(request->data);
    *request = (struct kafka_request){0};
}

/* A number with a sign. */
static int64_t take_number(struct reader *reader, size_t bytes)
{
    uint64_t value = reader_number(reader, bytes);
    uint64_t sign = (uint64_t)1 << (8 * bytes - 1);
    return (int64_t)((value ^ sign) - sign);
}

/* The numbers of "compact" forms: seven bits a byte, the low ones first. */
static size_t take_varint(struct reader *reader)
{
    uint64_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
        const unsigned char *digit = reader_take(reader, 1);
        if (!digit)
            return 0;
        value |= (uint64_t)(*digit & 0x7F) << shift;
        if (!(*digit & 0x80))
            return (size_t)value;
    }
    reader->short_of = true;
    return 0;
}

/* LENGTH bytes as a text: cut to SIZE, ended by the first NUL. */
static void take_text(struct reader *reader, size_t length, char *out, size_t size)
{
    const unsigned char *text = reader_take(reader, length);
    out[0] = '\0';
    if (!text)
        return;
    if (length >= size)
        length = size - 1;
    memcpy(out, text, length);
    out[length] = '\0';
}

/* A string that may be null: then OUT is "". */
static void take_string(struct reader *reader, char *out, size_t size)
{
    int64_t length = take_number(reader, 2);
    out[0] = '\0';
    if (length < -1)
        reader->short_of = true;
    else if (length > 0)
        take_text(reader, (size_t)length, out, size);
}

static void take_compact(struct reader *reader, char *out, size_t size)
{
    size_t length = take_varint(reader);
    out[0] = '\0';
    if (length > 1)
        take_text(reader, length - 1, out, size);
}

static void skip_tags(struct reader *reader)
{
    for (size_t count = take_varint(reader); count > 0 && !reader->short_of; count--) {
        take_varint(reader);
        reader_take(reader, take_varint(reader));
    }
}

static void keep_range(struct kafka_versions *versions, int64_t api, struct kafka_range range)
{
    switch (api) {
    case KAFKA_METADATA:
        versions->metadata = range;
        break;
    case KAFKA_SASL_HANDSHAKE:
        versions->sasl_handshake = range;
        break;
    case KAFKA_API_VERSIONS:
        versions->api_versions = range;
        break;
    case KAFKA_SASL_AUTHENTICATE:
        versions->sasl_authenticate = range;
        break;
    case KAFKA_BROKER_REGISTRATION:
        versions->controller = true;
        break;
    default:
        break;
    }
}

/* A list of features: the level of metadata.version, the last of two numbers or the first. */
static int take_level(struct reader *reader, bool last)
{
    int level = 0;
    size_t count = take_varint(reader);
    for (size_t i = 1; i < count && !reader->short_of; i++) {
        char name[64];
        take_compact(reader, name, sizeof name);
        int first_number = (int)take_number(reader, 2);
        int last_number = (int)take_number(reader, 2);
        skip_tags(reader);
        if (strcmp(name, "metadata.version") == 0)
            level = last ? last_number : first_number;
    }
    return reader->short_of ? 0 : level;
}

/* What ApiVersions 3 tells in tagged fields: supported features (least, most), and those in force
 * (most, least). */
static void take_features(struct reader *reader, struct kafka_versions *versions)
{
    for (size_t count = take_varint(reader); count > 0 && !reader->short_of; count--) {
        size_t tag = take_varint(reader);
        size_t length = take_varint(reader);
        struct reader inner = {.at = reader_take(reader, length), .left = length};
        if (reader->short_of)
            return;
        if (tag == 0)
            versions->software_level = take_level(&inner, true);
        else if (tag == 2)
            versions->metadata_level = take_level(&inner, false);
    }
}

bool kafka_read_versions(const unsigned char *data, size_t length, int version,
                         struct kafka_versions *versions)
{
    struct reader reader = {.at = data, .left = length};
    const struct kafka_range none = {0, -1};
    *versions = (struct kafka_versions){
        .metadata = none, .sasl_handshake = none, .sasl_authenticate = none, .api_versions = none};
    versions->code = (int)take_number(&reader, 2);
    /* A broker that is older than the request answers in the oldest form. */
    bool compact = version >= 3 && versions->code != KAFKA_UNSUPPORTED_VERSION;
    int64_t count = compact ? (int64_t)take_varint(&reader) - 1 : take_number(&reader, 4);
    for (int64_t i = 0; i < count && !reader.short_of; i++) {
        int64_t api = take_number(&reader, 2);
        struct kafka_range range = {(int)take_number(&reader, 2), 0};
        range.maximum = (int)take_number(&reader, 2);
        if (compact)
            skip_tags(&reader);
        if (!reader.short_of)
            keep_range(versions, api, range);
        versions->apis++;
    }
    if (compact) {
        take_number(&reader, 4); /* throttle time */
        take_features(&reader, versions);
    }
    return !reader.short_of && count >= 0;
}

bool kafka_read_handshake(const unsigned char *data, size_t length,
                          struct kafka_handshake *handshake)
{
    struct reader reader = {.at = data, .left = length};
    size_t used = 0;
    *handshake = (struct kafka_handshake){.code = (int)take_number(&reader, 2)};
    int64_t count = take_number(&reader, 4);
    for (int64_t i = 0; i < count && !reader.short_of; i++) {
        char name[64];
        take_string(&reader, name, sizeof name);
        size_t room = sizeof handshake->mechanisms - used;
        if (reader.short_of || i >= KAFKA_MECHANISMS || strlen(name) + 3 > room)
            continue;
        used +=
            (size_t)snprintf(handshake->mechanisms + used, room, "%s%s", used ? ", " : "", name);
    }
    return !reader.short_of;
}

bool kafka_read_authenticate(const unsigned char *data, size_t length,
                             struct kafka_authenticate *authenticate)
{
    struct reader reader = {.at = data, .left = length};
    *authenticate = (struct kafka_authenticate){.code = (int)take_number(&reader, 2),
                                                .token = (const unsigned char *)""};
    take_string(&reader, authenticate->message, sizeof authenticate->message);
    int64_t size = take_number(&reader, 4);
    if (size > 0) {
        authenticate->token = reader_take(&reader, (size_t)size);
        authenticate->token_length = (size_t)size;
    }
    return !reader.short_of && size >= -1;
}

bool kafka_read_metadata(const unsigned char *data, size_t length, int version,
                         struct kafka_metadata *metadata)
{
    struct reader reader = {.at = data, .left = length};
    char rack[64];
    *metadata = (struct kafka_metadata){.controller = -1};
    if (version >= 3)
        metadata->throttle_ms = (int32_t)take_number(&reader, 4);
    int64_t count = take_number(&reader, 4);
    /* Each takes twelve bytes at least: no count can make us reserve more than was sent. */
    if (count < 0 || (uint64_t)count > reader.left / 12 + 1)
        return false;
    metadata->brokers = calloc(KAFKA_BROKERS_MAXIMUM, sizeof *metadata->brokers);
    if (!metadata->brokers)
        abort();
    for (int64_t i = 0; i < count && !reader.short_of; i++) {
        struct kafka_broker broker = {.id = (int32_t)take_number(&reader, 4)};
        take_string(&reader, broker.host, sizeof broker.host);
        broker.port = (int32_t)take_number(&reader, 4);
        if (version >= 1)
            take_string(&reader, rack, sizeof rack);
        if (!reader.short_of && metadata->count < KAFKA_BROKERS_MAXIMUM)
            metadata->brokers[metadata->count++] = broker;
        metadata->total++;
    }
    if (version >= 2)
        take_string(&reader, metadata->cluster_id, sizeof metadata->cluster_id);
    if (version >= 1)
        metadata->controller = (int32_t)take_number(&reader, 4);
    return !reader.short_of;
}

const char *kafka_code_name(int code)
{
    static const struct {
        int code;
        const char *name;
    } names[] = {
        {-1, "UNKNOWN_SERVER_ERROR"},
        {7, "REQUEST_TIMED_OUT"},
        {8, "BROKER_NOT_AVAILABLE"},
        {29, "TOPIC_AUTHORIZATION_FAILED"},
        {31, "CLUSTER_AUTHORIZATION_FAILED"},
        {KAFKA_UNSUPPORTED_SASL_MECHANISM, "UNSUPPORTED_SASL_MECHANISM"},
        {KAFKA_ILLEGAL_SASL_STATE, "ILLEGAL_SASL_STATE"},
        {KAFKA_UNSUPPORTED_VERSION, "UNSUPPORTED_VERSION"},
        {42, "INVALID_REQUEST"},
        {KAFKA_SASL_AUTHENTICATION_FAILED, "SASL_AUTHENTICATION_FAILED"},
        {89, "THROTTLING_QUOTA_EXCEEDED"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].code == code)
            return names[i].name;
    return "error";
}

const char *kafka_release(int level)
{
    /* The first level of each release that has one of its own. */
    static const struct {
        int level;
        const char *release;
    } releases[] = {{34, "4.5 or newer"}, {31, "4.4"}, {30, "4.3"}, {28, "4.2"}, {26, "4.1"},
                    {22, "4.0"},          {21, "3.9"}, {20, "3.8"}, {15, "3.7"}, {12, "3.6"},
                    {9, "3.5"},           {8, "3.4"},  {4, "3.3"}};
    for (size_t i = 0; i < sizeof releases / sizeof *releases; i++)
        if (level >= releases[i].level)
            return releases[i].release;
    return NULL;
}
