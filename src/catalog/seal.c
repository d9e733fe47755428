/* SPDX-License-Identifier: Apache-2.0 */
/* seal.c - AES-256-GCM by OpenSSL. */
#include "seal.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { VERSION = 1, NONCE_SIZE = 12, TAG_SIZE = 16, OVERHEAD = 1 + NONCE_SIZE + TAG_SIZE };

void seal_prepare(void)
{
    /* Nor is it taken down piece by piece at the end. */
    OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL);
    EVP_CIPHER_free(EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL));
}

void seal_key_identify(struct seal_key *key)
{
    static const char label[] = "testconn catalog key id";
    unsigned char text[sizeof label + SEAL_KEY_SIZE];
    unsigned char digest[32];
    memcpy(text, label, sizeof label);
    memcpy(text + sizeof label, key->bytes, SEAL_KEY_SIZE);
    EVP_Digest(text, sizeof text, digest, NULL, EVP_sha256(), NULL);
    for (int i = 0; i < (SEAL_ID_SIZE - 1) / 2; i++)
        snprintf(key->id + 2 * i, 3, "%02x", digest[i]);
    text_wipe(text, sizeof text);
}

/* OpenSSL refuses these only when it is broken or out of memory: no definition is ever stored
 * unsealed then. */
static void demand(bool done)
{
    if (done)
        return;
    fputs("testconn: OpenSSL cannot encrypt\n", stderr);
    abort();
}

/* Bind the version and the name: a row moved under another name does not open. */
static bool bind(EVP_CIPHER_CTX *context, const char *name)
{
    static const unsigned char version = VERSION;
    int size = 0;
    return EVP_CipherUpdate(context, NULL, &size, &version, 1) == 1 &&
           EVP_CipherUpdate(context, NULL, &size, (const unsigned char *)name, (int)strlen(name)) ==
               1;
}

unsigned char *seal(const struct seal_key *key, const char *name, const char *text, size_t *size)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    size_t length = strlen(text);
    unsigned char *sealed = xmalloc(length + OVERHEAD);
    unsigned char *body = sealed + 1 + NONCE_SIZE;
    int written = 0;
    int rest = 0;
    sealed[0] = VERSION;
    demand(length < INT_MAX - OVERHEAD && context && RAND_bytes(sealed + 1, NONCE_SIZE) == 1 &&
           EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key->bytes, sealed + 1) == 1 &&
           bind(context, name) &&
           EVP_EncryptUpdate(context, body, &written, (const unsigned char *)text, (int)length) ==
               1 &&
           EVP_EncryptFinal_ex(context, body + written, &rest) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, body + length) == 1);
    EVP_CIPHER_CTX_free(context);
    *size = length + OVERHEAD;
    return sealed;
}

char *seal_open(const struct seal_key *key, const char *name, const unsigned char *sealed,
                size_t size)
{
    if (size < OVERHEAD || size > INT_MAX || sealed[0] != VERSION)
        return NULL;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    size_t length = size - OVERHEAD;
    const unsigned char *body = sealed + 1 + NONCE_SIZE;
    unsigned char tag[TAG_SIZE];
    char *text = xcalloc(length + 1, 1);
    int written = 0;
    int rest = 0;
    memcpy(tag, body + length, TAG_SIZE);
    bool opened =
        context &&
        EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key->bytes, sealed + 1) == 1 &&
        bind(context, name) &&
        EVP_DecryptUpdate(context, (unsigned char *)text, &written, body, (int)length) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) == 1 &&
        EVP_DecryptFinal_ex(context, (unsigned char *)text + written, &rest) == 1;
    EVP_CIPHER_CTX_free(context);
    if (opened)
        return text;
    text_wipe(text, length);
    free(text);
    return NULL;
}
