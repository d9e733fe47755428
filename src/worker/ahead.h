/* SPDX-License-Identifier: Apache-2.0 */
/* ahead.h - what of a test can be begun while its client library is still being loaded. */
#ifndef AHEAD_H
#define AHEAD_H

#include <stdbool.h>

#include "testconn/probe.h"
#include "testconn/target.h"

/*
 * Silently, and in a thread where it takes long: have OpenSSL initialise itself for a TARGET with
 * TLS, look its first host up and begin the TCP connection, which the library's own connect() then
 * takes over. Nothing is connected to before the documented rules for the configured CA are obeyed,
 * or where anything else is still to be fetched. Of no use in a worker of a template.
 */
void ahead_begin(struct probe *probe, const struct target *target);

/* Wait until OpenSSL is ready; to be called before anything else uses it: two threads in there at
 * once hand its locks to and fro, which takes longer than the whole. */
void ahead_await(void);

#endif
