/* SPDX-License-Identifier: Apache-2.0 */
/* gss_functions.h - what is used of libgssapi_krb5, which is loaded only where a login is by
 * Kerberos. */
#ifndef GSS_FUNCTIONS_H
#define GSS_FUNCTIONS_H

#include <gssapi/gssapi.h>

#define FUNCTION(name) __typeof__(&name) name

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

#endif
