/* SPDX-License-Identifier: Apache-2.0 */
/* network_identify.h - what answers on an open port. */
#ifndef NETWORK_IDENTIFY_H
#define NETWORK_IDENTIFY_H

#include <stddef.h>

#include "testconn/probe.h"

/*
 * Find out what the service at the first connected one of ADDRESSES speaks, within a few round
 * trips, and report it as facts of the stage tcp (and tls). What others of them say by themselves
 * is put into their SPEAKS. The descriptors are closed.
 */
void network_identify(struct probe *probe, const struct endpoint *endpoint,
                      struct probe_address *addresses, size_t count);

/* Many tests run at once in this and other processes: nobody waits for this very one. */
void network_expect_many(void);

#endif
