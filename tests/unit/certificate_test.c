/* SPDX-License-Identifier: Apache-2.0 */
/* certificate_test.c - files of certificates, those of the fuzz corpus: what they are and how they
 * stand to each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "certificate.h"
#include "certificate_audit.h"
#include "fd.h"
#include "text.h"

/* The audit of a file of the corpus; the caller releases it. */
static struct certificate_audit audit_of(const char *name, const char *host)
{
    struct certificate_audit audit;
    struct error err = ERROR_INIT;
    size_t length = 0;
    char *path = text_format("%s/fuzz/corpus/certificate_bundle/%s", TESTS_FOLDER, name);
    char *data = fd_read_file(path, 1 << 20, deadline_in_ms(1000), &length, &err);
    if (!data)
        fail_msg("%s", err.message);
    certificate_audit(name, data, length, CERTIFICATE_RULES_JDBC, host, &audit);
    free(data);
    free(path);
    return audit;
}

static bool has_rule(const struct certificate_audit *audit, const char *rule)
{
    for (size_t i = 0; i < audit->fault_count; i++)
        if (strcmp(audit->faults[i].rule, rule) == 0)
            return true;
    return false;
}

static void a_chain_in_order(void **state)
{
    struct certificate_audit audit = audit_of("chain.pem", "localhost");
    (void)state;
    assert_int_equal(audit.error.reason, REASON_NONE);
    assert_int_equal(audit.order, ORDER_LEAF_FIRST);
    assert_int_equal(audit.leaf, 1);
    assert_int_equal(audit.signers[0], 2);
    assert_int_equal(audit.signers[1], 3);
    assert_int_equal(audit.signers[2], 3);
    assert_true(audit.verified);
    assert_int_equal(audit.fault_count, 0);
    certificate_audit_release(&audit);
}

static void chains_out_of_order(void **state)
{
    static const struct {
        const char *name;
        enum certificate_order order;
        int leaf;
        bool verified;
        const char *rule;
    } cases[] = {
        {"root-first.pem", ORDER_ROOT_FIRST, 3, true, "chain-order"},
        {"gap.pem", ORDER_BUNDLE, 1, false, "chain-issuer-missing"},
        {"twice.pem", ORDER_MIXED, 1, true, "certificate-duplicate"},
        {"no-cert-sign.pem", ORDER_LEAF_FIRST, 1, false, "ca-without-cert-sign"},
        {"ca.pem", ORDER_SINGLE, 0, false, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct certificate_audit audit = audit_of(cases[i].name, NULL);
        if (audit.order != cases[i].order || audit.leaf != cases[i].leaf ||
            audit.verified != cases[i].verified ||
            (cases[i].rule && !has_rule(&audit, cases[i].rule)))
            fail_msg("%s: order %d, leaf %d, verified %d", cases[i].name, (int)audit.order,
                     audit.leaf, audit.verified);
        certificate_audit_release(&audit);
    }
}

static void what_is_no_certificate_is_named(void **state)
{
    static const struct {
        const char *name;
        const char *words;
    } cases[] = {
        {"bad-utf16.pem", "UTF-16"},   {"bad-base64.pem", "Base64 without the lines"},
        {"bad-keystore.jks", "JKS"},   {"bad-key.pem", "private key"},
        {"bad-pkcs7.p7b", "PKCS#7"},   {"bad-pkcs12.p12", "PKCS#12"},
        {"bad-der.crt", "binary DER"}, {"bad-truncated.pem", "cut off"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct certificate_audit audit = audit_of(cases[i].name, NULL);
        assert_null(audit.list);
        assert_int_equal(audit.error.reason, REASON_CERT_UNREADABLE);
        if (!strstr(audit.error.message, cases[i].words))
            fail_msg("%s: %s", cases[i].name, audit.error.message);
        certificate_audit_release(&audit);
    }
}

static void the_first_error_decides(void **state)
{
    struct certificate_audit audit = audit_of("bad-signature.pem", NULL);
    (void)state;
    assert_int_equal(audit.error.reason, REASON_TLS_UNTRUSTED);
    certificate_audit_release(&audit);
    audit = audit_of("chain.pem", "db.example");
    assert_int_equal(audit.error.reason, REASON_TLS_NAME_MISMATCH);
    assert_non_null(strstr(audit.error.message, "expected \"db.example\""));
    certificate_audit_release(&audit);
}

static void compares_distinguished_names(void **state)
{
    static const struct {
        const char *one;
        const char *other;
        bool equal;
    } cases[] = {
        {"CN=a,O=b", "cn=A,  o=B", true},
        {"CN=a,O=b", "CN = a, O = b", true},
        {"CN=a,O=b", "CN=a", false},
        {"CN=a", "CN=a,O=b", false},
        {"CN=a,O=b", "O=b,CN=a", false},
        {"CN=a b", "CN=ab", false},
        {"CN=a\\,O=b", "CN=a\\ ,O=b", false},
        {"CN=a\\,b", "CN=a\\, b", false},
        {"CN=a\\\\,O=b", "CN=a\\\\ , O=b", true},
        {"", "", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(certificate_dn_equal(cases[i].one, cases[i].other), cases[i].equal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_distinguished_names),
        cmocka_unit_test(a_chain_in_order),
        cmocka_unit_test(chains_out_of_order),
        cmocka_unit_test(what_is_no_certificate_is_named),
        cmocka_unit_test(the_first_error_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
