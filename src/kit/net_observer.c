/* SPDX-License-Identifier: Apache-2.0 */
/* net_observer.c - getaddrinfo() and connect() for every library of the process. */
#include "net_observer.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "guard.h"
#include "hold.h"
#include "net_ahead.h"
#include "net_fault.h"
#include "net_lookup.h"
#include "net_path.h"
#include "text.h"

enum { CONNECTIONS_MAXIMUM = 64, TRACE_RESERVE_MS = 700, DESCRIPTORS_MAXIMUM = 64 };

struct net_observer {
    struct net_lookups *lookups;                            /* a side has those of its test */
    struct net_connection connections[CONNECTIONS_MAXIMUM]; /* of this attempt */
    size_t count;
    bool lookup_failed; /* of the endpoint at hand */
    struct error lookup_error;
    bool *seen;        /* descriptors that connect() completed, in any attempt and side */
    char reported[64]; /* the address that the report names as the target's */
    pthread_mutex_t lock;
};

/* Of this process: a worker has one test. */
static const struct net_policy *outbound;

typedef int getaddrinfo_function(const char *, const char *, const struct addrinfo *,
                                 struct addrinfo **);

static getaddrinfo_function *real_getaddrinfo(void)
{
    static getaddrinfo_function *function;
    if (!function)
        *(void **)&function = dlsym(RTLD_NEXT, "getaddrinfo");
    return function;
}

static net_connect_function *real_connect(void)
{
    static net_connect_function *function;
    if (!function)
        *(void **)&function = dlsym(RTLD_NEXT, "connect");
    return function;
}

void net_observer_start(struct probe *probe)
{
    struct net_observer *net = probe->net = xcalloc(1, sizeof *net);
    pthread_mutex_init(&net->lock, NULL);
    if (probe->whole) {
        net->lookups = probe->whole->net->lookups;
        net->seen = probe->whole->net->seen;
    } else {
        net->lookups = xcalloc(1, sizeof *net->lookups);
        net_lookups_init(net->lookups, real_getaddrinfo());
        net->seen = xcalloc(DESCRIPTORS_MAXIMUM, sizeof *net->seen);
    }
    guard_start(probe);
}

void net_observer_heed(const struct net_policy *policy)
{
    outbound = policy;
}

void net_observer_free(struct probe *side)
{
    pthread_mutex_destroy(&side->net->lock);
    free(side->net);
}

void net_observer_expect(struct probe *probe, const struct endpoint *endpoint)
{
    char port[16];
    real_connect(); /* not to be looked for while dlopen() is at work */
    snprintf(port, sizeof port, "%u", endpoint->port);
    net_lookup_begin(probe->net->lookups, endpoint->host, port, probe->deadline);
}

void net_observer_connect_ahead(struct probe *probe, const struct endpoint *endpoint,
                                struct deadline deadline)
{
    char port[16];
    snprintf(port, sizeof port, "%u", endpoint->port);
    const struct addrinfo *found =
        net_lookup_await(probe->net->lookups, endpoint->host, port, deadline);
    if (found && !net_policy_refuses(outbound, endpoint->host, found->ai_addr))
        net_ahead_begin(real_connect(), found->ai_addr, found->ai_addrlen);
}

void net_observer_forget(struct probe *probe)
{
    probe->net->count = 0;
    probe->net->lookup_failed = false;
    guard_forget(probe);
}

/* An observer's stage begins unless a later one was reached already in this attempt. */
static void enter(struct probe *probe, enum stage stage)
{
    if (!probe->entered || probe->stage < stage)
        probe_stage(probe, stage);
}

static bool is_of_endpoint(const struct probe *probe, const char *node)
{
    return probe->endpoint && text_equal_nocase(node, probe->endpoint->host);
}

/* What a library is told: by EAI_AGAIN libmariadb would ask over and over until its time is up. */
static int final_status(int status)
{
    return status == EAI_AGAIN ? EAI_FAIL : status;
}

__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **result)
{
    struct probe *probe = probe_here();
    if (!probe || !probe->net || !node)
        return real_getaddrinfo()(node, service, hints, result);
    struct net_observer *net = probe->net;
    bool of_endpoint = is_of_endpoint(probe, node);
    if (of_endpoint)
        enter(probe, STAGE_DNS);
    struct error err = ERROR_INIT;
    struct deadline deadline = probe_deadline(probe);
    int status = net_lookup(net->lookups, node, service, hints, deadline, result, &err);
    if (!of_endpoint)
        return final_status(status);
    pthread_mutex_lock(&net->lock);
    net->lookup_failed = status != 0;
    if (status)
        net->lookup_error = err;
    pthread_mutex_unlock(&net->lock);
    if (status == 0)
        probe_note_json(probe, STAGE_DNS, "addresses", net_lookup_addresses(*result));
    return final_status(status);
}

static void describe(const struct sockaddr *peer, struct net_connection *connection)
{
    if (peer->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, peer, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, connection->address, sizeof connection->address);
        connection->port = ntohs(v4.sin_port);
    } else {
        struct sockaddr_in6 v6;
        memcpy(&v6, peer, sizeof v6);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
            inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, connection->address,
                      sizeof connection->address);
        else
            inet_ntop(AF_INET6, &v6.sin6_addr, connection->address, sizeof connection->address);
        connection->port = ntohs(v6.sin6_port);
    }
}

static bool is_tcp(int fd, const struct sockaddr *peer)
{
    int type = 0;
    socklen_t length = sizeof type;
    return peer && (peer->sa_family == AF_INET || peer->sa_family == AF_INET6) &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

struct deadline net_connect_deadline(const struct probe *probe)
{
    struct deadline deadline = probe_deadline(probe);
    int reserve_ms = deadline_left_ms(deadline) / 4;
    if (reserve_ms > TRACE_RESERVE_MS)
        reserve_ms = TRACE_RESERVE_MS;
    deadline.at_us -= (int64_t)reserve_ms * 1000;
    return deadline;
}

/* The time for this address: a fair share. */
static struct deadline share_of_address(const struct probe *probe, const struct net_connection *to)
{
    struct deadline deadline = net_connect_deadline(probe);
    size_t untried = net_lookups_count(probe->net->lookups, to->host);
    size_t tried = 0;
    for (size_t i = 0; i < probe->net->count; i++)
        tried += strcmp(probe->net->connections[i].host, to->host) == 0;
    return deadline_share(deadline, untried > tried ? (int)(untried - tried) : 1);
}

/* What became of a connect that poll() says has ended; its errno, 0 when connected. */
static int outcome_of(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    /* It was accepted, and reset by now, which whoever reads will see. */
    return error == ECONNRESET ? 0 : error;
}

static double round_trip_ms(int fd)
{
    struct tcp_info info;
    socklen_t length = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0)
        return 0;
    return info.tcpi_rtt / 1000.0;
}

void net_connect_tell(struct probe *probe, const struct net_connection *connection)
{
    if (connection->error) {
        char *outcome = text_format("%s: %s", connection->address, strerror(connection->error));
        probe_note_json(probe, STAGE_TCP, "failed_address", json_string(outcome));
        free(outcome);
        return;
    }
    snprintf(probe->net->reported, sizeof probe->net->reported, "%s", connection->address);
    probe_send(probe, "target", json_pack("{s:s}", "address", connection->address));
    probe_note_json(probe, STAGE_TCP, "address", json_string(connection->address));
    probe_note_json(probe, STAGE_TCP, "port", json_integer(connection->port));
    probe_note_json(probe, STAGE_TCP, "round_trip_ms", json_real(connection->round_trip_ms));
}

static void keep(struct probe *probe, const struct net_connection *connection)
{
    pthread_mutex_lock(&probe->net->lock);
    if (connection->fd < DESCRIPTORS_MAXIMUM)
        probe->net->seen[connection->fd] = true;
    if (probe->net->count < CONNECTIONS_MAXIMUM)
        probe->net->connections[probe->net->count++] = *connection;
    pthread_mutex_unlock(&probe->net->lock);
}

void net_observer_name(const struct probe *probe, const char *likely, const char *address,
                       uint16_t port, char *out, size_t size)
{
    struct net_lookups *lookups = probe->net->lookups;
    if (!likely && probe->endpoint && probe->endpoint->port == port)
        likely = probe->endpoint->host;
    if (likely && net_lookups_has(lookups, likely, address))
        snprintf(out, size, "%s", likely);
    else
        net_lookups_host(lookups, address, out, size);
}

bool net_connect_begin(struct probe *probe, int fd, const struct sockaddr *peer, socklen_t length,
                       struct net_connection *connection)
{
    *connection = (struct net_connection){
        .fd = fd, .peer_length = length, .error = EINPROGRESS, .began_us = clock_now_us()};
    if (length > sizeof connection->peer) {
        errno = EINVAL;
        return false;
    }
    memcpy(&connection->peer, peer, length);
    describe(peer, connection);
    net_observer_name(probe, NULL, connection->address, connection->port, connection->host,
                      sizeof connection->host);
    enter(probe, STAGE_TCP);
    path_error_watch(fd, peer->sa_family);
    fd_set_nonblocking(fd, true);
    connection->denied = net_policy_refuses(outbound, connection->host, peer);
    if (connection->denied)
        connection->error = EACCES;
    else if (net_ahead_take(fd, peer, length))
        connection->error = EINPROGRESS;
    else if (real_connect()(fd, peer, length) == 0)
        connection->error = 0;
    else
        connection->error = errno;
    return true;
}

void net_connect_end(struct probe *probe, struct net_connection *connection, bool in_time)
{
    if (connection->error == EINPROGRESS)
        connection->error = in_time ? outcome_of(connection->fd) : ETIMEDOUT;
    connection->waited_ms = (double)(clock_now_us() - connection->began_us) / 1000;
    if (connection->error)
        path_error_read(connection->fd, &connection->icmp);
    else
        connection->round_trip_ms = round_trip_ms(connection->fd);
    keep(probe, connection);
}

static int observed_connect(struct probe *probe, int fd, const struct sockaddr *peer,
                            socklen_t length)
{
    struct net_connection connection;
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int flags = fcntl(fd, F_GETFL);
    bool in_time = true;
    if (!net_connect_begin(probe, fd, peer, length, &connection))
        return -1;
    if (connection.error == EINPROGRESS)
        in_time = poll(&wait, 1, deadline_left_ms(share_of_address(probe, &connection))) > 0;
    net_connect_end(probe, &connection, in_time);
    fcntl(fd, F_SETFL, flags);
    net_connect_tell(probe, &connection);
    errno = connection.error;
    /* Name and path would be no faster in the clear: only TLS itself has a share of the time. */
    if (connection.error == 0 && probe->tls_optional)
        probe_bound(probe, deadline_share(probe->endpoint_deadline, TLS_SHARE));
    if (connection.error == 0 && !guard_connected(probe, &connection))
        errno = ECONNABORTED;
    if (errno)
        return -1;
    hold_wait(probe, POINT_TCP);
    return 0;
}

__attribute__((visibility("default"))) int connect(int fd, __CONST_SOCKADDR_ARG address,
                                                   socklen_t length)
{
    struct probe *probe = probe_here();
    const struct sockaddr *peer = address.__sockaddr__;
    if (!probe || !probe->net || probe->tracing || !is_tcp(fd, peer))
        return real_connect()(fd, peer, length);
    if (guard_refuses(probe)) {
        errno = ECONNABORTED;
        return -1;
    }
    hold_wait(probe, POINT_CONNECT);
    return observed_connect(probe, fd, peer, length);
}

const struct net_connection *net_observer_connection(const struct probe *probe, int fd)
{
    const struct net_observer *net = probe->net;
    for (size_t i = net ? net->count : 0; i-- > 0;)
        if (fd < 0 || net->connections[i].fd == fd)
            return &net->connections[i];
    return NULL;
}

const struct net_connection *net_observer_at(const struct probe *probe, size_t index)
{
    return index < probe->net->count ? &probe->net->connections[index] : NULL;
}

const struct net_connection *net_observer_accepted(const struct probe *probe)
{
    const struct net_observer *net = probe->net;
    for (size_t i = net->count; i-- > 0;)
        if (!net->connections[i].error && net->connections[i].port == probe->endpoint->port)
            return &net->connections[i];
    return NULL;
}

void net_observer_where(const struct probe *probe, int fd, char *out, size_t size)
{
    const struct net_connection *connection = net_observer_connection(probe, fd);
    if (connection)
        text_endpoint(out, size, connection->host[0] ? connection->host : connection->address,
                      connection->port);
    else if (probe->endpoint)
        text_endpoint(out, size, probe->endpoint->host, probe->endpoint->port);
    else
        snprintf(out, size, "the service");
}

const char *net_observer_host(const struct probe *probe, int fd)
{
    const struct net_connection *connection = net_observer_connection(probe, fd);
    return connection && connection->host[0] ? connection->host : NULL;
}

void net_observer_trace(struct probe *probe)
{
    const struct net_observer *net = probe->net;
    for (size_t i = net->count; i-- > 0;)
        if (strcmp(net->connections[i].address, net->reported) == 0) {
            free(net_path_tell(probe, &net->connections[i], NULL));
            return;
        }
}

bool net_observed(struct probe *probe, struct error *err)
{
    struct net_observer *net = probe->net;
    if (net->lookup_failed) {
        *err = net->lookup_error;
        return error_property(err, probe->host_property);
    }
    if (net->count == 0)
        return true;
    if (!guard_observed(probe, err))
        return false;
    for (size_t i = 0; i < net->count; i++)
        if (net->connections[i].error == 0)
            return true;
    return net_fault_tell(probe, err);
}

bool probe_allows(const struct probe *probe, const struct endpoint *endpoint, struct error *err)
{
    struct sockaddr_in6 peer = {.sin6_family = AF_INET6, .sin6_port = htons(endpoint->port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
    bool is_v4 = inet_pton(AF_INET, endpoint->host, &v4.sin_addr) == 1;
    char where[300];
    if (!is_v4)
        inet_pton(AF_INET6, endpoint->host, &peer.sin6_addr);
    const char *rule =
        net_policy_refuses(outbound, endpoint->host,
                           is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&peer);
    if (!rule)
        return true;
    text_endpoint(where, sizeof where, endpoint->host, endpoint->port);
    error_set(err, REASON_POLICY_DENIED,
              "a proxy is not asked to connect us with %s: the outbound policy denies it (%s)",
              where, rule);
    return error_property(err, probe->host_property);
}

bool net_observer_was_bypassed(const struct probe *probe)
{
    net_ahead_drop();
    for (int fd = 3; fd < DESCRIPTORS_MAXIMUM; fd++) {
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        if (getpeername(fd, (struct sockaddr *)&peer, &length) < 0 ||
            !is_tcp(fd, (struct sockaddr *)&peer))
            continue;
        if (!probe->net->seen[fd])
            return true;
    }
    return false;
}
