/* SPDX-License-Identifier: Apache-2.0 */
/* ahead.c - what of a test can be begun while its client library is still being loaded. */
#include "ahead.h"

#include <pthread.h>

#include "ca_rules.h"
#include "files.h"
#include "net_observer.h"
#include "text.h"
#include "tls_observer.h"

/* Longer than that, loading the library beside the look-up gains more than connecting before it. */
enum { LOOKUP_MS = 2 };

/* Of the one test of this process. */
static struct {
    bool has_thread;
    pthread_t thread;
    struct probe *probe;
    const char *type;
    bool connects;
    struct endpoint endpoint;
    struct tls_policy tls; /* a copy, as the endpoint is: the test fills in its own meanwhile */
} ahead;

/* Whether nothing but the CA can end the test before its connection. */
static bool may_connect(const struct target *target)
{
    return target->subprotocol && target->endpoint_count && !target->needs_aws &&
           !target->file_count;
}

static bool obeys_rules(void)
{
    struct error err = ERROR_INIT;
    return !ahead.tls.ca_location || (files_read_ca(&ahead.tls, ahead.probe->deadline, &err) &&
                                      ca_rules_check(&ahead.tls, ahead.type, NULL, &err));
}

static void begin_connection(void)
{
    if (ahead.connects && obeys_rules())
        net_observer_connect_ahead(ahead.probe, &ahead.endpoint, deadline_in_ms(LOOKUP_MS));
}

static void *run(void *unused)
{
    tls_warm_up();
    begin_connection();
    return unused;
}

void ahead_begin(struct probe *probe, const struct target *target)
{
    ahead.probe = probe;
    ahead.type = target->connection_type;
    ahead.connects = may_connect(target);
    if (ahead.connects) {
        ahead.endpoint = target->endpoints[0];
        ahead.endpoint.host = xstrdup(ahead.endpoint.host);
        ahead.tls = target->tls;
        if (ahead.tls.ca_location)
            ahead.tls.ca_location = xstrdup(ahead.tls.ca_location);
    }
    /* While dlopen() is at work no thread can be made: the look-up's begins now. */
    if (target->subprotocol && target->endpoint_count && !target->host_in_secret &&
        !target->host_in_aws)
        net_observer_expect(probe, &target->endpoints[0]);
    if (target->tls.attempt)
        ahead.has_thread = pthread_create(&ahead.thread, NULL, run, NULL) == 0;
    else
        begin_connection();
}

void ahead_await(void)
{
    if (ahead.has_thread)
        pthread_join(ahead.thread, NULL);
    ahead.has_thread = false;
}
