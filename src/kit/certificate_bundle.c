/* SPDX-License-Identifier: Apache-2.0 */
/* certificate_bundle.c - a CA file read, and what it is when it is no PEM certificate. */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "certificate.h"
#include "text.h"

/* Never ask a terminal for a passphrase. */
static int no_passphrase(char *buffer, int size, int writing, void *argument)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)argument;
    return 0;
}

static bool has(const char *data, size_t length, const char *word)
{
    return memmem(data, length, word, strlen(word)) != NULL;
}

/* What the PEM lines of other things say; the more special first. */
static const struct {
    const char *line;
    const char *what;
} other_pem[] = {
    {"-----BEGIN PKCS7-----",
     "it holds PKCS#7, not certificates (openssl pkcs7 -print_certs -in FILE)"},
    {"-----BEGIN CMS-----", "it holds CMS, not certificates"},
    {"-----BEGIN ENCRYPTED PRIVATE KEY-----",
     "it holds an encrypted private key and no certificate"},
    {"PRIVATE KEY-----", "it holds a private key and no certificate"},
    {"-----BEGIN CERTIFICATE REQUEST-----", "it holds a certificate request, not a certificate"},
    {"-----BEGIN NEW CERTIFICATE REQUEST-----",
     "it holds a certificate request, not a certificate"},
    {"PUBLIC KEY-----", "it holds a public key, not a certificate"},
    {"PARAMETERS-----", "it holds parameters of keys, not a certificate"},
    {"-----BEGIN PGP ", "it is of PGP, which knows other certificates"},
    {"-----BEGIN X509 CRL-----", "it holds a revocation list, not a certificate"},
    {"\n-----END CERTIFICATE-----", "its Base64 is damaged"},
    {"-----END CERTIFICATE-----",
     "its line breaks are lost: -----BEGIN CERTIFICATE----- and -----END CERTIFICATE----- stand on "
     "lines of their own"},
    {"-----BEGIN CERTIFICATE-----", "it is cut off: the line -----END CERTIFICATE----- is missing"},
    {"-----BEGIN", "its PEM blocks are of another kind"},
};

/* Text of an editor that writes two bytes a character, with or without its mark. */
static bool is_wide(const char *data, size_t length)
{
    if (length >= 2 && (memcmp(data, "\xFF\xFE", 2) == 0 || memcmp(data, "\xFE\xFF", 2) == 0))
        return true;
    return length >= 4 && (memcmp(data, "-\0-\0", 4) == 0 || memcmp(data, "\0-\0-", 4) == 0);
}

/* A certificate's Base64 without the lines around it. */
static bool is_bare_base64(const char *data, size_t length)
{
    if (length < 4 || memcmp(data, "MII", 3) != 0)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!data[i] || !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= "
                                "\t\r\n",
                                data[i]))
            return false;
    return true;
}

/* What text without a readable PEM certificate is. */
static const char *name_text(const char *data, size_t length)
{
    size_t blank = 0;
    while (blank < length && strchr(" \t\r\n", data[blank]))
        blank++;
    if (blank == length)
        return "it is empty";
    if (is_wide(data, length))
        return "it is text in UTF-16; PEM is written in ASCII (save it as UTF-8 or ASCII)";
    for (size_t i = 0; i < sizeof other_pem / sizeof *other_pem; i++)
        if (has(data, length, "-----BEGIN") && has(data, length, other_pem[i].line))
            return other_pem[i].what;
    if (is_bare_base64(data + blank, length - blank))
        return "it is Base64 without the lines -----BEGIN CERTIFICATE----- and -----END "
               "CERTIFICATE-----";
    if (blank + 4 < length && memcmp(data + blank, "ssh-", 4) == 0)
        return "it is a public key of SSH";
    if (data[blank] == '<')
        return "it is a web page or XML (an error page saved as a file?)";
    if (data[blank] == '{')
        return "it is JSON";
    return NULL;
}

static bool is_der_of(const void *data, size_t length, void *(*parse)(const unsigned char **, long),
                      void (*release)(void *))
{
    const unsigned char *at = data;
    void *value = parse(&at, (long)length);
    if (value)
        release(value);
    return value != NULL;
}

static void *parse_x509(const unsigned char **at, long length)
{
    return d2i_X509(NULL, at, length);
}

static void release_x509(void *value)
{
    X509_free(value);
}

static void *parse_pkcs12(const unsigned char **at, long length)
{
    return d2i_PKCS12(NULL, at, length);
}

static void release_pkcs12(void *value)
{
    PKCS12_free(value);
}

static void *parse_pkcs7(const unsigned char **at, long length)
{
    return d2i_PKCS7(NULL, at, length);
}

static void release_pkcs7(void *value)
{
    PKCS7_free(value);
}

static void *parse_crl(const unsigned char **at, long length)
{
    return d2i_X509_CRL(NULL, at, length);
}

static void release_crl(void *value)
{
    X509_CRL_free(value);
}

static void *parse_request(const unsigned char **at, long length)
{
    return d2i_X509_REQ(NULL, at, length);
}

static void release_request(void *value)
{
    X509_REQ_free(value);
}

/* What binary data is. */
static const char *name_binary(const void *data, size_t length)
{
    if (length >= 4 && memcmp(data, "\xFE\xED\xFE\xED", 4) == 0)
        return "it is a Java keystore (JKS)";
    if (length >= 4 && memcmp(data, "\xCE\xCE\xCE\xCE", 4) == 0)
        return "it is a Java keystore (JCEKS)";
    if (is_der_of(data, length, parse_x509, release_x509))
        return "it is a certificate in binary DER; Base64 PEM is demanded (openssl x509 -inform "
               "der -in FILE)";
    if (is_der_of(data, length, parse_pkcs7, release_pkcs7))
        return "it is PKCS#7 in binary DER";
    if (is_der_of(data, length, parse_pkcs12, release_pkcs12))
        return "it is a PKCS#12 keystore";
    if (is_der_of(data, length, parse_crl, release_crl))
        return "it is a revocation list in binary DER, not a certificate";
    if (is_der_of(data, length, parse_request, release_request))
        return "it is a certificate request in binary DER, not a certificate";
    return "it is neither PEM nor a certificate in any form known";
}

static const char *name_content(const char *data, size_t length)
{
    if (length >= 2 && memcmp(data, "\x1F\x8B", 2) == 0)
        return "it is packed by gzip";
    if (length >= 4 && memcmp(data, "PK\3\4", 4) == 0)
        return "it is a ZIP or JAR archive"; /* it may hold text as it is */
    const char *name = name_text(data, length);
    return name ? name : name_binary(data, length);
}

/* Whether reading ended at the end of the PEM blocks, and not at a broken one. */
static bool ended_well(void)
{
    unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

static STACK_OF(X509) *
    read_bundle(const char *name, const void *data, size_t length, struct error *err)
{
    STACK_OF(X509) *list = sk_X509_new_null();
    BIO *bio = BIO_new_mem_buf(data, (int)length);
    ERR_set_mark();
    for (X509 *one; (one = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL));)
        sk_X509_push(list, one);
    int count = sk_X509_num(list);
    bool whole = ended_well();
    if (count == 0 && (whole || !has(data, length, "-----END CERTIFICATE-----"))) {
        error_set(err, REASON_CERT_UNREADABLE, "%s holds no certificate in PEM form: %s", name,
                  name_content(data, length));
    } else if (!whole) {
        const char *words = ERR_reason_error_string(ERR_peek_last_error());
        error_set(err, REASON_CERT_UNREADABLE, "%s: certificate %d in it is damaged (%s)", name,
                  count + 1, words ? words : "not readable");
    }
    ERR_pop_to_mark();
    BIO_free(bio);
    if (count > 0 && whole)
        return list;
    sk_X509_pop_free(list, X509_free);
    return NULL;
}

/* The last that was read: a test looks at its CA several times over, and OpenSSL takes its time to
 * decode a key. */
static struct {
    pthread_mutex_t lock;
    void *data;
    size_t length;
    STACK_OF(X509) * list;
} last = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void remember(const void *data, size_t length, STACK_OF(X509) * list)
{
    free(last.data);
    sk_X509_pop_free(last.list, X509_free);
    last.data = xmalloc(length);
    memcpy(last.data, data, length);
    last.length = length;
    last.list = X509_chain_up_ref(list);
}

STACK_OF(X509) *
    certificate_read_bundle(const char *name, const void *data, size_t length, struct error *err)
{
    STACK_OF(X509) * list;
    pthread_mutex_lock(&last.lock);
    if (last.list && length == last.length && memcmp(data, last.data, length) == 0) {
        list = X509_chain_up_ref(last.list);
    } else {
        list = read_bundle(name, data, length, err);
        if (list)
            remember(data, length, list);
    }
    pthread_mutex_unlock(&last.lock);
    return list;
}
