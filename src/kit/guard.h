/* SPDX-License-Identifier: Apache-2.0 */
/* guard.h - around a library that connects and logs in in one blocking call: a look at the service
 * before the library has it, and an end at the deadline. */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>

#include "net_observer.h"

/* The guard's thread starts with the first connection; a worker without guards has none. */
void guard_start(struct probe *probe);

/* A side is over. False when its guard's thread still watches: nothing was freed. */
bool guard_free(struct probe *side);

/* Over: a new attempt begins without one. */
void guard_forget(struct probe *probe);

/* Whether the service was refused already in this attempt: no further connection then. */
bool guard_refuses(const struct probe *probe);

/* CONNECTION to the endpoint is up: have a look, watch it from now on. False: it is refused. */
bool guard_connected(struct probe *probe, const struct net_connection *connection);

/* TLS is up. */
void guard_secured(struct probe *probe);

/* What the guard saw or did: ERR set and false; true when nothing. */
bool guard_observed(struct probe *probe, struct error *err);

#endif
