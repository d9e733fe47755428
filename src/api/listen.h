/* SPDX-License-Identifier: Apache-2.0 */
/* listen.h - the addresses that the service is asked at. */
#ifndef LISTEN_H
#define LISTEN_H

#include "service.h"

/* Whether each is HOST:PORT; *LOOPBACK: nobody but this host can reach them. */
bool listen_check(const struct service_texts *addresses, bool *loopback, struct error *err);

/* Listen at all of them, and log where. */
bool listen_begin(const struct service_texts *addresses, struct http_server *server,
                  struct error *err);

#endif
