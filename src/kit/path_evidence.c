/* SPDX-License-Identifier: Apache-2.0 */
/* path_evidence.c - tells a silent service from a path that loses packets. */
#include "path_evidence.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "text.h"

bool path_evidence_read(int fd, struct path_evidence *evidence)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0 ||
        length <= offsetof(struct tcp_info, tcpi_bytes_received))
        return false;
    *evidence = (struct path_evidence){
        .retransmits = info.tcpi_retransmits > info.tcpi_total_retrans ? info.tcpi_retransmits
                                                                       : info.tcpi_total_retrans,
        .unacked = info.tcpi_unacked,
        .bytes_acked = info.tcpi_bytes_acked,
        .bytes_received = info.tcpi_bytes_received,
        .last_receive_ms = info.tcpi_last_data_recv,
        .last_send_ms = info.tcpi_last_data_sent,
        .round_trip_ms = info.tcpi_rtt / 1000.0,
    };
    if (length > offsetof(struct tcp_info, tcpi_bytes_sent))
        evidence->bytes_sent = info.tcpi_bytes_sent;
    if (length > offsetof(struct tcp_info, tcpi_rcv_ooopack)) /* since Linux 5.4 */
        evidence->out_of_order = info.tcpi_rcv_ooopack;
    return true;
}

/* What a cause is called, how it is told, what to do. */
struct cause {
    const char *rule;
    const char *brief;
    const char *text;
    const char *remedy;
};

static const struct cause mtu_inbound = {
    "path-loses-large-packets", "large packets are lost on the way to us (path MTU)",
    "accepted us and sends packets that do not all arrive: a later, smaller piece came in, the "
    "full-size ones before it never did. That is a path MTU problem, typical for a VPN or tunnel, "
    "not a problem of the service",
    "let ICMP \"fragmentation needed\" through, clamp the MSS, or lower the interface's MTU"};
static const struct cause mtu_outbound = {
    "path-loses-large-packets", "large packets are lost on the way there (path MTU)",
    "acknowledged our small packets, but not the large ones, which we sent again and again. That "
    "is "
    "a path MTU problem, typical for a VPN or tunnel, not a problem of the service",
    "let ICMP \"fragmentation needed\" through, clamp the MSS, or lower the interface's MTU"};
static const struct cause path_died = {
    "path-died", "the path died after the connection was accepted",
    "accepted the connection and then acknowledged nothing more: the path died after the TCP "
    "handshake (state lost in a firewall, a host gone, an address taken over)",
    "check firewalls and load balancers on the way for lost connection state, and that the host is "
    "up"};

static const struct cause *find_cause(const struct path_evidence *evidence)
{
    if (evidence->out_of_order > 0)
        return &mtu_inbound;
    if (evidence->unacked > 0 && evidence->retransmits >= 2)
        return evidence->bytes_acked > 1 ? &mtu_outbound : &path_died;
    return NULL;
}

/* Data came long after our last request, and until now. */
static bool is_sending(const struct path_evidence *evidence)
{
    enum { RECENT_MS = 1500, SPAN_MS = 500 };
    return evidence->bytes_received > 0 && evidence->last_receive_ms < RECENT_MS &&
           evidence->last_send_ms > evidence->last_receive_ms + SPAN_MS;
}

enum { JUST_NOW_MS = 20 }; /* so short a silence is none */

/* WHAT is waited for, and as whom. */
static void name_awaited(const struct probe *probe, const char *what, char *out, size_t size)
{
    bool as_user = probe->stage >= STAGE_LOGIN && probe->user;
    snprintf(out, size, "%s%s%s%s", what, as_user ? ", as user \"" : "", as_user ? probe->user : "",
             as_user ? "\"" : "");
}

void path_evidence_explain(struct probe *probe, const struct path_evidence *evidence,
                           const char *where, const char *what, struct error *err)
{
    char silence[32];
    char round_trip[32];
    const struct cause *cause = find_cause(evidence);
    text_duration(silence, sizeof silence, evidence->last_receive_ms);
    char awaited[400];
    text_duration(round_trip, sizeof round_trip, evidence->round_trip_ms);
    name_awaited(probe, what, awaited, sizeof awaited);
    if (cause) {
        error_set(err, REASON_TIMED_OUT, "%s %s (waiting for %s)", where, cause->text, awaited);
        error_brief(err, "%s", cause->brief);
        error_remedy(err, "%s", cause->remedy);
    } else if (is_sending(evidence)) {
        error_set(err, REASON_TIMED_OUT,
                  "%s sends and sends, %llu bytes so far, the last %s ago, and comes to no end of "
                  "%s: the network is fine (round trip %s), the service is not",
                  where, (unsigned long long)evidence->bytes_received, silence, awaited,
                  round_trip);
        error_brief(err, "sends without end, waiting for %s", what);
        error_remedy(err, "check that host and port are those of the service; if they are, see its "
                          "log, and what stands in front of it");
    } else if (evidence->last_receive_ms < JUST_NOW_MS) {
        error_set(
            err, REASON_TIMED_OUT,
            "%s: the time of the test was over while we waited for %s; it had %s us %s before "
            "(round trip %s)",
            where, awaited, evidence->bytes_received ? "answered" : "accepted", silence,
            round_trip);
        error_brief(err, "the time was over, waiting for %s", what);
        error_remedy(err, "give the test more time with --timeout");
    } else {
        error_set(
            err, REASON_TIMED_OUT,
            "%s acknowledged everything we sent and has said nothing for %s (waiting for %s): the "
            "network is fine (round trip %s), the service hangs, or waits for something else",
            where, silence, awaited, round_trip);
        error_brief(err, "silent for %s, waiting for %s", silence, what);
        error_remedy(
            err, "look at the service itself - its load, its log, locks, a stopped process - and "
                 "that this port is the right one");
    }
    char *numbers = text_format(
        "%s: %llu bytes of ours acknowledged, %u segments outstanding, %u retransmissions; "
        "%llu bytes received, %u segments out of order; round trip %s",
        where, (unsigned long long)(evidence->bytes_acked ? evidence->bytes_acked - 1 : 0),
        evidence->unacked, evidence->retransmits, (unsigned long long)evidence->bytes_received,
        evidence->out_of_order, round_trip);
    probe_finding_at(probe, STAGE_COUNT, SEVERITY_NOTE,
                     cause                  ? cause->rule
                     : is_sending(evidence) ? "service-endless"
                                            : "service-silent",
                     NULL, numbers);
    free(numbers);
}
