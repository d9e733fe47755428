/* SPDX-License-Identifier: Apache-2.0 */
/* vendors.h - lists of JDBC subprotocols in tables. */
#ifndef VENDORS_H
#define VENDORS_H

#include <stdbool.h>
#include <string.h>

/* Whether SUBPROTOCOL stands in VENDORS, a blank-separated list; "*" is all. */
static inline bool is_vendor_of(const char *vendors, const char *subprotocol)
{
    size_t length = strlen(subprotocol);
    if (strcmp(vendors, "*") == 0)
        return true;
    for (const char *at = vendors; (at = strstr(at, subprotocol)); at += length)
        if ((at == vendors || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

#endif
