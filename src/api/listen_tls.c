/* SPDX-License-Identifier: Apache-2.0 */
/* listen_tls.c - files into a TLS context. */
#include "listen_tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"

static bool encrypted; /* the key wants a pass phrase */

/* Nobody is there to be asked. */
static int refuse_to_ask(char *out, int size, int writing, void *argument)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)argument;
    encrypted = true;
    return -1;
}

static bool refuse(const char *what, const char *file, struct error *err)
{
    unsigned long code = ERR_peek_error();
    const char *words = ERR_reason_error_string(code);
    if (encrypted)
        words = "it is encrypted, and nobody is asked for a pass phrase";
    else if ((ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE) ||
             (ERR_GET_LIB(code) == ERR_LIB_OSSL_DECODER &&
              ERR_GET_REASON(code) == ERR_R_UNSUPPORTED))
        words = "it holds nothing of that kind in PEM";
    ERR_clear_error();
    return error_set(err, REASON_INVALID_INPUT, "%s %s cannot be used: %s", what, file,
                     words ? words : "OpenSSL does not say why");
}

/* Each is good, and they are not of one pair. */
static bool refuse_pair(const char *certificate, const char *key, struct error *err)
{
    ERR_clear_error();
    return error_set(err, REASON_INVALID_INPUT,
                     "the key %s (--tls-key) does not belong to the certificate %s "
                     "(--tls-certificate): name the key that this certificate was made for",
                     key, certificate);
}

static EVP_PKEY *read_key(SSL_CTX *tls, const char *file)
{
    FILE *input = fopen(file, "re");
    EVP_PKEY *key =
        input ? PEM_read_PrivateKey(input, NULL, SSL_CTX_get_default_passwd_cb(tls), NULL) : NULL;
    if (input)
        fclose(input);
    return key;
}

/* Said by the system rather than by OpenSSL, which says "system lib". */
static bool can_read(const char *what, const char *file, struct error *err)
{
    int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    char byte;
    bool readable = fd >= 0 && read(fd, &byte, 1) >= 0;
    int why = errno;
    fd_close(&fd);
    return readable || error_set(err, REASON_INVALID_INPUT, "%s %s cannot be read: %s", what, file,
                                 strerror(why));
}

static bool load(SSL_CTX *tls, const char *certificate, const char *key, struct error *err)
{
    encrypted = false;
    if (!can_read("the certificate", certificate, err) || !can_read("the key", key, err))
        return false;
    if (SSL_CTX_use_certificate_chain_file(tls, certificate) != 1)
        return refuse("the certificate", certificate, err);
    EVP_PKEY *own = read_key(tls, key);
    if (!own)
        return refuse("the key", key, err);
    bool belongs = X509_check_private_key(SSL_CTX_get0_certificate(tls), own) == 1;
    bool used = belongs && SSL_CTX_use_PrivateKey(tls, own) == 1;
    EVP_PKEY_free(own);
    if (!belongs)
        return refuse_pair(certificate, key, err);
    return used || refuse("the key", key, err);
}

SSL_CTX *listen_tls_new(const char *certificate, const char *key, struct error *err)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_default_passwd_cb(tls, refuse_to_ask);
    if (load(tls, certificate, key, err))
        return tls;
    SSL_CTX_free(tls);
    return NULL;
}
