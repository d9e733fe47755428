/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.h - CA files and Glue's documented rules for them; certificates described for
 * reports. */
#ifndef CERTIFICATE_H
#define CERTIFICATE_H

#include <jansson.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "testconn/error.h"

/*
 * Read the PEM certificates of a CA file, in its order. NULL with ERR set to CERT_UNREADABLE, which
 * says what it is instead: DER, PKCS#7, PKCS#12, a Java keystore, a private key, a request, a web
 * page, nothing, truncated, rubbish. NAME is for messages. The caller frees the stack and its
 * certificates with sk_X509_pop_free(..., X509_free). The OpenSSL error queue is left as found.
 */
STACK_OF(X509) *
    certificate_read_bundle(const char *name, const void *data, size_t length, struct error *err);

/* The rules of the Connection API document, one finding each. */
enum certificate_rules {
    CERTIFICATE_RULES_JDBC, /* signature algorithm, RSA, at least 2048 bits */
    CERTIFICATE_RULES_KAFKA /* signature algorithm */
};

/* One rule that one certificate breaks. */
struct certificate_fault {
    const char *rule;   /* "ca-signature-algorithm", "ca-key-algorithm", "ca-key-length"; static */
    enum reason reason; /* CERT_ALGORITHM or CERT_KEY_TOO_SHORT */
    char message[1024]; /* which certificate (index, subject), value found, values allowed */
};

/* Check CERTIFICATE, the INDEX-th (from 1) of COUNT in its file: up to SIZE faults, returns how
 * many. */
size_t certificate_check(X509 *certificate, int index, int count, enum certificate_rules rules,
                         struct certificate_fault *faults, size_t size);

/* An element of "chain" in the report: subject, issuer, not_before, not_after, sans,
 * signature_algorithm (as Java names it: "SHA256withRSA"), key ("RSA 2048"), sha256. */
json_t *certificate_to_json(X509 *certificate);

/* "2026-12-01T00:00:00Z". */
void certificate_time(const ASN1_TIME *time, char out[32]);

/* The subject alternative names: DNS names, addresses, e-mail, URIs. An array the caller decrefs.
 */
json_t *certificate_sans(X509 *certificate);

/* Whole days until it expires, negative once it has. */
long certificate_days_left(X509 *certificate);

/* "CN=db.example,O=Example" in RFC 4514 order, UTF-8; the caller frees it. */
char *certificate_name(const X509_NAME *name);

/* Whether two distinguished names are the same: whole, RFC 4514 order, without case and without
 * blanks after commas. */
bool certificate_dn_equal(const char *a, const char *b);

#endif
