/* SPDX-License-Identifier: Apache-2.0 */
/* saslprep.h - passwords brought into the form that both sides hash (RFC 4013). */
#ifndef SASLPREP_H
#define SASLPREP_H

#include "testconn/error.h"

/*
 * TEXT, UTF-8, prepared; the caller wipes and frees it. Printable ASCII stays as it is; for the
 * rest libidn is loaded. NULL with ERR set: DRIVER_MISSING without that library, LOGIN_METHOD where
 * TEXT (called NAME) holds what RFC 4013 forbids.
 */
char *saslprep(const char *text, const char *name, struct error *err);

#endif
