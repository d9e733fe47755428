/* SPDX-License-Identifier: Apache-2.0 */
/* certificate_audit.c - everything that can be said of a file of certificates without a server. */
#include "certificate_audit.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static void keep_fault(struct certificate_audit *audit, const struct certificate_fault *fault)
{
    audit->faults = xrealloc(audit->faults, (audit->fault_count + 1) * sizeof *audit->faults);
    audit->faults[audit->fault_count++] = *fault;
}

void certificate_audit_add(struct certificate_audit *audit, enum severity severity,
                           const char *rule, enum reason reason, int index, const char *format, ...)
{
    struct certificate_fault fault = {
        .severity = severity, .rule = rule, .reason = reason, .index = index};
    va_list arguments;
    va_start(arguments, format);
    char *text = text_vformat(format, arguments);
    va_end(arguments);
    snprintf(fault.message, sizeof fault.message, "%s", text);
    free(text);
    keep_fault(audit, &fault);
}

static void check_each(struct certificate_audit *audit, enum certificate_rules rules)
{
    int count = sk_X509_num(audit->list);
    for (int i = 1; i <= count; i++) {
        X509 *one = sk_X509_value(audit->list, i - 1);
        struct certificate_fault faults[CERTIFICATE_FAULTS];
        size_t found = certificate_check(one, i, count, rules, faults, CERTIFICATE_FAULTS);
        for (size_t k = 0; k < found; k++)
            keep_fault(audit, &faults[k]);
        if (found && rules == CERTIFICATE_RULES_JDBC &&
            certificate_check(one, i, count, CERTIFICATE_RULES_KAFKA, faults, CERTIFICATE_FAULTS) ==
                0)
            certificate_audit_add(audit, SEVERITY_NOTE, "rules-differ", REASON_NONE, i,
                                  "certificate %d would be accepted as KAFKA_CUSTOM_CERT, whose "
                                  "rules do not look at the key",
                                  i);
        found = certificate_check_use(one, i, count, faults, CERTIFICATE_FAULTS);
        for (size_t k = 0; k < found; k++)
            /* In a chain a certificate that is no CA has its place. */
            if (count == 1 || strcmp(faults[k].rule, "not-a-ca") != 0)
                keep_fault(audit, &faults[k]);
    }
}

/* As a client would that trusts the roots of the file and those of this system. */
static void verify_leaf(struct certificate_audit *audit)
{
    X509 *leaf = sk_X509_value(audit->list, audit->leaf - 1);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    if (lookup)
        X509_LOOKUP_add_dir(lookup, "/etc/ssl/certs", X509_FILETYPE_PEM);
    for (int i = 0; i < sk_X509_num(audit->list); i++)
        if (audit->signers[i] == i + 1)
            X509_STORE_add_cert(store, sk_X509_value(audit->list, i));
    X509_STORE_CTX_init(context, store, leaf, audit->list);
    X509_STORE_CTX_set_default(context, "ssl_server");
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context), 2);
    audit->verified = X509_verify_cert(context) == 1;
    int error = X509_STORE_CTX_get_error(context);
    /* That nobody in the file signed it was said already. */
    if (!audit->verified && audit->signers[audit->leaf - 1])
        certificate_audit_add(audit, SEVERITY_WARNING, "chain-not-verified", REASON_NONE,
                              audit->leaf,
                              "a TLS client would refuse a server with certificate %d and this "
                              "file: %s (%d, at depth %d)",
                              audit->leaf, X509_verify_cert_error_string(error), error,
                              X509_STORE_CTX_get_error_depth(context));
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
}

static void check_name(struct certificate_audit *audit, const char *host)
{
    int index = audit->leaf ? audit->leaf : 1;
    X509 *one = sk_X509_value(audit->list, index - 1);
    if (certificate_matches_name(one, host))
        return;
    char *names = certificate_names(one);
    certificate_audit_add(audit, SEVERITY_ERROR, "name-mismatch", REASON_TLS_NAME_MISMATCH, index,
                          "certificate %d is for other names: expected \"%s\", presented %s", index,
                          host, names);
    free(names);
}

/* The first error is what the file fails by. */
static bool judge(struct certificate_audit *audit, const char *name)
{
    for (size_t i = 0; i < audit->fault_count; i++)
        if (audit->faults[i].severity == SEVERITY_ERROR)
            return error_set(&audit->error, audit->faults[i].reason, "%s: %s", name,
                             audit->faults[i].message);
    return true;
}

bool certificate_audit(const char *name, const void *data, size_t length,
                       enum certificate_rules rules, const char *host,
                       struct certificate_audit *audit)
{
    *audit = (struct certificate_audit){.error = ERROR_INIT};
    audit->list = certificate_read_bundle(name, data, length, &audit->error);
    if (!audit->list) {
        certificate_audit_add(audit, SEVERITY_ERROR, "certificate-unreadable",
                              REASON_CERT_UNREADABLE, 0, "%s", audit->error.message);
        return false;
    }
    ERR_set_mark();
    check_each(audit, rules);
    certificate_chain_check(audit);
    if (audit->leaf)
        verify_leaf(audit);
    if (host)
        check_name(audit, host);
    if (memmem(data, length, "PRIVATE KEY-----", strlen("PRIVATE KEY-----")))
        certificate_audit_add(audit, SEVERITY_WARNING, "private-key-in-file", REASON_NONE, 0,
                              "the file holds a private key as well, which a CA file should not");
    ERR_pop_to_mark();
    return judge(audit, name);
}

void certificate_audit_release(struct certificate_audit *audit)
{
    sk_X509_pop_free(audit->list, X509_free);
    free(audit->signers);
    free(audit->faults);
    *audit = (struct certificate_audit){.error = ERROR_INIT};
}
