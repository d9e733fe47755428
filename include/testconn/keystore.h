/* SPDX-License-Identifier: Apache-2.0 */
/* keystore.h - client keystores: PKCS#12, Java's JKS and JCEKS, and PEM, told apart by content. */
#ifndef TESTCONN_KEYSTORE_H
#define TESTCONN_KEYSTORE_H

#include "testconn/identity.h"

#pragma GCC visibility push(default)

/* A keystore as it was fetched, and what opens it. */
struct keystore {
    const char *name; /* of the file, for messages */
    const void *data;
    size_t length;
    const char *password;              /* of the store; NULL: none given */
    const char *key_password;          /* of the key in it; NULL: the store's */
    const char *property;              /* what to blame for the file; static */
    const char *password_property;     /* for the store's password; static */
    const char *key_password_property; /* for the key's password; static */
    unsigned rounds_maximum;           /* of hashing that a file may demand; 0: 5,000,000 */
};

/* What was found in one, for people. */
struct keystore_facts {
    const char *format; /* "PKCS#12"; static */
    char alias[256];    /* of the key; "" when it has none */
    char subject[512];  /* of its certificate */
    char issuer[512];   /* likewise */
    char not_after[32]; /* ISO 8601 */
    long days_left;     /* negative: expired */
    int chain;          /* certificates above it */
};

/*
 * The one key of STORE with its certificate and chain. NULL with ERR set to KEYSTORE_INVALID and
 * the property at fault: a wrong password, damage, no key in it, several keys (named). The caller
 * ends with identity_free().
 */
struct identity *keystore_open(const struct keystore *store, struct keystore_facts *facts,
                               struct error *err);

#pragma GCC visibility pop

#endif
