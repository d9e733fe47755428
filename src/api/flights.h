/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flights.h - tests in flight: who asks for what is being tested already joins it; a test whose
 * last caller has left is ended.
 */
#ifndef FLIGHTS_H
#define FLIGHTS_H

#include <event2/event.h>

#include "connection.h"
#include "metrics.h"
#include "registry.h"
#include "report.h"
#include "reports.h"
#include "store.h"

struct flights;
struct flight_seat; /* one caller's place in a test */

struct flights_settings {
    const struct registry *registry; /* borrowed, as all here */
    struct store *store;
    struct metrics *metrics;
    struct reports *reports;
    long most;          /* tests at a time */
    const char *policy; /* outbound (net_policy.h); NULL: none */
};

struct flights *flights_new(struct event_base *base, const struct flights_settings *settings);
void flights_free(struct flights *flights); /* kills what flies, tells nobody; NULL is allowed */

/* How the test went; both are borrowed. */
typedef void flight_done(void *argument, const struct report *report, json_t *document);

/* What one caller asks for. */
struct flight_ask {
    struct connection *connection; /* taken over */
    struct problems *problems;     /* of it, found before; emptied where it flies; NULL: none */
    const char *name;              /* stored: its name ... */
    int64_t version;               /* ... and version; NULL: an inline definition */
    const char *request_id;
    int timeout_ms;
    flight_done *done;
    void *argument;
};

/* Have it tested. DONE is called once, from the loop, within the time and a little. */
struct flight_seat *flights_begin(struct flights *flights, const struct flight_ask *ask);

/* The caller has gone; DONE is not called. */
void flights_leave(struct flight_seat *seat);

/* Whether the stored connection NAME is being tested. */
bool flights_has(const struct flights *flights, const char *name);

/* Whether no further test may fly. */
bool flights_are_full(const struct flights *flights);

/* Who calls AWS for them. */
struct agent_identity *flights_agent(struct flights *flights);

/* How many tests fly. */
size_t flights_count(const struct flights *flights);

#endif
