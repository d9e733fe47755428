/* SPDX-License-Identifier: Apache-2.0 */
/* observed_libpq.c - a TLS connection by libpq. */
#include <libpq-fe.h>
#include <stdio.h>

#include "observed.h"

CONNECT_BY_LIBRARY
{
    char digits[8];
    snprintf(digits, sizeof digits, "%u", port);
    const char *keys[] = {"host", "port", "user", "sslmode", "connect_timeout", "gssencmode", NULL};
    const char *values[] = {host, digits, "app", "require", "2", "disable", NULL};
    PQconnectdbParams(keys, values, 0);
}
