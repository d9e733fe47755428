/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network.c - NETWORK: name resolution, TCP to every address of the host, and what answers there.
 *
 * The test passes when one address is connected to. What is said to the service after that, only
 * to know it, is in network_identify.c and network_openings.c.
 */
#include "network_identify.h"
#include "testconn/driver.h"

static bool attempt(struct probe *probe, const struct target *target,
                    const struct endpoint *endpoint, bool tls, struct error *err)
{
    struct probe_address addresses[PROBE_ADDRESSES];
    size_t count = 0;
    (void)target;
    (void)tls;
    if (!probe_reach(probe, endpoint, addresses, &count, err))
        return false;
    network_identify(probe, endpoint, addresses, count);
    probe_reach_note(probe, addresses, count);
    return true;
}

static bool network_test(struct probe *probe, const struct target *target, struct error *err)
{
    return probe_each_endpoint(probe, target, attempt, err);
}

TESTCONN_DRIVER_MODULE = {
    .abi = TESTCONN_DRIVER_ABI,
    .name = "network",
    .summary = "plain reachability: name resolution, TCP to every address, and what answers",
    .types = (const char *const[]){"NETWORK", NULL},
    .ends_at_tcp = true,
    .tls_at_need = true,
    .libraries = (const struct library[]){{"libssl.so.3", "libssl3"}, {NULL, NULL}},
    .preload = network_expect_many, /* a template's workers are a batch's or a service's */
    .test = network_test,
};
