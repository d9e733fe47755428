/* SPDX-License-Identifier: Apache-2.0 */
/* ca_rules.c - the documented rules for the configured CA certificates of a test. */
#include "ca_rules.h"

#include "certificate.h"
#include "probe_state.h"
#include "text.h"

enum { FAULTS_MAXIMUM = 4 };

/* A configured CA that is being checked. */
struct check {
    const struct tls_policy *tls;
    struct probe *probe; /* NULL: nothing is told */
    int count;
    struct error *err;
};

static void tell(const struct check *check, enum severity severity,
                 const struct certificate_fault *fault)
{
    if (check->probe)
        probe_finding_at(check->probe, STAGE_CERTIFICATE, severity, fault->rule,
                         check->tls->ca_property, fault->message);
}

/* What TLS will say of it: it decides there, not here. */
static void warn_of_use(const struct check *check, X509 *certificate, int index)
{
    struct certificate_fault faults[CERTIFICATE_FAULTS];
    size_t found =
        certificate_check_use(certificate, index, check->count, faults, CERTIFICATE_FAULTS);
    for (size_t i = 0; i < found; i++)
        if (faults[i].severity != SEVERITY_NOTE)
            tell(check, SEVERITY_WARNING, &faults[i]);
}

/* Each broken rule a finding, the first decides. */
static void apply(const struct check *check, enum certificate_rules rules, X509 *certificate,
                  int index)
{
    struct certificate_fault faults[FAULTS_MAXIMUM];
    size_t found =
        certificate_check(certificate, index, check->count, rules, faults, FAULTS_MAXIMUM);
    for (size_t i = 0; i < found; i++) {
        tell(check, SEVERITY_ERROR, &faults[i]);
        if (check->err->reason == REASON_NONE)
            error_set(check->err, faults[i].reason, "%s: %s", check->tls->ca_location,
                      faults[i].message);
    }
}

bool ca_rules_check(const struct tls_policy *tls, const char *type, struct probe *probe,
                    struct error *err)
{
    enum certificate_rules rules =
        text_equal(type, "KAFKA") ? CERTIFICATE_RULES_KAFKA : CERTIFICATE_RULES_JDBC;
    STACK_OF(X509) *list =
        certificate_read_bundle(tls->ca_location, tls->ca_pem, tls->ca_pem_length, err);
    if (!list)
        return error_property(err, tls->ca_property);
    struct check check = {.tls = tls, .probe = probe, .count = sk_X509_num(list), .err = err};
    if (probe)
        probe_note_integer(probe, "certificates", check.count);
    for (int i = 0; probe && i < check.count; i++)
        warn_of_use(&check, sk_X509_value(list, i), i + 1);
    for (int i = 0; !tls->skip_ca_rules && i < check.count; i++)
        apply(&check, rules, sk_X509_value(list, i), i + 1);
    sk_X509_pop_free(list, X509_free);
    return err->reason == REASON_NONE || error_property(err, tls->ca_property);
}
