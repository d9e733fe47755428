/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_mongodb.h - connections of type MONGODB. */
#ifndef RESOLVE_MONGODB_H
#define RESOLVE_MONGODB_H

#include "resolving.h"

/*
 * CONNECTION_URL and the login into the target: its subprotocol is "mongodb" or "mongodb+srv", its
 * parameters are the honoured options under the names that MongoDB's documentation writes. False
 * where there is no target.
 */
bool resolve_mongodb(struct resolving *resolving);

#endif
