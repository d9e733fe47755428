/* SPDX-License-Identifier: Apache-2.0 */
/* certificate_chain.c - who of a file signed whom, in which order they stand, and where a link is
 * missing. */
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "certificate_audit.h"
#include "text.h"

bool certificate_is_self_signed(X509 *certificate)
{
    return X509_self_signed(certificate, 1) == 1;
}

static char *subject_of(const struct certificate_audit *audit, int index)
{
    return certificate_name(X509_get_subject_name(sk_X509_value(audit->list, index - 1)));
}

/* The first earlier one that is the same; 0: none. */
static int find_same(const struct certificate_audit *audit, int index)
{
    X509 *one = sk_X509_value(audit->list, index - 1);
    for (int i = 1; i < index; i++)
        if (X509_cmp(sk_X509_value(audit->list, i - 1), one) == 0)
            return i;
    return 0;
}

/* Who signed the certificate of INDEX; *NAMESAKE: one that has the issuer's name and another key.
 */
static int find_signer(const struct certificate_audit *audit, int index, int *namesake)
{
    X509 *one = sk_X509_value(audit->list, index - 1);
    *namesake = 0;
    if (certificate_is_self_signed(one))
        return index;
    for (int i = 1; i <= sk_X509_num(audit->list); i++) {
        X509 *other = sk_X509_value(audit->list, i - 1);
        if (i == index ||
            X509_NAME_cmp(X509_get_subject_name(other), X509_get_issuer_name(one)) != 0)
            continue;
        if (X509_get0_pubkey(other) && X509_verify(one, X509_get0_pubkey(other)) == 1)
            return i;
        *namesake = i;
    }
    /* A certificate that names itself as its issuer is its own namesake. */
    if (X509_NAME_cmp(X509_get_subject_name(one), X509_get_issuer_name(one)) == 0)
        *namesake = index;
    return 0;
}

static void tell_namesake(struct certificate_audit *audit, int index, int namesake)
{
    char *subject = subject_of(audit, index);
    if (index == namesake)
        certificate_audit_add(audit, SEVERITY_ERROR, "chain-signature", REASON_TLS_UNTRUSTED, index,
                              "certificate %d (%s) names itself as its issuer, but its signature "
                              "was not made by its own key",
                              index, subject);
    else
        certificate_audit_add(audit, SEVERITY_WARNING, "chain-signature", REASON_NONE, index,
                              "certificate %d (%s) names the subject of certificate %d as its "
                              "issuer, but was not signed by that one's key: another CA of the "
                              "same name",
                              index, subject, namesake);
    free(subject);
}

/* Nobody in the file signed it. Of a chain that a server sends, only the root may be missing. */
static void tell_missing(struct certificate_audit *audit, int index)
{
    X509 *one = sk_X509_value(audit->list, index - 1);
    char *subject = subject_of(audit, index);
    char *issuer = certificate_name(X509_get_issuer_name(one));
    bool is_leaf = X509_check_ca(one) == 0;
    bool among = sk_X509_num(audit->list) > 1;
    if (is_leaf && among)
        certificate_audit_add(audit, SEVERITY_WARNING, "chain-issuer-missing", REASON_NONE, index,
                              "certificate %d (%s) was issued by %s, which is not in the file: an "
                              "intermediate certificate is missing",
                              index, subject, issuer);
    else
        certificate_audit_add(audit, SEVERITY_NOTE, "chain-issuer-missing", REASON_NONE, index,
                              "certificate %d (%s) was issued by %s, which is not in the file: %s",
                              index, subject, issuer,
                              is_leaf ? "a client has to have it, or the server to send it"
                                      : "it is no root; programs that trust roots only need that "
                                        "one as well");
    free(subject);
    free(issuer);
}

static void find_signers(struct certificate_audit *audit)
{
    int count = sk_X509_num(audit->list);
    audit->signers = xcalloc((size_t)count, sizeof *audit->signers);
    for (int i = 1; i <= count; i++) {
        int namesake;
        int same = find_same(audit, i);
        if (same) {
            char *subject = subject_of(audit, i);
            certificate_audit_add(audit, SEVERITY_WARNING, "certificate-duplicate", REASON_NONE, i,
                                  "certificate %d (%s) is the same as certificate %d", i, subject,
                                  same);
            free(subject);
        }
        audit->signers[i - 1] = find_signer(audit, i, &namesake);
        if (audit->signers[i - 1])
            continue;
        if (namesake)
            tell_namesake(audit, i, namesake);
        if (namesake != i)
            tell_missing(audit, i);
        if (!audit->leaf && X509_check_ca(sk_X509_value(audit->list, i - 1)) == 0)
            audit->leaf = i;
    }
    for (int i = 1; i <= count && !audit->leaf; i++)
        if (X509_check_ca(sk_X509_value(audit->list, i - 1)) == 0)
            audit->leaf = i;
}

static bool stand_in_row(const struct certificate_audit *audit, int step)
{
    int count = sk_X509_num(audit->list);
    int last = step > 0 ? count : 1;
    for (int i = 1; i <= count; i++)
        if (i != last && audit->signers[i - 1] != i + step)
            return false;
    return true;
}

/* The indices from the leaf, or the first that signs nobody, upwards; returns how many. */
static int walk(const struct certificate_audit *audit, int from, int *path)
{
    int count = sk_X509_num(audit->list);
    int length = 0;
    for (int at = from; at && length < count; at = audit->signers[at - 1]) {
        path[length++] = at;
        if (audit->signers[at - 1] == at)
            break;
    }
    return length;
}

static void tell_order(struct certificate_audit *audit, const int *path, int length)
{
    struct text_buffer right = TEXT_BUFFER_INIT;
    for (int i = 0; i < length; i++)
        text_append_format(&right, "%s%d", i ? ", " : "", path[i]);
    certificate_audit_add(audit, SEVERITY_WARNING, "chain-order", REASON_NONE, 0,
                          "the certificates stand %s; a TLS server has to send its own first and "
                          "each one's issuer next: the right order here is %s",
                          audit->order == ORDER_ROOT_FIRST ? "root first" : "out of order",
                          right.data);
    text_buffer_release(&right);
}

static void tell_unrelated(struct certificate_audit *audit, const int *path, int length)
{
    for (int i = 1; i <= sk_X509_num(audit->list); i++) {
        bool on_path = false;
        for (int k = 0; k < length; k++)
            on_path = on_path || path[k] == i;
        if (on_path || find_same(audit, i))
            continue;
        char *subject = subject_of(audit, i);
        certificate_audit_add(audit, SEVERITY_WARNING, "chain-unrelated", REASON_NONE, i,
                              "certificate %d (%s) is no part of the chain of certificate %d", i,
                              subject, audit->leaf);
        free(subject);
    }
}

static int count_signed_by_others(const struct certificate_audit *audit)
{
    int found = 0;
    for (int i = 1; i <= sk_X509_num(audit->list); i++)
        found += audit->signers[i - 1] && audit->signers[i - 1] != i;
    return found;
}

void certificate_chain_check(struct certificate_audit *audit)
{
    int count = sk_X509_num(audit->list);
    int *path = xcalloc((size_t)count, sizeof *path);
    find_signers(audit);
    int length = audit->leaf ? walk(audit, audit->leaf, path) : 0;
    if (count == 1)
        audit->order = ORDER_SINGLE;
    else if (stand_in_row(audit, 1))
        audit->order = ORDER_LEAF_FIRST;
    else if (stand_in_row(audit, -1))
        audit->order = ORDER_ROOT_FIRST;
    else if (audit->leaf && count_signed_by_others(audit) > 0)
        audit->order = ORDER_MIXED;
    else
        audit->order = ORDER_BUNDLE;
    bool in_order = true;
    for (int i = 0; i < length; i++)
        in_order = in_order && path[i] == i + 1;
    if (audit->leaf && length > 1 && !in_order)
        tell_order(audit, path, length);
    if (audit->leaf && count > 1)
        tell_unrelated(audit, path, length);
    free(path);
}
