/* SPDX-License-Identifier: Apache-2.0 */
/* hold.h - a library kept from going on in a side until the test allows it. */
#ifndef HOLD_H
#define HOLD_H

#include "probe_state.h"

/* A connection of PROBE is up, over TLS if SECURED: wait here while that is as far as it may go, at
 * most to the deadline. */
void hold_wait(struct probe *probe, bool secured);

#endif
