/* SPDX-License-Identifier: Apache-2.0 */
/* net_fault.h - connections that failed, in words. */
#ifndef NET_FAULT_H
#define NET_FAULT_H

#include "net_observer.h"

/* "192.0.2.7 refused the connection": what became of one that failed; the caller frees it. */
char *net_fault_words(const struct net_connection *connection);
enum reason net_fault_reason(const struct net_connection *connection);

/* No connection of this attempt was accepted: ERR says so of all, the first decides. Returns false.
 */
bool net_fault_tell(struct probe *probe, struct error *err);

#endif
