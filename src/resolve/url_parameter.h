/* SPDX-License-Identifier: Apache-2.0 */
/* url_parameter.h - what each parameter of a URL may do: honoured, about TLS, refused, or only
 * noted. */
#ifndef URL_PARAMETER_H
#define URL_PARAMETER_H

#include "jdbc_url.h"
#include "problems.h"
#include "testconn/target.h"

/*
 * Apply the parameters of URL to TARGET: honoured ones are handed to the driver under its own name,
 * TLS ones tighten TARGET's policy (ENFORCED: JDBC_ENFORCE_SSL is true), refused ones are problems
 * at PATH, others are notes. Values of credentials are never shown.
 */
void url_parameters_apply(const struct jdbc_url *url, const char *path, bool enforced,
                          struct target *target, struct problems *problems);

#endif
