/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_jdbc.h - type JDBC: by a URL, or by engine, host and port. */
#ifndef RESOLVE_JDBC_H
#define RESOLVE_JDBC_H

#include "resolving.h"

bool resolve_jdbc(struct resolving *resolving);

/* A JDBC definition that is refused anyway: add what is wrong with its URL or engine. */
void resolve_jdbc_check(struct resolving *resolving);

/* The URL in the property KEY, told as PATH; connectors have one too. */
bool resolve_jdbc_url(struct resolving *resolving, const char *value, const char *key,
                      const char *path);

/* Whether URL (NULL is allowed) is not whole yet: what a file will say is known in the worker only,
 * which resolves again; a variable that is not set is told by whoever looked for it. */
bool resolve_jdbc_is_open(const char *url);

#endif
