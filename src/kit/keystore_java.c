/* SPDX-License-Identifier: Apache-2.0 */
/* keystore_java.c - Java's own keystores, JKS and JCEKS: their layout and how their keys are
 * locked. */
#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keystore_entry.h"
#include "testconn/reader.h"
#include "text.h"

#define JKS_OID "1.3.6.1.4.1.42.2.17.1.1"
#define JCEKS_OID "1.3.6.1.4.1.42.2.19.1"

enum { HASH = 20, TAG_KEY = 1, TAG_CERTIFICATE = 2, TAG_SECRET = 3, DES3_KEY = 24, DES3_IV = 8 };

static uint32_t take_number(struct reader *reader, size_t bytes)
{
    return (uint32_t)reader_number(reader, bytes);
}

/* A password as Java hashes it: UTF-16, high byte first. The caller wipes and frees it. */
static unsigned char *to_utf16(const char *text, size_t *length)
{
    size_t left = strlen(text);
    unsigned char *out = xmalloc(2 * left + 2);
    *length = 0;
    while (left > 0) {
        size_t size = 1;
        long point = text_code_point(text, left, &size);
        if (point < 0) {
            point = (unsigned char)*text;
            size = 1;
        }
        if (point > 0xFFFF) {
            long high = 0xD800 + ((point - 0x10000) >> 10);
            out[(*length)++] = (unsigned char)(high >> 8);
            out[(*length)++] = (unsigned char)high;
            point = 0xDC00 + ((point - 0x10000) & 0x3FF);
        }
        out[(*length)++] = (unsigned char)(point >> 8);
        out[(*length)++] = (unsigned char)point;
        text += size;
        left -= size;
    }
    return out;
}

/* SHA-1 over up to three pieces. */
static void hash(unsigned char out[HASH], const void *a, size_t a_length, const void *b,
                 size_t b_length, const void *c, size_t c_length)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context, EVP_sha1(), NULL);
    EVP_DigestUpdate(context, a, a_length);
    EVP_DigestUpdate(context, b, b_length);
    EVP_DigestUpdate(context, c, c_length);
    EVP_DigestFinal_ex(context, out, NULL);
    EVP_MD_CTX_free(context);
}

static bool is_whole(const struct keystore *store)
{
    static const char salt[] = "Mighty Aphrodite";
    const unsigned char *data = store->data;
    unsigned char digest[HASH];
    size_t length = 0;
    size_t covered = store->length - HASH;
    unsigned char *password = to_utf16(store->password, &length);
    hash(digest, password, length, salt, strlen(salt), data, covered);
    OPENSSL_cleanse(password, length);
    free(password);
    return CRYPTO_memcmp(digest, data + covered, HASH) == 0;
}

/* One certificate; NULL when it is none. */
static X509 *take_certificate(struct reader *reader, uint32_t version)
{
    if (version == 2)
        reader_take(reader, take_number(reader, 2)); /* "X.509" */
    uint32_t length = take_number(reader, 4);
    const unsigned char *der = reader_take(reader, length);
    return der ? d2i_X509(NULL, &der, (long)length) : NULL;
}

static bool take_trusted(struct reader *reader, uint32_t version, struct keystore_content *content)
{
    X509 *certificate = take_certificate(reader, version);
    content->trusted += certificate != NULL;
    X509_free(certificate);
    return certificate != NULL;
}

static bool take_key(struct reader *reader, uint32_t version, const char *alias,
                     size_t alias_length, struct keystore_content *content)
{
    uint32_t length = take_number(reader, 4);
    const unsigned char *der = reader_take(reader, length);
    X509_SIG *locked = der ? d2i_X509_SIG(NULL, &der, (long)length) : NULL;
    if (!locked || !keystore_add(content, alias, alias_length, locked, NULL))
        return false;
    uint32_t chain = take_number(reader, 4);
    for (uint32_t i = 0; i < chain; i++) {
        X509 *certificate = take_certificate(reader, version);
        if (!certificate)
            return false;
        sk_X509_push(content->certificates, certificate);
    }
    return true;
}

static bool take_entry(struct reader *reader, uint32_t version, struct keystore_content *content)
{
    uint32_t tag = take_number(reader, 4);
    uint32_t length = take_number(reader, 2);
    const char *alias = (const char *)reader_take(reader, length);
    reader_take(reader, 8); /* when it was made */
    if (!alias)
        return false;
    if (tag == TAG_KEY)
        return take_key(reader, version, alias, length, content);
    return tag == TAG_CERTIFICATE && take_trusted(reader, version, content);
}

bool keystore_read_java(const struct keystore *store, struct keystore_content *content,
                        struct error *err)
{
    static const char damaged[] = "it is damaged or cut off";
    struct reader reader = {.at = store->data, .left = store->length};
    take_number(&reader, 4); /* the magic number */
    uint32_t version = take_number(&reader, 4);
    uint32_t count = take_number(&reader, 4);
    if (reader.short_of || reader.left < HASH || version < 1 || version > 2)
        return keystore_refuse(store, store->property, err, damaged);
    if (store->password && !is_whole(store))
        return keystore_refuse(store, store->password_property, err,
                               "its password is wrong, or the file is damaged (its check sum does "
                               "not match)");
    reader.left -= HASH;
    for (uint32_t i = 0; i < count; i++)
        if (!take_entry(&reader, version, content))
            return keystore_refuse(
                store, store->property, err,
                reader.short_of ? damaged
                                : "it holds an entry of a kind that cannot be read (a secret "
                                  "key, or a damaged one)");
    return true;
}

/* The key of JKS: masked by a stream of hashes, checked by one. PLAIN holds LENGTH bytes. */
static bool unmask(const unsigned char *data, size_t length, const char *password,
                   unsigned char *plain)
{
    unsigned char block[HASH];
    size_t size = 0;
    unsigned char *wide = to_utf16(password, &size);
    memcpy(block, data, HASH);
    for (size_t i = 0; i < length; i++) {
        if (i % HASH == 0)
            hash(block, wide, size, block, HASH, NULL, 0);
        plain[i] = data[HASH + i] ^ block[i % HASH];
    }
    hash(block, wide, size, plain, length, NULL, 0);
    OPENSSL_cleanse(wide, size);
    free(wide);
    return CRYPTO_memcmp(block, data + HASH + length, HASH) == 0;
}

/* Java's own way from a password to a key: MD5 over each half of the salt, again and again. */
static bool derive(const unsigned char salt[8], long rounds, const char *password,
                   unsigned char out[DES3_KEY + DES3_IV])
{
    unsigned char start[8];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = true;
    memcpy(start, salt, sizeof start);
    if (memcmp(start, start + 4, 4) == 0)
        for (size_t i = 0; i < 2; i++) { /* Java turns the first half round when both are equal */
            start[i] = salt[3 - i];
            start[3 - i] = salt[i];
        }
    for (size_t half = 0; half < 2; half++) {
        unsigned char *block = out + 16 * half;
        size_t length = 4;
        memcpy(block, start + 4 * half, length);
        for (long i = 0; i < rounds && done; i++) {
            done = EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1 &&
                   EVP_DigestUpdate(context, block, length) == 1 &&
                   EVP_DigestUpdate(context, password, strlen(password)) == 1 &&
                   EVP_DigestFinal_ex(context, block, NULL) == 1;
            length = 16;
        }
    }
    EVP_MD_CTX_free(context);
    return done && rounds > 0;
}

static bool decipher(const unsigned char *data, size_t length, const unsigned char *key,
                     unsigned char *plain, size_t *plain_length)
{
    int first = 0;
    int last = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool done = EVP_DecryptInit_ex(context, EVP_des_ede3_cbc(), NULL, key, key + DES3_KEY) == 1 &&
                EVP_DecryptUpdate(context, plain, &first, data, (int)length) == 1 &&
                EVP_DecryptFinal_ex(context, plain + first, &last) == 1;
    EVP_CIPHER_CTX_free(context);
    *plain_length = (size_t)first + (size_t)last;
    return done;
}

/* SEQUENCE { OCTET STRING salt, INTEGER rounds } in PARAMETERS. */
static bool read_parameters(const X509_ALGOR *algorithm, unsigned char salt[8], long *rounds)
{
    int type = V_ASN1_UNDEF;
    const void *value = NULL;
    bool read = false;
    X509_ALGOR_get0(NULL, &type, &value, algorithm);
    if (type != V_ASN1_SEQUENCE)
        return false;
    const ASN1_STRING *text = value;
    const unsigned char *at = ASN1_STRING_get0_data(text);
    ASN1_SEQUENCE_ANY *parts = d2i_ASN1_SEQUENCE_ANY(NULL, &at, ASN1_STRING_length(text));
    if (sk_ASN1_TYPE_num(parts) == 2) {
        const ASN1_TYPE *first = sk_ASN1_TYPE_value(parts, 0);
        const ASN1_TYPE *second = sk_ASN1_TYPE_value(parts, 1);
        if (first->type == V_ASN1_OCTET_STRING && second->type == V_ASN1_INTEGER &&
            ASN1_STRING_length(first->value.octet_string) == 8) {
            memcpy(salt, ASN1_STRING_get0_data(first->value.octet_string), 8);
            *rounds = ASN1_INTEGER_get(second->value.integer);
            read = true;
        }
    }
    sk_ASN1_TYPE_pop_free(parts, ASN1_TYPE_free);
    return read;
}

static EVP_PKEY *read_pkcs8(const unsigned char *der, size_t length)
{
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &der, (long)length);
    EVP_PKEY *key = info ? EVP_PKCS82PKEY(info) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    return key;
}

EVP_PKEY *keystore_unlock_java(const struct keystore *store, const X509_SIG *locked,
                               const char *password)
{
    char oid[64] = "";
    const X509_ALGOR *algorithm = NULL;
    const ASN1_OCTET_STRING *value = NULL;
    const ASN1_OBJECT *object = NULL;
    EVP_PKEY *key = NULL;
    X509_SIG_get0(locked, &algorithm, &value);
    X509_ALGOR_get0(&object, NULL, NULL, algorithm);
    OBJ_obj2txt(oid, sizeof oid, object, 1);
    const unsigned char *data = ASN1_STRING_get0_data(value);
    size_t length = (size_t)ASN1_STRING_length(value);
    size_t plain_length = 0;
    unsigned char *plain = xcalloc(1, length + 1);
    unsigned char salt[8];
    unsigned char des[DES3_KEY + DES3_IV];
    long rounds = 0;
    if (strcmp(oid, JKS_OID) == 0 && length > 2 * HASH) {
        plain_length = length - 2 * HASH;
        if (unmask(data, plain_length, password, plain))
            key = read_pkcs8(plain, plain_length);
    } else if (strcmp(oid, JCEKS_OID) == 0 && read_parameters(algorithm, salt, &rounds) &&
               keystore_may_spend(store, rounds) && derive(salt, rounds, password, des) &&
               decipher(data, length, des, plain, &plain_length)) {
        key = read_pkcs8(plain, plain_length);
    }
    OPENSSL_cleanse(des, sizeof des);
    OPENSSL_cleanse(plain, length);
    free(plain);
    return key;
}
