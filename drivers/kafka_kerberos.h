/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_kerberos.h - tickets by libkrb5, out of a keytab into memory: no kinit, no shell, no
 * default files. */
#ifndef KAFKA_KERBEROS_H
#define KAFKA_KERBEROS_H

#include <gssapi/gssapi.h>

#include "kafka_driver.h"

#define FUNCTION(name) __typeof__(&name) name

/* What is used of libgssapi_krb5; loaded only where a login is by Kerberos. */
struct gss_functions {
    FUNCTION(gss_import_name);
    FUNCTION(gss_init_sec_context);
    FUNCTION(gss_wrap);
    FUNCTION(gss_unwrap);
    FUNCTION(gss_display_status);
    FUNCTION(gss_release_buffer);
    FUNCTION(gss_release_name);
    FUNCTION(gss_delete_sec_context);
};
extern struct gss_functions gss;

/* Load the libraries; false with ERR set to DRIVER_MISSING. */
bool kerberos_load(struct error *err);

/*
 * Look into keytab and krb5.conf, and make them what libkrb5 reads in this process. What a
 * krb5.conf may not say here - other files, plug-ins - is left out, with a finding.
 */
bool kerberos_prepare(struct probe *probe, const struct target *target, struct error *err);

/*
 * Get the tickets for ENDPOINT's broker: for us, and for its service. Ends in time, even where the
 * KDC is silent. False with ERR set to KERBEROS_FAILED or TIMED_OUT.
 */
bool kerberos_get_tickets(struct probe *probe, const struct target *target,
                          const struct endpoint *endpoint, struct error *err);

/* What the service's ticket is for and how far its clock is from ours, for a broker that refuses it
 * without saying why. */
void kerberos_describe_ticket(char *out, size_t size);

/* SASL's GSSAPI (RFC 4752), with the tickets that are there. */
bool kafka_gssapi(struct session *session, struct error *err);

#endif
