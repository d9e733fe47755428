/* SPDX-License-Identifier: Apache-2.0 */
/* hold.h - a library kept from going on in a side until the test allows it. */
#ifndef HOLD_H
#define HOLD_H

#include "probe_state.h"

/* A connection of PROBE has come to POINT: wait here while it may go no further, at most to the
 * deadline. */
void hold_wait(struct probe *probe, enum probe_point point);

#endif
