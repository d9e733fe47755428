/* SPDX-License-Identifier: Apache-2.0 */
/* path_evidence.h - what the kernel knows of a silent connection (TCP_INFO): the service, or the
 * path? */
#ifndef PATH_EVIDENCE_H
#define PATH_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "probe_state.h"

struct path_evidence {
    uint32_t retransmits; /* of what is outstanding now */
    uint32_t unacked;     /* segments */
    uint64_t bytes_acked; /* of ours, the SYN counted as 1 */
    uint64_t bytes_sent;  /* of ours, retransmissions included */
    uint64_t bytes_received;
    uint32_t out_of_order;    /* segments that came before one that never did */
    uint32_t last_receive_ms; /* since data came last */
    uint32_t last_send_ms;    /* since we sent last */
    double round_trip_ms;
};

/* Ask the kernel about the TCP socket FD; false when it is none. */
bool path_evidence_read(int fd, struct path_evidence *evidence);

/* Say in ERR (TIMED_OUT) and in a finding why WHERE was silent while we waited for WHAT. */
void path_evidence_explain(struct probe *probe, const struct path_evidence *evidence,
                           const char *where, const char *what, struct error *err);

#endif
