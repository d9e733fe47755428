/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_message.h - messages of MongoDB's wire protocol and what a server says in them. Pure:
 * bytes in, values out; nothing of it is trusted. */
#ifndef MONGODB_MESSAGE_H
#define MONGODB_MESSAGE_H

#include <bson/bson.h>

#include "testconn/target.h"

enum {
    MESSAGE_HEADER = 16,       /* bytes */
    MESSAGE_MAXIMUM = 1 << 20, /* bytes; an answer to our requests has some KiB */
    MEMBERS_MAXIMUM = 64,      /* MongoDB allows 50 */
    HOST_MAXIMUM = 256,
    MECHANISMS_MAXIMUM = 8
};

/* How long the message is that HEADER begins, 0 when it begins none. */
size_t message_length(const unsigned char header[MESSAGE_HEADER]);

/*
 * The document in the LENGTH bytes behind HEADER: an OP_MSG or, as old servers answer, an OP_REPLY.
 * DOCUMENT borrows from BODY. False when there is none that is well-formed.
 */
bool message_document(const unsigned char header[MESSAGE_HEADER], const unsigned char *body,
                      size_t length, bson_t *document);

/* COMMAND for DATABASE as an OP_MSG, or - the first one, which every server understands - as an
 * OP_QUERY. A SECONDARY answers only who says that he reads from secondaries. The caller frees it
 * with bson_free(). */
unsigned char *message_new(int32_t id, const char *database, const bson_t *command, bool secondary,
                           size_t *length);
unsigned char *message_new_query(int32_t id, const bson_t *command, size_t *length);

/* What a server says went wrong. */
struct server_error {
    int code;        /* 0: none given */
    char name[64];   /* codeName: "AuthenticationFailed"; "" */
    char text[1024]; /* errmsg */
};

/* Whether DOCUMENT says "ok"; otherwise ERROR is filled. */
bool document_is_ok(const bson_t *document, struct server_error *error);

/* A member of a replica set as another member lists it. */
struct member {
    char host[HOST_MAXIMUM]; /* without brackets */
    uint16_t port;
    bool arbiter;
};

/* What a server says of itself (the answer to hello or isMaster). */
struct hello {
    char set_name[128]; /* "": no member of a replica set */
    char me[HOST_MAXIMUM + 8];
    char primary[HOST_MAXIMUM + 8]; /* as it knows; "" */
    bool writable;                  /* primary, mongos or standalone */
    bool secondary;
    bool arbiter;
    bool mongos;
    bool uninitiated; /* started for a replica set that nobody has initiated */
    int minimum_wire;
    int maximum_wire;
    struct member members[MEMBERS_MAXIMUM];
    size_t member_count;
    char wrong_member[HOST_MAXIMUM + 8]; /* an entry of the list that is no HOST:PORT; "" */
    bool too_many_members;
    char mechanisms[MECHANISMS_MAXIMUM][32]; /* of the account; from saslSupportedMechs */
    size_t mechanism_count;
    bool lists_mechanisms; /* the server answered the question for them */
};

void hello_read(const bson_t *document, struct hello *hello);

/* Whether the account may log in by MECHANISM, as far as the server says. */
bool hello_has_mechanism(const struct hello *hello, const char *mechanism);

/* "primary", "secondary", "arbiter", "mongos", "standalone", "other". */
const char *hello_role(const struct hello *hello);

/* Take "HOST", "HOST:PORT" or "[IPV6]:PORT" apart; false when it is none. */
bool member_read(const char *text, struct member *member);

#endif
