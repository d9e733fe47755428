/* SPDX-License-Identifier: Apache-2.0 */
/* seal.h - a definition sealed as one piece with AES-256-GCM, its connection's name bound to it. */
#ifndef SEAL_H
#define SEAL_H

#include <stdbool.h>
#include <stddef.h>

enum { SEAL_KEY_SIZE = 32, SEAL_ID_SIZE = 17 };

struct seal_key {
    unsigned char bytes[SEAL_KEY_SIZE];
    char id[SEAL_ID_SIZE]; /* 16 hexadecimal digits derived from it; says nothing about it */
};

/* Before a worker is forked: begin what opening a seal and a test over TLS both need, so that it is
 * done once. Nothing secret is read. */
void seal_prepare(void);

/* Set ID from BYTES. */
void seal_key_identify(struct seal_key *key);

/*
 * Seal TEXT for NAME: one byte of version, a random nonce, the cipher text, its tag. The caller
 * frees the result, *SIZE bytes.
 */
unsigned char *seal(const struct seal_key *key, const char *name, const char *text, size_t *size);

/* The text that was sealed for NAME, which the caller wipes and frees; NULL when the bytes are not
 * what seal() made with that key for that name. */
char *seal_open(const struct seal_key *key, const char *name, const unsigned char *sealed,
                size_t size);

#endif
