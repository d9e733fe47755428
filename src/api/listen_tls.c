/* SPDX-License-Identifier: Apache-2.0 */
/* listen_tls.c - files into a TLS context. */
#include "listen_tls.h"

#include <openssl/err.h>

static SSL_CTX *refuse(SSL_CTX *tls, const char *what, const char *file, struct error *err)
{
    const char *words = ERR_reason_error_string(ERR_peek_last_error());
    error_set(err, REASON_INVALID_INPUT, "%s %s cannot be used: %s", what, file,
              words ? words : "OpenSSL does not say why");
    ERR_clear_error();
    SSL_CTX_free(tls);
    return NULL;
}

SSL_CTX *listen_tls_new(const char *certificate, const char *key, struct error *err)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_use_certificate_chain_file(tls, certificate) != 1)
        return refuse(tls, "the certificate", certificate, err);
    if (SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(tls) != 1)
        return refuse(tls, "the key", key, err);
    return tls;
}
