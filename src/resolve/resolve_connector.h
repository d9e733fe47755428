/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_connector.h - CUSTOM and MARKETPLACE, by the database that a connector's URL names. */
#ifndef RESOLVE_CONNECTOR_H
#define RESOLVE_CONNECTOR_H

#include "resolving.h"

/* Whether TYPE is one of the two. */
bool resolve_connector_is_one(const char *type);

/*
 * A connector of type Jdbc into the target. Where its URL has a ${key} there is none and nothing
 * refused: the worker resolves again once the secret has filled it.
 */
bool resolve_connector(struct resolving *resolving);

/* The secret that the ${key} in the URLs of CONNECTION stand for; NULL: they have none, or no
 * secret is named. */
const char *resolve_connector_secret(const struct connection *connection);

#endif
