/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_connector.h - types CUSTOM and MARKETPLACE: connectors of type Jdbc, by their URL. */
#ifndef RESOLVE_CONNECTOR_H
#define RESOLVE_CONNECTOR_H

#include "resolving.h"

/* Whether TYPE is one of the two. */
bool resolve_connector_is_one(const char *type);

bool resolve_connector(struct resolving *resolving);

#endif
