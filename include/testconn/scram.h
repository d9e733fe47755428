/* SPDX-License-Identifier: Apache-2.0 */
/* scram.h - the client's side of SCRAM (RFC 5802, RFC 7677): proves that we know a password
 * without showing it, and that the server does. Pure: messages in, messages out. */
#ifndef TESTCONN_SCRAM_H
#define TESTCONN_SCRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "testconn/error.h"

#pragma GCC visibility push(default)

enum scram_hash { SCRAM_SHA_1, SCRAM_SHA_256, SCRAM_SHA_512 };

/* A server that demands more rounds than this would keep us busy, not tell us anything. */
enum { SCRAM_ROUNDS_MAXIMUM = 1000000, SCRAM_MESSAGE_MAXIMUM = 4096 };

struct scram;

/* How a login begins. */
struct scram_login {
    enum scram_hash hash;
    const char *user;
    const char *password;
    bool prepare;      /* SASLprep (RFC 4013) on the password; Kafka does none */
    const char *nonce; /* of ours, for tests; NULL: 24 random bytes in base64 */
    const char *where; /* "broker:9092": for messages */
};

/* Begin. NULL with ERR set when the password has characters that SASLprep forbids or that need a
 * library which is not installed. The caller ends with scram_free(). */
struct scram *scram_new(const struct scram_login *login, struct error *err);

/* The client's first message, with its header "n,,"; owned by SCRAM. */
const char *scram_first(const struct scram *scram);

/*
 * Answer the server's first message of LENGTH bytes: the client's last message, owned by SCRAM.
 * NULL with ERR set to PROTOCOL_ERROR when the message is none, does not continue our nonce, or
 * demands too many rounds; LOGIN_REFUSED when it is an error.
 */
const char *scram_continue(struct scram *scram, const char *message, size_t length,
                           struct error *err);

/* The rounds that the server's first message of LENGTH bytes demands; 0 when it is none: for a
 * login that a library does, which hashes as often as it is told. */
int scram_rounds(const char *message, size_t length);

/*
 * Check the server's last message. False with ERR set: LOGIN_REFUSED with the server's error, or
 * PROTOCOL_ERROR when its signature is wrong (it does not know the password).
 */
bool scram_verify(struct scram *scram, const char *message, size_t length, struct error *err);

/* Wipe and release; NULL is allowed. */
void scram_free(struct scram *scram);

#pragma GCC visibility pop

#endif
