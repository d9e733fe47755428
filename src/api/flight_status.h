/* SPDX-License-Identifier: Apache-2.0 */
/* flight_status.h - what a test by name came to, written into the catalog. */
#ifndef FLIGHT_STATUS_H
#define FLIGHT_STATUS_H

#include <event2/event.h>
#include <stdint.h>

#include "report.h"
#include "store.h"

/*
 * Have the status of REPORT written to the stored connection NAME, unless it is not of VERSION any
 * more. Nobody waits for it; a store that is busy is asked again. What we ourselves broke says
 * nothing about the connection and is not written.
 */
void flight_status_keep(struct event_base *base, struct store *store, const char *name,
                        int64_t version, const struct report *report);

#endif
