/* SPDX-License-Identifier: Apache-2.0 */
/* bootstrap.h - the list of brokers in KAFKA_BOOTSTRAP_SERVERS. */
#ifndef BOOTSTRAP_H
#define BOOTSTRAP_H

#include <stddef.h>

#include "problems.h"
#include "testconn/target.h"

/*
 * Read LIST, "b1:9092, [2001:db8::7]:9092, SSL://b2:9094": each broker once, blanks and empty
 * elements left out, IDN names in ASCII. Each element that is none is a problem, a protocol before
 * "://" a note. The caller frees each host and *SERVERS.
 */
size_t bootstrap_read(const char *list, struct endpoint **servers, struct problems *problems);
void bootstrap_release(struct endpoint *servers, size_t count);

#endif
