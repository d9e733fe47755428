/* SPDX-License-Identifier: Apache-2.0 */
/* kerberos_library.h - libkrb5 and libgssapi_krb5, which are loaded only where a login is by
 * Kerberos. */
#ifndef KERBEROS_LIBRARY_H
#define KERBEROS_LIBRARY_H

#include <gssapi/gssapi.h>
#include <krb5/krb5.h>

#include "testconn/error.h"

/* Where tickets are kept. */
#define KERBEROS_CACHE "MEMORY:testconn"

#define FUNCTION(name) __typeof__(&name) name

/* What is used of them; there once kerberos_load() was true. */
struct krb5_functions {
    FUNCTION(krb5_init_context);
    FUNCTION(krb5_free_context);
    FUNCTION(krb5_parse_name);
    FUNCTION(krb5_unparse_name);
    FUNCTION(krb5_free_unparsed_name);
    FUNCTION(krb5_free_principal);
    FUNCTION(krb5_kt_resolve);
    FUNCTION(krb5_kt_start_seq_get);
    FUNCTION(krb5_kt_end_seq_get);
    FUNCTION(krb5_kt_close);
    FUNCTION(krb5_cc_resolve);
    FUNCTION(krb5_cc_initialize);
    FUNCTION(krb5_cc_store_cred);
    FUNCTION(krb5_get_init_creds_keytab);
    FUNCTION(krb5_get_init_creds_password);
    FUNCTION(krb5_sname_to_principal);
    FUNCTION(krb5_get_credentials);
    FUNCTION(krb5_get_error_message);
    FUNCTION(krb5_free_error_message);
};
extern struct krb5_functions krb5;

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

/* Load both, once. False with ERR set to DRIVER_MISSING. */
bool kerberos_load(struct error *err);

/* The library's words for CODE, into SIZE bytes at OUT. */
void kerberos_tell(krb5_context context, krb5_error_code code, char *out, size_t size);

#endif
