/* SPDX-License-Identifier: Apache-2.0 */
/* net_reach.c - all addresses of a host at once, each with its outcome. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "net_fault.h"
#include "net_observer.h"
#include "net_path.h"
#include "text.h"

/* Once one address answers, the others have time for one lost SYN to be repeated (after 1 s); the
 * path to one that fails is looked at while that leaves some time. */
enum { GRACE_MS = 1500, TRACE_MS = 1500, PORT_SIZE = 8 };

/* The connects under way. */
struct reaching {
    struct net_connection connections[PROBE_ADDRESSES];
    bool ended[PROBE_ADDRESSES];
    size_t count;
    size_t connected;
};

/* A hosts file may name an address twice. */
static bool is_repeated(const struct addrinfo *list, const struct addrinfo *one)
{
    for (; list != one; list = list->ai_next)
        if (list->ai_addrlen == one->ai_addrlen &&
            memcmp(list->ai_addr, one->ai_addr, one->ai_addrlen) == 0)
            return true;
    return false;
}

static void end(struct probe *probe, struct reaching *reaching, size_t index, bool in_time)
{
    struct net_connection *connection = &reaching->connections[index];
    net_connect_end(probe, connection, in_time);
    reaching->ended[index] = true;
    reaching->connected += connection->error == 0;
}

static void begin(struct probe *probe, const struct addrinfo *to, struct reaching *reaching)
{
    struct net_connection *connection = &reaching->connections[reaching->count];
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, to->ai_protocol);
    if (fd < 0)
        return;
    if (!net_connect_begin(probe, fd, to->ai_addr, to->ai_addrlen, connection)) {
        close(fd);
        return;
    }
    reaching->count++;
    if (connection->error != EINPROGRESS)
        end(probe, reaching, reaching->count - 1, true);
}

static void begin_all(struct probe *probe, const struct endpoint *endpoint,
                      const struct addrinfo *list, struct reaching *reaching)
{
    size_t left_out = 0;
    for (const struct addrinfo *one = list; one; one = one->ai_next) {
        if (is_repeated(list, one))
            continue;
        if (reaching->count < PROBE_ADDRESSES)
            begin(probe, one, reaching);
        else
            left_out++;
    }
    if (left_out)
        probe_finding(probe, SEVERITY_NOTE, "addresses-left-out", probe->host_property,
                      "%s has %zu addresses; %zu of them were not tried", endpoint->host,
                      reaching->count + left_out, left_out);
}

/* Wait for all; false when nothing more is to be waited for. */
static bool wait_once(struct probe *probe, struct reaching *reaching, struct deadline deadline)
{
    struct pollfd waits[PROBE_ADDRESSES];
    size_t index[PROBE_ADDRESSES];
    nfds_t count = 0;
    for (size_t i = 0; i < reaching->count; i++)
        if (!reaching->ended[i]) {
            waits[count] = (struct pollfd){.fd = reaching->connections[i].fd, .events = POLLOUT};
            index[count++] = i;
        }
    if (count == 0)
        return false;
    int ready = poll(waits, count, deadline_left_ms(deadline));
    if (ready < 0 && errno == EINTR)
        return true;
    for (nfds_t i = 0; i < count; i++)
        if (ready <= 0 || waits[i].revents)
            end(probe, reaching, index[i], ready > 0);
    return true;
}

static void wait_for_all(struct probe *probe, struct reaching *reaching)
{
    struct deadline deadline = net_connect_deadline(probe);
    bool graced = false;
    do {
        if (reaching->connected && !graced) {
            graced = true;
            deadline = deadline_earlier(deadline_share(deadline, 2), deadline_in_ms(GRACE_MS));
        }
    } while (wait_once(probe, reaching, deadline));
}

/* Having no way to a whole family of addresses is the rule on many hosts, and nobody's fault. */
static bool is_without_route(const struct net_connection *connection)
{
    return !connection->icmp.seen &&
           (connection->error == ENETUNREACH || connection->error == EADDRNOTAVAIL);
}

/* TRACED: whether a path was looked at already: one is enough, and there must be time for it. */
static void tell_failure(struct probe *probe, const struct net_connection *failed,
                         const char *working, bool *traced)
{
    char *words = net_fault_words(failed);
    char *path = NULL;
    if (failed->error != ECONNREFUSED && !failed->denied && !is_without_route(failed) && !*traced &&
        deadline_left_ms(probe_deadline(probe)) > TRACE_MS) {
        path = net_path_explain(probe, failed);
        *traced = true;
    }
    char *message =
        text_format("%s: %s (port %u), while %s answers%s%s", reason_name(net_fault_reason(failed)),
                    words, failed->port, working, path ? ". " : "", path ? path : "");
    probe_finding_at(probe, STAGE_TCP, is_without_route(failed) ? SEVERITY_NOTE : SEVERITY_WARNING,
                     "address-failed", probe->host_property, message);
    free(message);
    free(path);
    free(words);
}

static void hand_over(struct probe *probe, struct reaching *reaching,
                      struct probe_address *addresses)
{
    const struct net_connection *first = NULL;
    bool traced = false;
    for (size_t i = 0; i < reaching->count; i++) {
        struct net_connection *one = &reaching->connections[i];
        addresses[i] = (struct probe_address){.fd = one->error ? -1 : one->fd,
                                              .round_trip_ms = one->round_trip_ms};
        snprintf(addresses[i].address, sizeof addresses[i].address, "%s", one->address);
        if (one->error)
            close(one->fd);
        else if (!first)
            net_connect_tell(probe, first = one);
    }
    for (size_t i = 0; i < reaching->count; i++)
        if (!first)
            net_connect_tell(probe, &reaching->connections[i]);
        else if (reaching->connections[i].error)
            tell_failure(probe, &reaching->connections[i], first->address, &traced);
}

bool probe_reach(struct probe *probe, const struct endpoint *endpoint,
                 struct probe_address addresses[PROBE_ADDRESSES], size_t *count, struct error *err)
{
    char port[PORT_SIZE];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    struct reaching reaching = {.count = 0};
    snprintf(port, sizeof port, "%u", endpoint->port);
    if (getaddrinfo(endpoint->host, port, &hints, &list) == 0)
        begin_all(probe, endpoint, list, &reaching);
    wait_for_all(probe, &reaching);
    hand_over(probe, &reaching, addresses);
    *count = reaching.count;
    if (list)
        freeaddrinfo(list);
    if (reaching.connected > 0)
        return true;
    probe_reach_note(probe, addresses, *count);
    return net_observed(probe, err) ? error_set(err, REASON_CONNECT_UNREACHABLE,
                                                "%s has no address to connect to", endpoint->host)
                                    : false;
}

/* What is known of the first connection to ADDRESS. */
static const struct net_connection *find(const struct probe *probe, const char *address)
{
    const struct net_connection *found = NULL;
    for (size_t i = 0; (found = net_observer_at(probe, i)); i++)
        if (strcmp(found->address, address) == 0)
            return found;
    return NULL;
}

int probe_reach_again(struct probe *probe, const struct probe_address *address)
{
    struct net_connection again;
    const struct net_connection *known = find(probe, address->address);
    int fd = known ? socket(known->peer.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0)
        return -1;
    bool begun = net_connect_begin(probe, fd, (const struct sockaddr *)&known->peer,
                                   known->peer_length, &again);
    if (begun && (again.error == 0 || again.error == EINPROGRESS)) {
        net_connect_end(probe, &again, true);
        return fd;
    }
    close(fd);
    return -1;
}

static const char *outcome_word(const struct net_connection *connection)
{
    if (connection->error == 0)
        return "connected";
    if (connection->denied)
        return "forbidden";
    if (connection->error == ECONNREFUSED)
        return "refused";
    return connection->error == ETIMEDOUT ? "no answer" : "unreachable";
}

void probe_reach_note(struct probe *probe, const struct probe_address *addresses, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct net_connection *one = find(probe, addresses[i].address);
        json_t *object = json_pack("{s:s, s:s}", "address", addresses[i].address, "outcome",
                                   one ? outcome_word(one) : "not tried");
        if (one && one->error)
            json_object_set_new(object, "code", json_string(reason_name(net_fault_reason(one))));
        if (one && one->error)
            json_object_set_new(object, "waited_ms", json_real(one->waited_ms));
        else
            json_object_set_new(object, "round_trip_ms", json_real(addresses[i].round_trip_ms));
        if (one && one->icmp.seen)
            json_object_set_new(object, "rejected_by", json_string(one->icmp.from));
        if (addresses[i].speaks)
            json_object_set_new(object, "speaks", json_string(addresses[i].speaks));
        json_array_append_new(list, object);
    }
    if (count)
        probe_note_json(probe, STAGE_TCP, "addresses", list);
    else
        json_decref(list);
}
