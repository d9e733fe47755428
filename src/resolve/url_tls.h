/* SPDX-License-Identifier: Apache-2.0 */
/* url_tls.h - what the parameters of a URL ask of TLS: they may tighten, never loosen (design,
 * section 5). */
#ifndef URL_TLS_H
#define URL_TLS_H

#include "jdbc_url.h"
#include "problems.h"
#include "testconn/target.h"

/* Whether the parameter NAME of a URL of that vendor is about TLS. */
bool url_tls_knows(const char *subprotocol, const char *name);

/*
 * Apply what URL says of TLS to TARGET's policy. ENFORCED: JDBC_ENFORCE_SSL is true, which nothing
 * in the URL loosens; what tries to is a note at PATH. A value that is none is a problem.
 */
void url_tls_apply(const struct jdbc_url *url, const char *path, bool enforced,
                   struct target *target, struct problems *problems);

#endif
