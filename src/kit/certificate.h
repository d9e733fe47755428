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
#include "testconn/probe.h"

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

/* One rule that one certificate, or the file as a whole, breaks. */
struct certificate_fault {
    enum severity severity;
    const char *rule; /* "ca-signature-algorithm", "ca-key-length", "certificate-expired"; static */
    enum reason reason; /* CERT_ALGORITHM, TLS_EXPIRED, ...; REASON_NONE where it is no error */
    int index;          /* of the certificate in its file, from 1; 0: the file */
    char message[1024]; /* which certificate (index, subject), value found, values allowed */
};

enum { CERTIFICATE_FAULTS = 8 }; /* of one certificate, by any of the checks, at most */

/* Check CERTIFICATE, the INDEX-th (from 1) of COUNT in its file: up to SIZE faults, returns how
 * many. */
size_t certificate_check(X509 *certificate, int index, int count, enum certificate_rules rules,
                         struct certificate_fault *faults, size_t size);

/* Its dates: expired or not yet valid (errors), or about to expire (a warning); false when fine. */
bool certificate_check_dates(X509 *certificate, int index, int count,
                             struct certificate_fault *fault);

/* What TLS would say of it as a certificate to trust: its dates, strength, and whether it may sign
 * others. As certificate_check(). */
size_t certificate_check_use(X509 *certificate, int index, int count,
                             struct certificate_fault *faults, size_t size);

/* Whether CERTIFICATE is for the host or address NAME: an address needs an IP SAN, and the CN
 * counts only where there is no subjectAltName at all. */
bool certificate_matches_name(X509 *certificate, const char *name);

/* "db.example, 192.0.2.7", or "no alternative name, only the subject CN=db"; the caller frees it.
 */
char *certificate_names(X509 *certificate);

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

/* "SHA256withRSA", as Java and the Connection API write it; the caller frees it. */
char *certificate_signature(const X509 *certificate);

/* "RSA 2048", "EC prime256v1", "ED25519"; the caller frees it. */
char *certificate_key(X509 *certificate);

/* "CN=db.example,O=Example" in RFC 4514 order, UTF-8; the caller frees it. */
char *certificate_name(const X509_NAME *name);

/* Whether two distinguished names are the same: whole, RFC 4514 order, without case and without
 * blanks after commas. */
bool certificate_dn_equal(const char *a, const char *b);

#endif
