/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_observer.h - getaddrinfo() and connect() of the whole process: the stages dns and tcp.
 *
 * The program exports both, so the calls of every module's library are ours. Without a running
 * probe they pass through.
 */
#ifndef NET_OBSERVER_H
#define NET_OBSERVER_H

#include <netdb.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "net_policy.h"
#include "path_probe.h"
#include "probe_state.h"

/* What became of one connect() to a TCP address. */
struct net_connection {
    int fd;
    char host[256];   /* the name it was resolved from, "" when it was never resolved here */
    char address[64]; /* "192.0.2.7", "2001:db8::7" */
    uint16_t port;
    struct sockaddr_storage peer;
    socklen_t peer_length;
    int64_t began_us;
    int error;              /* errno of the connect, 0: connected, EINPROGRESS: under way */
    double waited_ms;       /* how long it took or was waited for */
    double round_trip_ms;   /* as the kernel measured it; 0 when not connected */
    struct path_error icmp; /* who said so, when a router or host did */
    const char *denied;     /* the rule of the outbound policy that forbids it; NULL: none */
};

/* Watch for PROBE from now on. */
void net_observer_start(struct probe *probe);

/* From now on POLICY says which addresses this process may connect to; it is kept. */
void net_observer_heed(const struct net_policy *policy);

/* A side is over. */
void net_observer_free(struct probe *side);

/* ENDPOINT will be connected to: its name is looked up beside what the caller does meanwhile. */
void net_observer_expect(struct probe *probe, const struct endpoint *endpoint);

/* Begin the connection to ENDPOINT's first address, if it is looked up by DEADLINE and no library
 * has come to its own first connect() meanwhile: that takes over what was begun. */
void net_observer_connect_ahead(struct probe *probe, const struct endpoint *endpoint,
                                struct deadline deadline);

/* Forget what was seen: a new attempt. What names resolved to is kept. */
void net_observer_forget(struct probe *probe);

/* The connection of FD, or the last one made when FD is -1; NULL when there is none. */
const struct net_connection *net_observer_connection(const struct probe *probe, int fd);

/* The connection of that INDEX in this attempt, from 0; NULL past the last. */
const struct net_connection *net_observer_at(const struct probe *probe, size_t index);

/* The connection to the endpoint itself, not to a KDC or the like; NULL when none was accepted. */
const struct net_connection *net_observer_accepted(const struct probe *probe);

/* "db.example:5432" of that connection, that of the attempt's endpoint without one. */
void net_observer_where(const struct probe *probe, int fd, char *out, size_t size);

/* The host name that the descriptor FD was connected for, or NULL. */
const char *net_observer_host(const struct probe *probe, int fd);

/* The name that resolved to ADDRESS: LIKELY (NULL: the endpoint's, on its PORT) where it did, else
 * any; "": none. */
void net_observer_name(const struct probe *probe, const char *likely, const char *address,
                       uint16_t port, char *out, size_t size);

/* A fault of name resolution or TCP that was seen in this attempt: ERR set and false; else true. */
bool net_observed(struct probe *probe, struct error *err);

/*
 * A connect in two halves, for several at a time. Begin: FD becomes non-blocking, the stage tcp is
 * entered (not aside); false with errno set when PEER is no address. End: what became of it once
 * poll() says so (IN_TIME) or the time is over; it is kept. The time is that of the attempt, with
 * what the path probe needs kept back.
 */
bool net_connect_begin(struct probe *probe, int fd, const struct sockaddr *peer, socklen_t length,
                       struct net_connection *connection);
void net_connect_end(struct probe *probe, struct net_connection *connection, bool in_time);
struct deadline net_connect_deadline(const struct probe *probe);

/* The facts of CONNECTION: address, port and round trip, or that the address failed. */
void net_connect_tell(struct probe *probe, const struct net_connection *connection);

/* Whether any descriptor of this process is a connected TCP socket that connect() here never saw.
 */
bool net_observer_was_bypassed(const struct probe *probe);

/* The path to the address of the last connection, as facts of the stage tcp; for --trace. */
void net_observer_trace(struct probe *probe);

#endif
