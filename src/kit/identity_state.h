/* SPDX-License-Identifier: Apache-2.0 */
/* identity_state.h - what a client certificate is made of. */
#ifndef IDENTITY_STATE_H
#define IDENTITY_STATE_H

#include <openssl/x509.h>

#include "testconn/identity.h"

struct identity {
    EVP_PKEY *key;
    X509 *certificate;      /* of KEY */
    STACK_OF(X509) * chain; /* above it, nearest first; never NULL */
};

/*
 * Of CERTIFICATES (borrowed, in any order) the one of KEY, and the chain above it as far as they
 * go. KEY is taken over. NULL when none of them is KEY's; then KEY is the caller's still.
 */
struct identity *identity_new(EVP_PKEY *key, STACK_OF(X509) * certificates);

#endif
