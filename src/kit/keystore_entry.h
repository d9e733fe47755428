/* SPDX-License-Identifier: Apache-2.0 */
/* keystore_entry.h - what the readers of the single formats find. */
#ifndef KEYSTORE_ENTRY_H
#define KEYSTORE_ENTRY_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "testconn/keystore.h"

enum { KEYSTORE_ENTRIES_MAXIMUM = 256 };

/* The keys of a store, and the certificates of their entries. */
struct keystore_content {
    char *aliases[KEYSTORE_ENTRIES_MAXIMUM];    /* of the keys; "" where one has none */
    X509_SIG *locked[KEYSTORE_ENTRIES_MAXIMUM]; /* a key that is encrypted; or NULL */
    EVP_PKEY *keys[KEYSTORE_ENTRIES_MAXIMUM];   /* a key that is not; or NULL */
    size_t count;
    STACK_OF(X509) * certificates;
    int trusted; /* certificates that stand alone: not sent by a Java client, so not by us */
};

/* Read the store; false with ERR set. */
bool keystore_read_java(const struct keystore *store, struct keystore_content *content,
                        struct error *err);
bool keystore_read_pkcs12(const struct keystore *store, struct keystore_content *content,
                          struct error *err);

/* Open LOCKED of a Java store, which PASSWORD (UTF-8) opens; NULL when it does not. */
EVP_PKEY *keystore_unlock_java(const struct keystore *store, const X509_SIG *locked,
                               const char *password);
EVP_PKEY *keystore_unlock_pkcs12(const struct keystore *store, const X509_SIG *locked,
                                 const char *password);

/* One more key of ALIAS (LENGTH bytes); false when there are too many. LOCKED or KEY is taken over
 * either way. */
bool keystore_add(struct keystore_content *content, const char *alias, size_t length,
                  X509_SIG *locked, EVP_PKEY *key);

/* Whether ROUNDS of hashing may be spent on STORE. */
bool keystore_may_spend(const struct keystore *store, long rounds);

/* Set ERR and the property at fault. Returns false. */
bool keystore_refuse(const struct keystore *store, const char *property, struct error *err,
                     const char *what);

#endif
