/* SPDX-License-Identifier: Apache-2.0 */
/* path_probe.c - SYNs of every TTL at once, and what routers said about them. */
#include "path_probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "text.h"

enum { PROBE_LIMIT_MS = 700, QUIET_MS = 350 };

void path_error_watch(int fd, int family)
{
    int on = 1;
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
    else
        setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
}

bool path_error_read(int fd, struct path_error *error)
{
    char control[512];
    char data[64];
    struct sockaddr_storage about;
    struct iovec piece = {.iov_base = data, .iov_len = sizeof data};
    struct msghdr message = {.msg_name = &about,
                             .msg_namelen = sizeof about,
                             .msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
        return false;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        bool v4 = part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR;
        bool v6 = part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR;
        if (!v4 && !v6)
            continue;
        struct sock_extended_err extended;
        memcpy(&extended, CMSG_DATA(part), sizeof extended);
        if (extended.ee_origin != SO_EE_ORIGIN_ICMP && extended.ee_origin != SO_EE_ORIGIN_ICMP6)
            continue;
        *error =
            (struct path_error){.seen = true, .type = extended.ee_type, .code = extended.ee_code};
        const unsigned char *from = CMSG_DATA(part) + sizeof extended;
        struct sockaddr_in a4;
        struct sockaddr_in6 a6;
        if (v4) {
            memcpy(&a4, from, sizeof a4);
            inet_ntop(AF_INET, &a4.sin_addr, error->from, sizeof error->from);
        } else {
            memcpy(&a6, from, sizeof a6);
            inet_ntop(AF_INET6, &a6.sin6_addr, error->from, sizeof error->from);
        }
        return true;
    }
    return false;
}

bool path_error_is_hop(const struct path_error *error, int family)
{
    return error->seen &&
           error->type == (family == AF_INET6 ? ICMPV6_TIME_EXCEED : ICMP_TIME_EXCEEDED);
}

const char *path_error_words(const struct path_error *error, int family)
{
    if (!error->seen)
        return NULL;
    if (family == AF_INET6) {
        if (error->type == ICMPV6_PKT_TOOBIG)
            return "the packet is too big for the next link";
        if (error->type != ICMPV6_DEST_UNREACH)
            return NULL;
        static const char *const words[] = {"no route to the host",
                                            "administratively prohibited",
                                            "beyond the scope of our address",
                                            "the host does not answer",
                                            "port unreachable",
                                            "rejected by policy",
                                            "route rejected"};
        return error->code < (int)(sizeof words / sizeof *words) ? words[error->code] : NULL;
    }
    if (error->type != ICMP_DEST_UNREACH)
        return NULL;
    switch (error->code) {
    case ICMP_NET_UNREACH:
        return "no route to the network";
    case ICMP_HOST_UNREACH:
        return "the host does not answer";
    case ICMP_PORT_UNREACH:
        return "port unreachable";
    case ICMP_FRAG_NEEDED:
        return "the packet is too big for the next link";
    case ICMP_NET_ANO:
    case ICMP_HOST_ANO:
    case ICMP_PKT_FILTERED:
        return "administratively prohibited";
    default:
        return "unreachable";
    }
}

/* A socket whose SYN lives for TTL hops, connecting to PEER; -1 when none can be had. */
static int start_hop(const struct sockaddr *peer, socklen_t length, int ttl)
{
    int once = 1;
    int fd = socket(peer->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0)
        return -1;
    path_error_watch(fd, peer->sa_family);
    if (peer->sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof ttl);
    else
        setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
    setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &once, sizeof once);
    if (connect(fd, peer, length) < 0 && errno != EINPROGRESS && errno != EHOSTUNREACH &&
        errno != ECONNREFUSED)
        fd_close(&fd);
    return fd;
}

static void read_hop(int fd, int family, struct path_hop *hop)
{
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    hop->answered = true;
    if (path_error_read(fd, &hop->error)) {
        hop->rejected = !path_error_is_hop(&hop->error, family);
    } else if (error == 0 || error == ECONNREFUSED) {
        hop->reached = true;
        hop->refused = error == ECONNREFUSED;
    } else {
        hop->answered = false;
    }
}

/* The hop that ends the path: the target, who rejects, or the last that passes on. */
static int find_last(const struct path_trace *trace)
{
    int last = -1;
    for (int i = 0; i < PATH_HOPS; i++) {
        if (!trace->hops[i].answered)
            continue;
        last = i;
        if (trace->hops[i].reached || trace->hops[i].rejected)
            break;
    }
    return last;
}

static bool is_complete(const struct path_trace *trace)
{
    int last = find_last(trace);
    if (last < 0 || !(trace->hops[last].reached || trace->hops[last].rejected))
        return false;
    for (int i = 0; i < last; i++)
        if (!trace->hops[i].answered)
            return false;
    return true;
}

void path_probe(const struct sockaddr *peer, socklen_t length, struct deadline deadline,
                struct path_trace *trace)
{
    struct pollfd waits[PATH_HOPS];
    struct deadline limit = deadline_earlier(deadline, deadline_in_ms(PROBE_LIMIT_MS));
    *trace = (struct path_trace){.last = -1};
    for (int i = 0; i < PATH_HOPS; i++)
        waits[i] = (struct pollfd){.fd = start_hop(peer, length, i + 1), .events = POLLOUT};
    while (!is_complete(trace) && !deadline_passed(limit)) {
        /* Routers that answer do so within a round trip; after quiet nothing more is to come. */
        int left_ms = deadline_left_ms(limit);
        if (poll(waits, PATH_HOPS, left_ms < QUIET_MS ? left_ms : QUIET_MS) <= 0)
            break;
        for (int i = 0; i < PATH_HOPS; i++) {
            if (waits[i].fd < 0 || !waits[i].revents)
                continue;
            read_hop(waits[i].fd, peer->sa_family, &trace->hops[i]);
            fd_close(&waits[i].fd);
        }
    }
    for (int i = 0; i < PATH_HOPS; i++)
        fd_close(&waits[i].fd);
    trace->last = find_last(trace);
}

/* "A, B and C": the routers among the first COUNT hops. Returns how many. */
static int list_routers(const struct path_trace *trace, int count, struct text_buffer *list)
{
    int routers = 0;
    int named = 0;
    for (int i = 0; i < count; i++)
        routers += trace->hops[i].answered && trace->hops[i].error.seen;
    for (int i = 0; i < count; i++) {
        if (!trace->hops[i].answered || !trace->hops[i].error.seen)
            continue;
        if (named)
            text_append(list, named == routers - 1 ? " and " : ", ");
        text_append(list, trace->hops[i].error.from);
        named++;
    }
    return routers;
}

char *path_trace_explain(const struct path_trace *trace, int family)
{
    if (trace->last < 0)
        return NULL;
    const struct path_hop *end = &trace->hops[trace->last];
    struct text_buffer text = TEXT_BUFFER_INIT;
    struct text_buffer routers = TEXT_BUFFER_INIT;
    bool ends_there = end->rejected || end->reached;
    int count = list_routers(trace, ends_there ? trace->last : trace->last + 1, &routers);
    text_append(&text, "The path: ");
    if (count)
        text_append_format(&text, "%s %s the connection on; ", routers.data,
                           count == 1 ? "passes" : "pass");
    if (end->rejected) {
        const char *words = path_error_words(&end->error, family);
        text_append_format(&text, "%s rejects it (%s)", end->error.from,
                           words ? words : "an ICMP error");
    } else if (end->reached) {
        text_append_format(&text, "the target itself %s %d hop%s away",
                           end->refused ? "refuses it," : "answers,", trace->last + 1,
                           trace->last ? "s" : "");
    } else {
        text_append_format(&text, "behind %s it is dropped", end->error.from);
    }
    text_buffer_release(&routers);
    return text_take(&text);
}

char *path_trace_brief(const struct path_trace *trace, int family)
{
    if (trace->last < 0)
        return NULL;
    const struct path_hop *end = &trace->hops[trace->last];
    const char *words = path_error_words(&end->error, family);
    if (end->rejected)
        return text_format("rejected by %s (%s)", end->error.from, words ? words : "an ICMP error");
    return end->reached ? NULL : text_format("dropped behind %s", end->error.from);
}
