/* SPDX-License-Identifier: Apache-2.0 */
/* listen_tls.h - the certificate that the service shows, and the TLS that it speaks. */
#ifndef LISTEN_TLS_H
#define LISTEN_TLS_H

#include <openssl/ssl.h>

#include "testconn/error.h"

/* TLS 1.2 and 1.3 with the chain in the PEM file CERTIFICATE and its KEY. NULL with ERR set; the
 * caller ends with SSL_CTX_free(). */
SSL_CTX *listen_tls_new(const char *certificate, const char *key, struct error *err);

#endif
