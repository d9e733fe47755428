/* SPDX-License-Identifier: Apache-2.0 */
/* path_probe.h - where on the path does TCP stop? An unprivileged trace by TTL (no raw sockets). */
#ifndef PATH_PROBE_H
#define PATH_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "testconn/deadline.h"

/* An ICMP error from a socket's error queue. */
struct path_error {
    bool seen;
    int type;
    int code;
    char from[64]; /* who sent it */
};

/* From now on FD, a socket of FAMILY, queues the ICMP errors that come for it. */
void path_error_watch(int fd, int family);

/* Take the next of them; false: there is none. */
bool path_error_read(int fd, struct path_error *error);

/* "administratively prohibited", "no route to the host", ...; NULL for one that tells nothing. */
const char *path_error_words(const struct path_error *error, int family);

/* Whether ERROR says that the TTL ran out on the way: its sender is a hop. */
bool path_error_is_hop(const struct path_error *error, int family);

enum { PATH_HOPS = 30 };

/* What answered at one TTL. */
struct path_hop {
    bool answered;
    bool reached; /* the target itself: connected, or refused without an ICMP error */
    bool refused;
    bool rejected; /* an ICMP error other than "TTL ran out" */
    struct path_error error;
};

struct path_trace {
    struct path_hop hops[PATH_HOPS]; /* by TTL, from 1 at index 0 */
    int last;                        /* index of the last hop of interest, -1: nothing answered */
};

/* Send a SYN with each TTL to PEER at once, and wait for answers until DEADLINE at the latest, and
 * no longer than 700 ms. */
void path_probe(const struct sockaddr *peer, socklen_t length, struct deadline deadline,
                struct path_trace *trace);

/*
 * What the trace says about a connect that met silence or "unreachable", one sentence for people:
 * "The path: A and B pass the connection on; behind B it is dropped". The caller frees it; NULL
 * when nothing was learned.
 */
char *path_trace_explain(const struct path_trace *trace, int family);

/* "dropped behind 10.2.0.2": the same in a few words; NULL when nothing on the way is at fault. The
 * caller frees it. */
char *path_trace_brief(const struct path_trace *trace, int family);

#endif
