/* SPDX-License-Identifier: Apache-2.0 */
/* batch_request.h - a test of a batch before its launch: refused, or as a request of a worker. */
#ifndef BATCH_REQUEST_H
#define BATCH_REQUEST_H

#include "batch.h"
#include "launch.h"
#include "resolve.h"

/* An empty report of TEST. */
struct report *batch_report(const struct batch_test *test);

/* Resolve TEST's connection into RESOLUTION. Returns the report of what needs no worker to be
 * known; NULL: it is to be tested. */
struct report *batch_refuse(const struct batch_settings *settings, const struct batch_test *test,
                            struct resolution *resolution);

/* What a worker is asked, but for who calls AWS. All in it is borrowed. */
struct launch_request batch_request(const struct batch_settings *settings,
                                    const struct batch_test *test,
                                    const struct resolution *resolution);

/* "password from ${env:NAME}" says more than from PASSWORD; only the front knows what stood
 * there. */
void batch_name_source(const struct connection *connection, struct report *report);

#endif
