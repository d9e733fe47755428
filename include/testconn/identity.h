/* SPDX-License-Identifier: Apache-2.0 */
/* identity.h - a client certificate with its key and the chain above it. */
#ifndef TESTCONN_IDENTITY_H
#define TESTCONN_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "testconn/error.h"

#pragma GCC visibility push(default)

struct identity;

/*
 * The certificate, the chain above it and the private key that LENGTH bytes of PEM hold, in any
 * order. PASSWORD opens an encrypted key; NULL: none. NAME is for messages. NULL with ERR set to
 * KEYSTORE_INVALID. The caller ends with identity_free().
 */
struct identity *identity_from_pem(const char *name, const void *pem, size_t length,
                                   const char *password, struct error *err);

/* The certificate and its chain as PEM, leaf first; the caller frees it. */
char *identity_certificates(const struct identity *identity);

/* The private key as PEM, not encrypted; the caller wipes and frees it. */
char *identity_key(const struct identity *identity);

/* The subject of its certificate in RFC 4514 order, "CN=app,O=example"; the caller frees it. */
char *identity_subject(const struct identity *identity);

/* Release it; NULL is allowed. */
void identity_free(struct identity *identity);

#pragma GCC visibility pop

#endif
