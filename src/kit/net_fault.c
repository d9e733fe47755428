/* SPDX-License-Identifier: Apache-2.0 */
/* net_fault.c - connections that failed, in words. */
#include "net_fault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net_path.h"
#include "text.h"

/* What this host itself says before any packet has left; NULL when it was not this host. */
static const char *local_words(const struct net_connection *connection)
{
    enum { AT_ONCE_MS = 5 };
    if (connection->icmp.seen || connection->waited_ms > AT_ONCE_MS)
        return NULL;
    switch (connection->error) {
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
        return "this host has no route to it";
    case EACCES:
    case EPERM:
        return "this host's own rules (packet filter, broadcast address) forbid it";
    default:
        return NULL;
    }
}

char *net_fault_words(const struct net_connection *one)
{
    char waited[32];
    text_duration(waited, sizeof waited, one->waited_ms);
    const char *words = path_error_words(&one->icmp, one->peer.ss_family);
    if (one->denied)
        return text_format("%s port %u is not to be connected to: the outbound policy of testconn "
                           "forbids it (%s)",
                           one->address, one->port, one->denied);
    if (one->error == ECONNREFUSED)
        return text_format("%s refused the connection", one->address);
    if (one->error == ETIMEDOUT)
        return text_format("%s does not answer (waited %s), and nothing rejects us", one->address,
                           waited);
    if (local_words(one))
        return text_format("%s cannot be reached: %s (%s)", one->address, local_words(one),
                           strerror(one->error));
    if (words && strcmp(one->icmp.from, one->address) != 0)
        return text_format("%s cannot be reached: %s says \"%s\"", one->address, one->icmp.from,
                           words);
    return text_format("%s cannot be reached: %s", one->address,
                       words ? words : strerror(one->error));
}

/* "192.0.2.7 refused the connection, 2001:db8::7 does not answer (waited 2.1 s)" */
static char *list_outcomes(const struct probe *probe, size_t *count)
{
    struct text_buffer list = TEXT_BUFFER_INIT;
    const struct net_connection *one;
    for (*count = 0; (one = net_observer_at(probe, *count)); ++*count) {
        char *words = net_fault_words(one);
        text_append_format(&list, "%s%s", *count ? ", " : "", words);
        free(words);
    }
    return text_take(&list);
}

enum reason net_fault_reason(const struct net_connection *connection)
{
    if (connection->denied)
        return REASON_POLICY_DENIED;
    if (connection->error == ECONNREFUSED)
        return REASON_CONNECT_REFUSED;
    return connection->error == ETIMEDOUT ? REASON_TIMED_OUT : REASON_CONNECT_UNREACHABLE;
}

bool net_fault_tell(struct probe *probe, struct error *err)
{
    char where[300];
    size_t count;
    const struct net_connection *first = net_observer_at(probe, 0);
    const char *host = first->host[0] ? first->host : first->address;
    char *outcomes = list_outcomes(probe, &count);
    char *path = NULL;
    char *brief = NULL;
    enum reason reason = net_fault_reason(first);
    if (reason != REASON_CONNECT_REFUSED && !first->denied && !local_words(first) &&
        !deadline_passed(probe->deadline))
        path = net_path_tell(probe, first, &brief);
    text_endpoint(where, sizeof where, host, first->port);
    error_set(err, reason, "no TCP connection to %s: %s%s%s", where, outcomes, path ? ". " : "",
              path ? path : "");
    if (reason == REASON_CONNECT_REFUSED && count == 1)
        error_brief(err, "%s port %u refuses", first->address, first->port);
    else
        error_brief(err, "%s", brief && count == 1 ? brief : outcomes);
    if (reason == REASON_TIMED_OUT)
        error_remedy(err,
                     "have TCP port %u to %s let through by the firewalls on the way, and check "
                     "that the host is up",
                     first->port, host);
    error_property(err, probe->host_property);
    free(outcomes);
    free(path);
    free(brief);
    return false;
}
