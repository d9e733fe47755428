/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_view.h - VIEW_VALIDATION_REDSHIFT and VIEW_VALIDATION_ATHENA. */
#ifndef RESOLVE_VIEW_H
#define RESOLVE_VIEW_H

#include "resolving.h"

/* Whether TYPE is one of the two. */
bool resolve_view_is_one(const char *type);

/* What a test of one needs, and its creation does not: for Redshift a cluster or a workgroup, and a
 * database; for Athena a workgroup. */
void resolve_view_check(const struct connection *connection, struct problems *problems);

/*
 * The target has no endpoint: which host of AWS is asked depends on the operator's settings.
 *   parameters  "cluster", "workgroup"
 *   database    DATABASE
 */
bool resolve_view(struct resolving *resolving);

#endif
