/* SPDX-License-Identifier: Apache-2.0 */
/* saslprep.c - SASLprep by libidn, which is loaded only when a character needs it. */
#include "saslprep.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

typedef int stringprep_function(const char *in, char **out, const char *profile, int flags);

static bool is_plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7E)
            return false;
    return true;
}

char *saslprep(const char *text, const char *name, struct error *err)
{
    stringprep_function *prepare = NULL;
    char *prepared = NULL;
    if (is_plain(text))
        return xstrdup(text);
    void *library = dlopen("libidn.so.12", RTLD_LAZY | RTLD_LOCAL);
    if (library)
        *(void **)&prepare = dlsym(library, "stringprep_profile");
    if (!prepare) {
        error_set(err, REASON_DRIVER_MISSING,
                  "%s holds characters beyond ASCII, and the library libidn.so.12, which brings "
                  "them into SCRAM's form, is not installed",
                  name);
        error_remedy(err, "install the package libidn12 (apt-get install libidn12)");
        return NULL;
    }
    if (prepare(text, &prepared, "SASLprep", 0) == 0)
        return prepared;
    error_set(err, REASON_LOGIN_METHOD,
              "%s holds a character that SCRAM does not allow (RFC 4013), or is not UTF-8", name);
    return NULL;
}
