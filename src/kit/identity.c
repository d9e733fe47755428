/* SPDX-License-Identifier: Apache-2.0 */
/* identity.c - a client certificate put together from what a file holds. */
#include "certificate.h"
#include "identity_state.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* The certificate of LIST that issued CERTIFICATE; NULL when it is not there, or is itself. */
static X509 *find_issuer(X509 *certificate, STACK_OF(X509) * list)
{
    for (int i = 0; i < sk_X509_num(list); i++) {
        X509 *one = sk_X509_value(list, i);
        if (X509_cmp(one, certificate) != 0 && X509_check_issued(one, certificate) == X509_V_OK)
            return one;
    }
    return NULL;
}

static bool is_in(X509 *certificate, STACK_OF(X509) * list)
{
    for (int i = 0; i < sk_X509_num(list); i++)
        if (X509_cmp(sk_X509_value(list, i), certificate) == 0)
            return true;
    return false;
}

struct identity *identity_new(EVP_PKEY *key, STACK_OF(X509) * certificates)
{
    X509 *own = NULL;
    for (int i = 0; i < sk_X509_num(certificates) && !own; i++)
        if (X509_check_private_key(sk_X509_value(certificates, i), key) == 1)
            own = sk_X509_value(certificates, i);
    if (!own)
        return NULL;
    struct identity *identity = xcalloc(1, sizeof *identity);
    identity->key = key;
    identity->certificate = own;
    identity->chain = sk_X509_new_null();
    X509_up_ref(own);
    for (X509 *issuer = find_issuer(own, certificates);
         issuer && !is_in(issuer, identity->chain) && X509_cmp(issuer, own) != 0;
         issuer = find_issuer(issuer, certificates)) {
        X509_up_ref(issuer);
        sk_X509_push(identity->chain, issuer);
    }
    return identity;
}

/* Give the passphrase we were given, and never ask a terminal. */
static int give_password(char *buffer, int size, int writing, void *password)
{
    (void)writing;
    size_t length = password ? strlen(password) : 0;
    if (!password || length > (size_t)size)
        return -1;
    memcpy(buffer, password, length);
    return (int)length;
}

static STACK_OF(X509) * read_certificates(const void *pem, size_t length)
{
    STACK_OF(X509) *list = sk_X509_new_null();
    BIO *bio = BIO_new_mem_buf(pem, (int)length);
    for (X509 *one; (one = PEM_read_bio_X509(bio, NULL, give_password, NULL));)
        sk_X509_push(list, one);
    BIO_free(bio);
    return list;
}

static EVP_PKEY *read_key(const void *pem, size_t length, const char *password)
{
    char *own = password ? xstrdup(password) : NULL;
    BIO *bio = BIO_new_mem_buf(pem, (int)length);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, give_password, own);
    BIO_free(bio);
    text_wipe_free(own);
    return key;
}

/* Which certificate, and which key: they are of the same kind, or not. */
static void tell_strangers(const char *name, const EVP_PKEY *key, STACK_OF(X509) * certificates,
                           struct error *err)
{
    X509 *first = sk_X509_value(certificates, 0);
    if (!first) {
        error_set(err, REASON_KEYSTORE_INVALID, "%s: holds a private key and no certificate", name);
        return;
    }
    char *subject = certificate_name(X509_get_subject_name(first));
    char *kind = certificate_key(first);
    error_set(
        err, REASON_KEYSTORE_INVALID,
        "%s: its private key (%s %d) belongs to no certificate in it: \"%s\" was made for another "
        "one (%s)",
        name, EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key), subject, kind);
    error_remedy(err, "put the certificate and the private key that it was made for into the file");
    free(subject);
    free(kind);
}

struct identity *identity_from_pem(const char *name, const void *pem, size_t length,
                                   const char *password, struct error *err)
{
    struct identity *identity = NULL;
    ERR_set_mark();
    STACK_OF(X509) *certificates = read_certificates(pem, length);
    EVP_PKEY *key = read_key(pem, length, password);
    bool is_encrypted = memmem(pem, length, "ENCRYPTED", strlen("ENCRYPTED")) != NULL;
    if (key)
        identity = identity_new(key, certificates);
    if (!key)
        error_set(err, REASON_KEYSTORE_INVALID, "%s: %s", name,
                  !is_encrypted ? "holds no private key that can be read"
                  : password    ? "the private key cannot be opened: the key's password is wrong"
                                : "the private key is encrypted, and no password was given for it");
    else if (!identity)
        tell_strangers(name, key, certificates, err);
    if (key && !identity)
        EVP_PKEY_free(key);
    sk_X509_pop_free(certificates, X509_free);
    ERR_pop_to_mark();
    return identity;
}

static char *take_text(BIO *bio)
{
    char *data = NULL;
    long length = BIO_get_mem_data(bio, &data);
    char *text = xstrndup(data, (size_t)length);
    text_wipe(data, (size_t)length);
    BIO_free(bio);
    return text;
}

char *identity_certificates(const struct identity *identity)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, identity->certificate);
    for (int i = 0; i < sk_X509_num(identity->chain); i++)
        PEM_write_bio_X509(bio, sk_X509_value(identity->chain, i));
    return take_text(bio);
}

char *identity_key(const struct identity *identity)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, identity->key, NULL, NULL, 0, NULL, NULL);
    return take_text(bio);
}

char *identity_subject(const struct identity *identity)
{
    return certificate_name(X509_get_subject_name(identity->certificate));
}

void identity_free(struct identity *identity)
{
    if (!identity)
        return;
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
    sk_X509_pop_free(identity->chain, X509_free);
    free(identity);
}
