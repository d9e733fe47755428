/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_wire.h - the few messages of Kafka's protocol that a login needs: written and read, pure.
 *
 * Formats of the Kafka protocol guide. Whatever an answer says is bounded by its own length.
 */
#ifndef KAFKA_WIRE_H
#define KAFKA_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kafka_api {
    KAFKA_METADATA = 3,
    KAFKA_SASL_HANDSHAKE = 17,
    KAFKA_API_VERSIONS = 18,
    KAFKA_SASL_AUTHENTICATE = 36,
    KAFKA_BROKER_REGISTRATION = 62, /* what brokers ask of a controller */
};

/* Error codes that a login meets. */
enum kafka_code {
    KAFKA_NONE = 0,
    KAFKA_UNSUPPORTED_SASL_MECHANISM = 33,
    KAFKA_ILLEGAL_SASL_STATE = 34,
    KAFKA_UNSUPPORTED_VERSION = 35,
    KAFKA_SASL_AUTHENTICATION_FAILED = 58,
};

enum { KAFKA_TEXT_SIZE = 1024, KAFKA_MECHANISMS = 16, KAFKA_BROKERS_MAXIMUM = 1024 };

/* A request being written. Begin with kafka_begin(), end with kafka_wipe(). */
struct kafka_request {
    unsigned char *data;
    size_t length;
    size_t size;
};
void kafka_begin(struct kafka_request *request, enum kafka_api api, int version,
                 int32_t correlation);
void kafka_put_string(struct kafka_request *request, const char *text);
void kafka_put_bytes(struct kafka_request *request, const void *data, size_t length);
/* Names of Metadata's topics: none. */
void kafka_put_no_topics(struct kafka_request *request, int version);
/* What ApiVersions 3 asks besides. */
void kafka_put_software(struct kafka_request *request, const char *name, const char *version);
/* Put the length in front: it is whole. */
void kafka_finish(struct kafka_request *request);
void kafka_wipe(struct kafka_request *request);

/* Which versions of a request the broker takes; maximum -1: not at all. */
struct kafka_range {
    int minimum;
    int maximum;
};

struct kafka_versions {
    int code;
    struct kafka_range metadata;
    struct kafka_range sasl_handshake;
    struct kafka_range sasl_authenticate;
    struct kafka_range api_versions;
    int apis;
    bool controller;    /* it takes what only a controller is asked */
    int software_level; /* the newest metadata.version that the software knows; 0: it does not say
                         */
    int metadata_level; /* the one in force in the cluster; 0: it does not say */
};
bool kafka_read_versions(const unsigned char *data, size_t length, int version,
                         struct kafka_versions *versions);

/* The answer to SaslHandshake. */
struct kafka_handshake {
    int code;
    char mechanisms[KAFKA_TEXT_SIZE]; /* "PLAIN, SCRAM-SHA-512"; "" when none is named */
};
bool kafka_read_handshake(const unsigned char *data, size_t length,
                          struct kafka_handshake *handshake);

/* The answer to SaslAuthenticate. TOKEN points into the answer, and is never NULL once it was read.
 */
struct kafka_authenticate {
    int code;
    char message[KAFKA_TEXT_SIZE];
    const unsigned char *token;
    size_t token_length;
};
bool kafka_read_authenticate(const unsigned char *data, size_t length,
                             struct kafka_authenticate *authenticate);

struct kafka_broker {
    int32_t id;
    char host[256];
    int32_t port;
};

/* The answer to Metadata without topics. Of more brokers than KAFKA_BROKERS_MAXIMUM the first are
 * kept. The caller frees BROKERS. */
struct kafka_metadata {
    struct kafka_broker *brokers;
    size_t count; /* kept */
    size_t total; /* named */
    char cluster_id[256];
    int32_t controller;  /* -1: none */
    int32_t throttle_ms; /* that the broker will now keep us waiting for */
};
bool kafka_read_metadata(const unsigned char *data, size_t length, int version,
                         struct kafka_metadata *metadata);

/* "UNSUPPORTED_SASL_MECHANISM"; "error" for one that is not listed. */
const char *kafka_code_name(int code);

/* "3.9" of a metadata.version level; NULL for one that is not listed. */
const char *kafka_release(int level);

#endif
