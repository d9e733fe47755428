/* SPDX-License-Identifier: Apache-2.0 */
/* resolving.h - a definition while it is being resolved, for the files that resolve its types. */
#ifndef RESOLVING_H
#define RESOLVING_H

#include <stdbool.h>

#include "connection.h"
#include "jdbc_url.h"
#include "registry.h"
#include "resolve.h"

#define PROPERTIES "ConnectionProperties."

struct resolving {
    const struct connection *connection;
    const struct registry *registry;
    struct resolution *out;
    struct target *target;
    const char *tls_source; /* what decided about TLS; NULL: JDBC_ENFORCE_SSL or its default */
};

/* A property of the definition, as connection_property(); whether one is "true". */
const char *resolving_property(const struct resolving *resolving, const char *key);
bool resolving_boolean(const struct resolving *resolving, const char *key);

/* Tell `explain` where VALUE of FIELD (static) came from. */
void resolving_origin(struct resolving *resolving, const char *field, const char *value,
                      const char *source);

/* Not testable, for REASON, which lies with PROPERTY. Both return false. */
bool resolving_refuse(struct resolving *resolving, enum reason reason, const char *property,
                      const char *what);
bool resolving_missing_driver(struct resolving *resolving, const char *what, const char *property);

/* MANIFEST's driver tests it; NULL: none for WHAT is installed, and false. */
bool resolving_take_driver(struct resolving *resolving, const struct manifest *manifest,
                           const char *what, const char *source);

/* One more endpoint of the target; HOST is copied. */
void resolving_add_endpoint(struct resolving *resolving, const char *host, unsigned port,
                            const char *host_source, const char *port_source);

/* A name that stands for hosts and ports which only a look-up tells: an endpoint of port 0. */
void resolving_add_service(struct resolving *resolving, const char *name, const char *source,
                           const char *hosts_come);

/* USERNAME, PASSWORD, ENCRYPTED_PASSWORD and SECRET_ID. */
void resolving_take_login(struct resolving *resolving);

/* JDBC_ENFORCE_SSL and the custom certificate properties; the target's host_property comes first.
 * Told at the end: the URL may tighten the policy in between. */
void resolving_take_tls(struct resolving *resolving);
void resolving_tell_tls(struct resolving *resolving);

/* The database, or nothing where DATABASE is NULL. */
void resolving_take_database(struct resolving *resolving, const char *database, const char *source);

/* A note where the property KEY says something other than what is USED, which URL_KEY gave. */
void resolving_note_ignored(struct resolving *resolving, const char *key, const char *used,
                            const char *url_key);

/* The parameters of URL, which stands in the property PATH; they may tighten the TLS policy. */
void resolving_take_parameters(struct resolving *resolving, const struct jdbc_url *url,
                               const char *path);

#endif
