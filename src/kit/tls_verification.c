/* SPDX-License-Identifier: Apache-2.0 */
/* tls_verification.c - why a certificate was not accepted, in words that a person can act on. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "certificate.h"
#include "net_lookup.h"
#include "text.h"
#include "tls_observer.h"

static char *subject_of(const X509 *certificate)
{
    return certificate ? certificate_name(X509_get_subject_name(certificate)) : xstrdup("unnamed");
}

/* "CN=Test CA, CN=Other CA": the subjects of LIST. */
static char *subjects(const STACK_OF(X509) * list)
{
    struct text_buffer text = TEXT_BUFFER_INIT;
    for (int i = 0; i < sk_X509_num(list) && i < 5; i++) {
        char *subject = subject_of(sk_X509_value(list, i));
        text_append_format(&text, "%s\"%s\"", i ? ", " : "", subject);
        free(subject);
    }
    return text_take(&text);
}

static bool tell_time(const struct tls_record *record, const char *where, bool expired,
                      struct error *err)
{
    char when[32];
    char here[32];
    X509 *certificate = record->chain_error_certificate;
    char *subject = subject_of(certificate);
    ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
    certificate_time(now, here);
    ASN1_TIME_free(now);
    certificate_time(expired ? X509_get0_notAfter(certificate) : X509_get0_notBefore(certificate),
                     when);
    error_set(err, expired ? REASON_TLS_EXPIRED : REASON_TLS_NOT_YET_VALID,
              "%s of %s, \"%s\", %s %s; by this host's clock it is %s",
              record->chain_error_depth ? "a CA certificate in the chain" : "the certificate",
              where, subject, expired ? "expired on" : "is not valid before", when, here);
    error_brief(err, "%s %s %.10s",
                record->chain_error_depth ? "a CA certificate in its chain" : "its certificate",
                expired ? "expired on" : "is not valid before", when);
    free(subject);
    return false;
}

/* What is told of a chain that ends in no trusted CA. */
struct distrust {
    const char *leaf, *top,
        *issuer;          /* subjects of the first and the last, and who issued the last */
    const char *namesake; /* what is to be said where a trusted CA bears the same name */
    char *trusted;
};

static bool tell_self_signed(const struct distrust *of, const char *where, struct error *err)
{
    error_set(err, REASON_TLS_UNTRUSTED,
              "the certificate of %s, \"%s\", is self-signed and not itself trusted; trusted: %s",
              where, of->leaf, of->trusted);
    error_brief(err, "its certificate is self-signed");
    error_detail(err, "", "the certificate of %s is self-signed and not itself trusted", where);
    return error_detail(err, "presented", "\"%s\"", of->leaf);
}

static bool tell_unknown_root(const struct distrust *of, const char *where, struct error *err)
{
    error_set(err, REASON_TLS_UNTRUSTED,
              "the certificate of %s, \"%s\", comes from an unknown CA: its chain ends in the "
              "self-signed root \"%s\", which is not trusted%s; trusted: %s",
              where, of->leaf, of->top, of->namesake, of->trusted);
    error_brief(err, "its CA \"%s\" is not trusted", of->top);
    error_detail(err, "",
                 "the certificate of %s comes from an unknown CA: its chain ends in a self-signed "
                 "root that is not trusted%s",
                 where, of->namesake);
    error_detail(err, "presented", "\"%s\"", of->leaf);
    return error_detail(err, "root", "\"%s\"", of->top);
}

static bool tell_wrong_signature(const struct distrust *of, const char *where, struct error *err)
{
    error_set(err, REASON_TLS_UNTRUSTED,
              "a signature in the certificate chain of %s is wrong: \"%s\" was not signed by the "
              "trusted CA of that name; trusted: %s",
              where, of->leaf, of->trusted);
    error_brief(err, "a signature in its certificate chain is wrong");
    error_detail(err, "",
                 "a signature in the certificate chain of %s is wrong: the certificate was not "
                 "signed by the trusted CA of that name",
                 where);
    return error_detail(err, "presented", "\"%s\"", of->leaf);
}

/* A CA that was made anew under its old name. */
static bool tell_namesake(const struct distrust *of, const char *where, struct error *err)
{
    error_set(
        err, REASON_TLS_UNTRUSTED,
        "the certificate of %s was issued by another CA than the trusted one of the same name: "
        "\"%s\" was issued by \"%s\"%s; trusted: %s",
        where, of->top, of->issuer, of->namesake, of->trusted);
    error_brief(err, "its issuer \"%s\" is another CA than the trusted one of that name",
                of->issuer);
    error_detail(
        err, "",
        "the certificate of %s was issued by another CA than the trusted one of the same name%s",
        where, of->namesake);
    error_detail(err, "presented", "\"%s\"", of->top);
    return error_detail(err, "issued by", "\"%s\"", of->issuer);
}

static bool tell_unknown_issuer(const struct distrust *of, const char *where, struct error *err)
{
    error_set(err, REASON_TLS_UNTRUSTED,
              "the issuer of the certificate of %s is unknown: \"%s\" was issued by \"%s\", which "
              "is not trusted and which the server did not send (a missing intermediate "
              "certificate, or another CA); trusted: %s",
              where, of->top, of->issuer, of->trusted);
    error_brief(err, "its issuer \"%s\" is not trusted", of->issuer);
    error_detail(
        err, "",
        "the issuer of the certificate of %s is unknown: it is not trusted, and the server "
        "did not send it (a missing intermediate certificate, or another CA)",
        where);
    error_detail(err, "presented", "\"%s\"", of->top);
    return error_detail(err, "issued by", "\"%s\"", of->issuer);
}

/* The last certificate of CHAIN that leads from its first towards a CA. */
static X509 *find_top(STACK_OF(X509) * chain)
{
    X509 *top = sk_X509_value(chain, 0);
    for (int steps = 0, i = 0; steps < sk_X509_num(chain) && i < sk_X509_num(chain); i++) {
        X509 *next = sk_X509_value(chain, i);
        const X509_NAME *issuer = X509_get_issuer_name(top);
        if (X509_NAME_cmp(X509_get_subject_name(top), issuer) == 0)
            break;
        if (next == top || X509_NAME_cmp(X509_get_subject_name(next), issuer) != 0)
            continue;
        top = next;
        steps++;
        i = -1;
    }
    return top;
}

/* Whether one of ROOTS has the name of who issued CERTIFICATE, and another key. */
static bool has_namesake(const STACK_OF(X509) * roots, X509 *certificate)
{
    bool found = false;
    ERR_set_mark();
    for (int i = 0; i < sk_X509_num(roots); i++) {
        X509 *root = sk_X509_value(roots, i);
        bool named =
            X509_NAME_cmp(X509_get_subject_name(root), X509_get_issuer_name(certificate)) == 0;
        if (named && X509_verify(certificate, X509_get0_pubkey(root)) == 1) {
            found = false;
            break;
        }
        found |= named;
    }
    ERR_pop_to_mark();
    return found;
}

static bool tell_distrust(const struct distrust *of, int chain_error, const char *where,
                          struct error *err)
{
    switch (chain_error) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return tell_self_signed(of, where, err);
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return tell_unknown_root(of, where, err);
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return tell_wrong_signature(of, where, err);
    default:
        return *of->namesake ? tell_namesake(of, where, err) : tell_unknown_issuer(of, where, err);
    }
}

static bool tell_untrusted(const struct tls_observer *tls, const char *where, struct error *err)
{
    const struct tls_record *record = &tls->record;
    X509 *last = find_top(record->chain);
    char *leaf = subject_of(sk_X509_value(record->chain, 0));
    char *top = subject_of(last);
    char *issuer = certificate_name(X509_get_issuer_name(last));
    char *roots = tls->roots ? subjects(tls->roots) : xstrdup("this system's CA certificates");
    bool namesake = tls->roots && has_namesake(tls->roots, last);
    struct distrust of = {
        leaf, top, issuer,
        namesake ? ", whose key is another than that of the trusted CA of that name" : "",
        text_format("%s%s", roots, tls->roots ? " (the configured CA)" : "")};
    tell_distrust(&of, record->chain_error, where, err);
    error_detail(err, "trusted", "%s", of.trusted);
    free(of.trusted);
    free(roots);
    free(leaf);
    free(top);
    free(issuer);
    return false;
}

static bool tell_weak(const struct tls_record *record, const char *where, struct error *err)
{
    static const char demanded[] = "RSA of 2048 bits or its equal, and SHA-256 or better";
    json_t *facts = certificate_to_json(record->chain_error_certificate);
    const char *subject = json_string_value(json_object_get(facts, "subject"));
    const char *key = json_string_value(json_object_get(facts, "key"));
    const char *signature = json_string_value(json_object_get(facts, "signature_algorithm"));
    const char *words = X509_verify_cert_error_string(record->chain_error);
    error_set(err, REASON_TLS_WEAK,
              "the certificate chain of %s is below our level (%s): \"%s\" has the key %s and is "
              "signed with %s; demanded are %s",
              where, words, subject, key, signature, demanded);
    error_brief(err, "a certificate has the key %s, signed with %s", key, signature);
    error_detail(err, "", "the certificate chain of %s is below our level (%s)", where, words);
    error_detail(err, "presented", "\"%s\", %s, signed with %s", subject, key, signature);
    error_detail(err, "demanded", "%s", demanded);
    json_decref(facts);
    return false;
}

/* Signed by whom we trust, and yet not to be used here: for another purpose, no CA, and the like.
 */
static bool tell_unsuitable(const struct tls_record *record, const char *where, struct error *err)
{
    X509 *certificate = record->chain_error_certificate;
    bool purpose = record->chain_error == X509_V_ERR_INVALID_PURPOSE;
    char *subject = subject_of(certificate);
    error_set(
        err, REASON_TLS_UNTRUSTED, "%s of %s, \"%s\", cannot be used: %s (%d)%s",
        record->chain_error_depth ? "a CA certificate in the chain" : "the certificate", where,
        subject, X509_verify_cert_error_string(record->chain_error), record->chain_error,
        purpose ? "; demanded is the use as a TLS server (serverAuth, digitalSignature)" : "");
    error_brief(err, "a certificate cannot be used: %s",
                X509_verify_cert_error_string(record->chain_error));
    error_remedy(err, "have the certificate \"%s\" reissued%s", subject,
                 purpose ? " for a TLS server" : " without what is named here");
    free(subject);
    return false;
}

static bool tell_chain(const struct tls_observer *tls, const char *where, struct error *err)
{
    const struct tls_record *record = &tls->record;
    switch (record->chain_error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return tell_time(record, where, true, err);
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return tell_time(record, where, false, err);
    case X509_V_ERR_CERT_REVOKED:
        return error_set(err, REASON_TLS_REVOKED, "the certificate of %s was revoked by its issuer",
                         where);
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return tell_weak(record, where, err);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return tell_untrusted(tls, where, err);
    default:
        return tell_unsuitable(record, where, err);
    }
}

static bool tell_name(const struct tls_observer *tls, const char *where, struct error *err)
{
    const struct tls_policy *policy = tls->policy;
    const char *expected = policy->expected_dn ? policy->expected_dn : tls->record.expected;
    const char *property = policy->expected_dn || policy->expected_name
                               ? "ConnectionProperties.CUSTOM_JDBC_CERT_STRING"
                               : policy->name_property;
    const char *from = property ? strrchr(property, '.') : NULL;
    X509 *leaf = sk_X509_value(tls->record.chain, 0);
    char *subject = subject_of(leaf);
    char *presented =
        policy->expected_dn ? text_format("\"%s\"", subject) : certificate_names(leaf);
    const char *what =
        policy->expected_dn ? "has another distinguished name" : "is for other names";
    /* A DNS name that looks like the address does not do. */
    bool address = !policy->expected_dn && net_is_address(expected);
    error_set(err, REASON_TLS_NAME_MISMATCH,
              "the certificate of %s %s: expected \"%s\"%s, presented %s", where, what, expected,
              address ? " (as an IP address, not as a DNS name)" : "", presented);
    error_brief(err, "its certificate is for %s", presented);
    error_detail(err, "", "the certificate of %s %s", where, what);
    error_detail(err, "expected", "%s%s%s%s", expected, from ? " (from " : "", from ? from + 1 : "",
                 from ? ")" : "");
    error_detail(err, "presented", "%s", presented);
    error_remedy(err, "%s, or have the certificate reissued with \"%s\" %s",
                 policy->expected_dn || policy->expected_name
                     ? "correct the name that is demanded of the certificate"
                     : "connect by one of the presented names",
                 expected, policy->expected_dn ? "as its name" : "among its names");
    error_property(err, property);
    free(presented);
    free(subject);
    return false;
}

bool tls_name_verification(const struct tls_observer *tls, const char *where, struct error *err)
{
    return tls->record.name_matches || tell_name(tls, where, err);
}

bool tls_verification(const struct tls_observer *tls, const char *where, struct error *err)
{
    const struct tls_record *record = &tls->record;
    if (record->chain_error != X509_V_OK) {
        tell_chain(tls, where, err);
        /* Nothing that the definition could say would mend the other faults. */
        return error_property(err, err->reason == REASON_TLS_UNTRUSTED ? tls->policy->ca_property
                                                                       : NULL);
    }
    return tls_name_verification(tls, where, err);
}
