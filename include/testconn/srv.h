/* SPDX-License-Identifier: Apache-2.0 */
/* srv.h - SRV and TXT records, looked up as part of the stage dns, with the true cause of a
 * failure. The name servers are those of /etc/resolv.conf. */
#ifndef TESTCONN_SRV_H
#define TESTCONN_SRV_H

#include <stdbool.h>
#include <stddef.h>

#include "testconn/probe.h"

#pragma GCC visibility push(default)

enum { SRV_HOSTS_MAXIMUM = 64 };

/* The hosts that the SRV records of a name list, best first: by priority, then weight. */
struct srv_hosts {
    struct endpoint *endpoints; /* without a dot at the end */
    size_t count;               /* at least 1 */
};
void srv_hosts_release(struct srv_hosts *hosts);

/*
 * Look up the SRV records of NAME ("_mongodb._tcp.db.example"), by probe_deadline(). False with ERR
 * set: DNS_NOT_FOUND where the name or such a record does not exist, or the record lists no usable
 * host; DNS_UNAVAILABLE where the name servers refuse, fail, cannot be reached or are silent. The
 * caller ends with srv_hosts_release().
 */
bool srv_lookup(struct probe *probe, const char *name, struct srv_hosts *hosts, struct error *err);

/*
 * Look up the TXT records of NAME: *COUNT texts, each with its strings joined, 0 where there is no
 * record. False with ERR set to DNS_UNAVAILABLE. The caller frees each and the list.
 */
bool srv_texts(struct probe *probe, const char *name, char ***texts, size_t *count,
               struct error *err);

#pragma GCC visibility pop

#endif
