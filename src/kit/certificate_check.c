/* SPDX-License-Identifier: Apache-2.0 */
/* certificate_check.c - one certificate held to the documented rules, and to what TLS demands. */
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certificate.h"
#include "text.h"

enum {
    EXPIRES_SOON_DAYS = 30,
    RSA_BITS = 2048,
    LEVEL = 2,          /* of OpenSSL: ours, and that of Debian's programs */
    LEVEL_2_BITS = 112, /* of security */
};

/* The faults of one certificate as they are found. */
struct finding {
    X509 *certificate;
    int index;
    int count;
    struct certificate_fault *faults;
    size_t size;
    size_t found;
};

/* "the certificate (CN=Test CA)", "certificate 2 of 3 (CN=Test CA)" */
static char *name_which(X509 *certificate, int index, int count)
{
    char *subject = certificate_name(X509_get_subject_name(certificate));
    char *which = count > 1 ? text_format("certificate %d of %d (%s)", index, count, subject)
                            : text_format("the certificate (%s)", subject);
    free(subject);
    return which;
}

__attribute__((format(printf, 5, 6))) static void add(struct finding *finding,
                                                      enum severity severity, const char *rule,
                                                      enum reason reason, const char *format, ...)
{
    if (finding->found >= finding->size)
        return;
    struct certificate_fault *fault = &finding->faults[finding->found++];
    va_list arguments;
    va_start(arguments, format);
    char *text = text_vformat(format, arguments);
    va_end(arguments);
    char *which = name_which(finding->certificate, finding->index, finding->count);
    *fault = (struct certificate_fault){
        .severity = severity, .rule = rule, .reason = reason, .index = finding->index};
    snprintf(fault->message, sizeof fault->message, "%s %s", which, text);
    free(which);
    free(text);
}

static bool is_documented_signature(const X509 *certificate)
{
    int nid = X509_get_signature_nid(certificate);
    return nid == NID_sha256WithRSAEncryption || nid == NID_sha384WithRSAEncryption ||
           nid == NID_sha512WithRSAEncryption;
}

size_t certificate_check(X509 *certificate, int index, int count, enum certificate_rules rules,
                         struct certificate_fault *faults, size_t size)
{
    struct finding finding = {certificate, index, count, faults, size, 0};
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    char *signature = certificate_signature(certificate);
    char *key_words = certificate_key(certificate);
    bool is_rsa = key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    if (!is_documented_signature(certificate))
        add(&finding, SEVERITY_ERROR, "ca-signature-algorithm", REASON_CERT_ALGORITHM,
            "is signed with %s; allowed are SHA256withRSA, SHA384withRSA and SHA512withRSA",
            signature);
    if (rules == CERTIFICATE_RULES_JDBC && !is_rsa)
        add(&finding, SEVERITY_ERROR, "ca-key-algorithm", REASON_CERT_ALGORITHM,
            "holds a key of type %s; allowed is RSA of at least %d bits", key_words, RSA_BITS);
    if (rules == CERTIFICATE_RULES_JDBC && is_rsa && EVP_PKEY_get_bits(key) < RSA_BITS)
        add(&finding, SEVERITY_ERROR, "ca-key-length", REASON_CERT_KEY_TOO_SHORT,
            "holds an RSA key of %d bits; at least %d are demanded", EVP_PKEY_get_bits(key),
            RSA_BITS);
    free(signature);
    free(key_words);
    return finding.found;
}

bool certificate_check_dates(X509 *certificate, int index, int count,
                             struct certificate_fault *fault)
{
    char from[32];
    char to[32];
    long days = certificate_days_left(certificate);
    bool early = X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0;
    if (!early && days > EXPIRES_SOON_DAYS)
        return false;
    char *subject = certificate_name(X509_get_subject_name(certificate));
    char *which =
        count > 1 ? text_format("certificate %d of %d", index, count) : xstrdup("the certificate");
    certificate_time(X509_get0_notBefore(certificate), from);
    certificate_time(X509_get0_notAfter(certificate), to);
    *fault = (struct certificate_fault){.severity = SEVERITY_ERROR, .index = index};
    if (early) {
        fault->rule = "certificate-not-yet-valid";
        fault->reason = REASON_TLS_NOT_YET_VALID;
        snprintf(fault->message, sizeof fault->message, "%s is not valid before %s: %s", which,
                 from, subject);
    } else if (days < 0) {
        fault->rule = "certificate-expired";
        fault->reason = REASON_TLS_EXPIRED;
        snprintf(fault->message, sizeof fault->message, "%s expired on %s, %ld days ago: %s", which,
                 to, -days, subject);
    } else {
        fault->severity = SEVERITY_WARNING;
        fault->rule = "certificate-expires-soon";
        snprintf(fault->message, sizeof fault->message, "%s expires in %ld days (%.10s): %s", which,
                 days, to, subject);
    }
    free(subject);
    free(which);
    return true;
}

/* A trusted root is not verified by its signature, anything else is. */
static void check_strength(struct finding *finding)
{
    X509 *certificate = finding->certificate;
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    int bits = -1;
    char *words = certificate_key(certificate);
    if (!key)
        add(finding, SEVERITY_ERROR, "tls-unreadable-key", REASON_TLS_WEAK,
            "holds a public key that OpenSSL cannot read");
    else if (EVP_PKEY_get_security_bits(key) < LEVEL_2_BITS)
        add(finding, SEVERITY_ERROR, "tls-weak-key", REASON_TLS_WEAK,
            "holds the key %s, of %d bits of security; TLS at OpenSSL's security level %d demands "
            "%d: RSA of %d bits or its equal",
            words, EVP_PKEY_get_security_bits(key), LEVEL, LEVEL_2_BITS, RSA_BITS);
    free(words);
    if (!X509_get_signature_info(certificate, NULL, NULL, &bits, NULL) || bits >= LEVEL_2_BITS)
        return;
    bool is_root = X509_self_signed(certificate, 0) == 1;
    words = certificate_signature(certificate);
    add(finding, is_root ? SEVERITY_NOTE : SEVERITY_ERROR, "tls-weak-signature",
        is_root ? REASON_NONE : REASON_TLS_WEAK,
        is_root ? "is signed with %s, too weak for TLS at OpenSSL's security level %d; of a "
                  "trusted root that is not looked at"
                : "is signed with %s, too weak for TLS at OpenSSL's security level %d: SHA-256 or "
                  "better is demanded",
        words, LEVEL);
    free(words);
}

/* Whether it may stand above others in a chain. */
static void check_authority(struct finding *finding)
{
    X509 *certificate = finding->certificate;
    uint32_t flags = X509_get_extension_flags(certificate);
    bool may_sign = X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN;
    if (flags & EXFLAG_INVALID)
        add(finding, SEVERITY_ERROR, "tls-invalid-extension", REASON_TLS_UNTRUSTED,
            "has an extension that OpenSSL cannot read, so that TLS refuses it");
    else if (flags & EXFLAG_CRITICAL)
        add(finding, SEVERITY_ERROR, "tls-unknown-critical-extension", REASON_TLS_UNTRUSTED,
            "has a critical extension that OpenSSL does not know, so that TLS refuses it");
    else if ((flags & EXFLAG_CA) && !may_sign)
        add(finding, SEVERITY_ERROR, "ca-without-cert-sign", REASON_TLS_UNTRUSTED,
            "is a CA, but its key usage lacks keyCertSign: TLS accepts nothing that it signed");
    else if (X509_check_ca(certificate) == 0)
        add(finding, SEVERITY_WARNING, "not-a-ca", REASON_NONE,
            "is no CA certificate (basic constraints): as a certificate to trust it serves only "
            "for a server that presents this very one");
    else if (!(flags & EXFLAG_CA))
        add(finding, SEVERITY_WARNING, "ca-without-basic-constraints", REASON_NONE,
            "does not say by basic constraints that it is a CA: newer programs refuse what it "
            "signed");
}

size_t certificate_check_use(X509 *certificate, int index, int count,
                             struct certificate_fault *faults, size_t size)
{
    struct finding finding = {certificate, index, count, faults, size, 0};
    if (size && certificate_check_dates(certificate, index, count, faults))
        finding.found++;
    check_strength(&finding);
    check_authority(&finding);
    return finding.found;
}
