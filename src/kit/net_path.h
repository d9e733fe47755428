/* SPDX-License-Identifier: Apache-2.0 */
/* net_path.h - the way to an address, asked for by the path probe within a test. */
#ifndef NET_PATH_H
#define NET_PATH_H

#include "net_observer.h"

/* The hops to CONNECTION's address as facts of the stage tcp, and in words, which the caller frees.
 * *BRIEF (may be NULL), to be freed too, is the same in a few. */
char *net_path_tell(struct probe *probe, const struct net_connection *connection, char **brief);

/* The words alone ("The path: ..."), if time is left; NULL when nothing was learned. */
char *net_path_explain(struct probe *probe, const struct net_connection *connection);

#endif
