/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_brokers.c - what a client is sent on to: every advertised broker, and the bootstrap servers
 * that were not needed, tried side by side. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kafka_driver.h"

enum { TOLD_MAXIMUM = 4, TRIED_MAXIMUM = 256, COLUMNS = 6, PATIENCE_MS = 5000 };

/* One address to try. */
struct candidate {
    const struct kafka_broker *broker; /* NULL: a bootstrap server */
    struct probe_side *side;           /* NULL: the connection at hand is to it */
    bool reached;
};

struct candidates {
    struct session *session;
    struct candidate *items;
    size_t count;
    struct probe_side *sides;
    size_t side_count;
};

static bool is_same(const struct endpoint *a, const char *host, int32_t port)
{
    return a->port == port && strcasecmp(a->host, host) == 0;
}

static bool reach(struct probe *side, const struct endpoint *endpoint, void *argument,
                  struct error *err)
{
    const struct session *from = argument;
    struct session session;
    /* One that hangs must not cost the others all of the time, nor a person's patience. */
    probe_hurry(side, deadline_earlier(deadline_share(probe_deadline(side), 2),
                                       deadline_in_ms(PATIENCE_MS)));
    session_init(&session, side, from->target, endpoint, from->tls);
    bool reached = session_open(&session, err) && session_log_in(&session, err);
    session_close(&session);
    return reached;
}

static void add(struct candidates *all, const struct kafka_broker *broker,
                const struct endpoint *endpoint)
{
    struct candidate *one = &all->items[all->count++];
    *one = (struct candidate){.broker = broker};
    if (is_same(all->session->endpoint, endpoint->host, endpoint->port)) {
        one->reached = true;
        return;
    }
    one->side = &all->sides[all->side_count++];
    *one->side = (struct probe_side){.endpoint = *endpoint, .argument = all->session};
}

static bool is_advertised(const struct kafka_metadata *metadata, const struct endpoint *endpoint)
{
    for (size_t i = 0; i < metadata->count; i++)
        if (is_same(endpoint, metadata->brokers[i].host, metadata->brokers[i].port))
            return true;
    return false;
}

static bool is_usable(const struct kafka_broker *broker)
{
    return broker->host[0] && broker->port > 0 && broker->port <= UINT16_MAX;
}

static void collect(struct candidates *all, const struct kafka_metadata *metadata)
{
    const struct target *target = all->session->target;
    for (size_t i = 0; i < metadata->count && i < TRIED_MAXIMUM; i++) {
        struct kafka_broker *broker = &metadata->brokers[i];
        if (is_usable(broker))
            add(all, broker,
                &(struct endpoint){.host = broker->host, .port = (uint16_t)broker->port});
        else
            all->items[all->count++] = (struct candidate){.broker = broker};
    }
    for (size_t i = 0; i < target->endpoint_count; i++)
        if (&target->endpoints[i] > all->session->endpoint &&
            !is_advertised(metadata, &target->endpoints[i]))
            add(all, NULL, &target->endpoints[i]);
}

static void note(const struct candidates *all, const struct kafka_metadata *metadata)
{
    struct fact *facts = calloc((all->count + 1) * COLUMNS, sizeof *facts);
    size_t rows = 0;
    if (!facts)
        abort();
    for (size_t i = 0; i < all->count; i++) {
        const struct candidate *one = &all->items[i];
        if (!one->broker)
            continue;
        bool failed = one->side && !one->reached;
        const struct fact row[COLUMNS] = {
            {.key = "id", .kind = FACT_INTEGER, .integer = one->broker->id},
            {.key = "host", .text = one->broker->host},
            {.key = "port", .kind = FACT_INTEGER, .integer = one->broker->port},
            {.key = "reached", .kind = FACT_BOOLEAN, .boolean = one->reached},
            {.key = "address",
             .text = one->side && one->side->address[0] ? one->side->address : NULL},
            {.key = "code", .text = failed ? reason_name(one->side->error.reason) : NULL},
        };
        memcpy(&facts[rows++ * COLUMNS], row, sizeof row);
    }
    probe_note_table(all->session->probe, "brokers", facts, COLUMNS, rows);
    free(facts);
    if (metadata->total > all->count)
        probe_finding(all->session->probe, SEVERITY_WARNING, "brokers-not-tried", NULL,
                      "the cluster names %zu brokers; the first %d were tried", metadata->total,
                      TRIED_MAXIMUM);
}

/* "broker 2 as broker-2.internal:9092: DNS_NOT_FOUND at dns: ..." */
static void describe(const struct candidate *one, char *out, size_t size)
{
    char where[WHERE_SIZE];
    if (!one->side) {
        snprintf(out, size, "broker %d as \"%s\" port %d, which is no address", one->broker->id,
                 one->broker->host, one->broker->port);
        return;
    }
    kafka_where(&one->side->endpoint, where);
    snprintf(out, size, "broker %d as %s: %s at %s: %.3000s", one->broker->id, where,
             reason_name(one->side->error.reason), stage_name(one->side->stage),
             one->side->error.message);
}

static void tell_one(const struct session *session, const struct candidate *one)
{
    char what[4096];
    if (!one->broker) {
        char where[WHERE_SIZE];
        kafka_where(&one->side->endpoint, where);
        probe_finding(session->probe, SEVERITY_WARNING, "endpoint-failed",
                      session->target->host_property, "%s: %s at %s: %s", where,
                      reason_name(one->side->error.reason), stage_name(one->side->stage),
                      one->side->error.message);
        return;
    }
    describe(one, what, sizeof what);
    probe_finding(session->probe, SEVERITY_WARNING, "advertised-unreachable",
                  session->target->host_property,
                  "%s (configured: KAFKA_BOOTSTRAP_SERVERS) sends clients on to an address that "
                  "does not work from here: %s. What that broker holds cannot be read or written; "
                  "its advertised.listeners must name an address that clients reach",
                  session->where, what);
}

static bool tell_none(const struct candidates *all, size_t brokers, struct error *err)
{
    const struct session *session = all->session;
    char list[4096] = "";
    size_t told = 0;
    for (size_t i = 0; i < all->count; i++) {
        char what[1024];
        size_t used = strlen(list);
        if (!all->items[i].broker || told++ >= TOLD_MAXIMUM)
            continue;
        describe(&all->items[i], what, sizeof what);
        snprintf(list + used, sizeof list - used, "%s%s", used ? "; " : "", what);
    }
    error_set(err, REASON_ADVERTISED_UNREACHABLE,
              "%s (configured: KAFKA_BOOTSTRAP_SERVERS) works, but sends clients on to %s from "
              "here: %s%s",
              session->where,
              brokers == 1 ? "an advertised address that does not work"
                           : "advertised addresses of which not one works",
              list, told > TOLD_MAXIMUM ? "; and more" : "");
    error_brief(err, "advertises an address that does not work: %.150s", list);
    error_remedy(err, "set advertised.listeners of the brokers' listener to a name and port that "
                      "clients reach (behind docker or NAT: the published ones), or make that name "
                      "and port work from here");
    return error_property(err, session->target->host_property);
}

bool kafka_try_brokers(struct session *session, const struct kafka_metadata *metadata,
                       struct error *err)
{
    size_t most = metadata->count + session->target->endpoint_count;
    struct candidates all = {.session = session};
    size_t reached = 0;
    size_t brokers = 0;
    all.items = calloc(most + 1, sizeof *all.items);
    all.sides = calloc(most + 1, sizeof *all.sides);
    if (!all.items || !all.sides)
        abort();
    collect(&all, metadata);
    probe_sides(session->probe, all.sides, all.side_count, reach);
    for (size_t i = 0; i < all.count; i++) {
        struct candidate *one = &all.items[i];
        one->reached = one->side ? one->side->reached : one->reached;
        brokers += one->broker != NULL;
        reached += one->broker && one->reached;
    }
    note(&all, metadata);
    for (size_t i = 0; i < all.count; i++)
        if (!all.items[i].reached && (reached > 0 || !all.items[i].broker))
            tell_one(session, &all.items[i]);
    bool works = reached > 0 || tell_none(&all, brokers, err);
    free(all.items);
    free(all.sides);
    return works;
}
