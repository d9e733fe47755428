/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upstream.h - what is not ours passed on to another service (an emulator of AWS): method, target,
 * body and header lines unchanged and in order, but for those between two hops.
 */
#ifndef UPSTREAM_H
#define UPSTREAM_H

#include <event2/event.h>

#include "http_server.h"

struct upstream;

/* URL is http://HOST[:PORT]; the name is looked up once. NULL with ERR set. */
struct upstream *upstream_new(struct event_base *base, const char *url, struct error *err);
void upstream_free(struct upstream *upstream); /* NULL is allowed */

/* Whether URL is one. False with ERR set. */
bool upstream_check(const char *url, struct error *err);

/* Answer EXCHANGE with what UPSTREAM answers. */
void upstream_pass(struct upstream *upstream, struct http_exchange *exchange);

#endif
