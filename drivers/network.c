/* SPDX-License-Identifier: Apache-2.0 */
/* network.c - NETWORK: every address of the host answers on the port; nothing is said to the
 * service. */
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "testconn/driver.h"

enum { GREETING_MS = 3, PORT_SIZE = 8 };

/* Services that greet first say so at once; what waits for us stays silent, and is left in peace.
 */
static void listen_for_greeting(struct probe *probe, int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, GREETING_MS) > 0)
        probe_peek(probe, fd);
    const unsigned char *bytes;
    const char *protocol = probe_peer_protocol(probe);
    if (protocol)
        probe_note(probe, "speaks", "%s", protocol);
    else
        probe_note_boolean(probe, "greeted", probe_peer_bytes(probe, &bytes) > 0);
}

/* Connect to each address; the observer notes round-trip times and failures. How many answered. */
static int connect_all(const struct addrinfo *address, int *first)
{
    int answered = 0;
    for (; address; address = address->ai_next) {
        int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, address->ai_protocol);
        if (fd < 0 || connect(fd, address->ai_addr, address->ai_addrlen) < 0) {
            if (fd >= 0)
                close(fd);
            continue;
        }
        if (answered++ == 0)
            *first = fd;
        else
            close(fd);
    }
    return answered;
}

static bool attempt(struct probe *probe, const struct target *target,
                    const struct endpoint *endpoint, bool tls, struct error *err)
{
    char port[PORT_SIZE];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    int first = -1;
    (void)target;
    (void)tls;
    snprintf(port, sizeof port, "%u", endpoint->port);
    if (getaddrinfo(endpoint->host, port, &hints, &addresses) == 0 &&
        connect_all(addresses, &first) > 0) {
        listen_for_greeting(probe, first);
        close(first);
    }
    if (addresses)
        freeaddrinfo(addresses);
    if (first >= 0 || !probe_observed(probe, err))
        return first >= 0;
    return error_set(err, REASON_CONNECT_UNREACHABLE, "%s has no address to connect to",
                     endpoint->host);
}

static bool network_test(struct probe *probe, const struct target *target, struct error *err)
{
    return probe_each_endpoint(probe, target, attempt, err);
}

TESTCONN_DRIVER_MODULE = {
    .abi = TESTCONN_DRIVER_ABI,
    .name = "network",
    .summary = "plain reachability: name resolution and TCP, nothing is sent",
    .types = (const char *const[]){"NETWORK", NULL},
    .ends_at_tcp = true,
    .test = network_test,
};
