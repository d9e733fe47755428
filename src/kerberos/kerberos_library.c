/* SPDX-License-Identifier: Apache-2.0 */
/* kerberos_library.c - finding the functions of libkrb5 and libgssapi_krb5. */
#include "kerberos_library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

struct krb5_functions krb5;
struct gss_functions gss;

struct name {
    const char *name;
    void *function;
};

#define KRB5(function)                                                                             \
    {                                                                                              \
#function, &krb5.function                                                                  \
    }
#define GSS(function)                                                                              \
    {                                                                                              \
#function, &gss.function                                                                   \
    }

static const struct name krb5_names[] = {
    KRB5(krb5_init_context),
    KRB5(krb5_free_context),
    KRB5(krb5_parse_name),
    KRB5(krb5_unparse_name),
    KRB5(krb5_free_unparsed_name),
    KRB5(krb5_free_principal),
    KRB5(krb5_kt_resolve),
    KRB5(krb5_kt_start_seq_get),
    KRB5(krb5_kt_end_seq_get),
    KRB5(krb5_kt_close),
    KRB5(krb5_cc_resolve),
    KRB5(krb5_cc_initialize),
    KRB5(krb5_cc_store_cred),
    KRB5(krb5_get_init_creds_keytab),
    KRB5(krb5_get_init_creds_password),
    KRB5(krb5_sname_to_principal),
    KRB5(krb5_get_credentials),
    KRB5(krb5_get_error_message),
    KRB5(krb5_free_error_message),
    {NULL, NULL},
};
static const struct name gss_names[] = {
    GSS(gss_import_name),  GSS(gss_init_sec_context),   GSS(gss_wrap),
    GSS(gss_unwrap),       GSS(gss_display_status),     GSS(gss_release_buffer),
    GSS(gss_release_name), GSS(gss_delete_sec_context), {NULL, NULL},
};

static bool load(const char *soname, const struct name *names, struct error *err)
{
    void *handle = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
    bool loaded = handle != NULL;
    for (; loaded && names->name; names++) {
        void *symbol = dlsym(handle, names->name);
        memcpy(names->function, &symbol, sizeof symbol);
        loaded = symbol != NULL;
    }
    if (loaded)
        return true;
    error_set(err, REASON_DRIVER_MISSING,
              "the mechanism GSSAPI needs the library %s, which is not installed", soname);
    return error_remedy(err, "install the package libgssapi-krb5-2 (apt-get install "
                             "libgssapi-krb5-2)");
}

bool kerberos_load(struct error *err)
{
    static bool loaded;
    loaded = loaded ||
             (load("libkrb5.so.3", krb5_names, err) && load("libgssapi_krb5.so.2", gss_names, err));
    return loaded;
}

void kerberos_tell(krb5_context context, krb5_error_code code, char *out, size_t size)
{
    const char *words = krb5.krb5_get_error_message(context, code);
    snprintf(out, size, "%s", words ? words : "no words");
    krb5.krb5_free_error_message(context, words);
}
