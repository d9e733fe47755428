/* SPDX-License-Identifier: Apache-2.0 */
/* flights.c - joined, watched, told, kept. */
#include "flights.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "batch.h"
#include "flight_status.h"
#include "log.h"
#include "testconn/deadline.h"
#include "text.h"

TAILQ_HEAD(flight_seats, flight_seat);
TAILQ_HEAD(flight_list, flight);

struct flight_seat {
    TAILQ_ENTRY(flight_seat) entry;
    struct flight *flight; /* NULL: it never flew */
    struct flights *flights;
    struct event *timer;
    char request_id[37];
    int timeout_ms;
    flight_done *done;
    void *argument;
    struct report *report; /* of what never flew */
};

struct flight {
    TAILQ_ENTRY(flight) entry;
    struct flights *flights;
    size_t key;
    struct connection *connection;
    struct problems problems;
    char *name; /* NULL: inline */
    int64_t version;
    char *inline_text;   /* what was given, to know the same by */
    char request_id[37]; /* of who began it */
    int timeout_ms;
    int64_t began_us;
    enum stage stage;
    struct report *report; /* once it is over */
    struct flight_seats seats;
};

struct flights {
    struct event_base *base;
    struct flights_settings settings;
    struct batch *batch;
    struct flight_list flying;
    size_t count;
    size_t next_key;
};

static void end_flight(void *argument, size_t key, struct report *report);

static void note_stage(void *argument, size_t key, enum stage stage)
{
    struct flights *flights = argument;
    struct flight *flight;
    TAILQ_FOREACH(flight, &flights->flying, entry)
    {
        if (flight->key == key) {
            flight->stage = stage;
            log_line(LOG_DEBUG, "test", "request_id", flight->request_id, "stage",
                     stage_name(stage), NULL);
        }
    }
}

struct flights *flights_new(struct event_base *base, const struct flights_settings *settings)
{
    struct flights *flights = xcalloc(1, sizeof *flights);
    flights->base = base;
    flights->settings = *settings;
    TAILQ_INIT(&flights->flying);
    struct batch_settings how = {.registry = settings->registry,
                                 .jobs = settings->most + 1,
                                 .timeout_ms = 1,
                                 .policy = settings->policy};
    struct batch_listener listener = {
        .progress = note_stage, .done = end_flight, .argument = flights};
    flights->batch = batch_new(base, &how, &listener);
    return flights;
}

static void free_seat(struct flight_seat *seat)
{
    if (seat->flight)
        TAILQ_REMOVE(&seat->flight->seats, seat, entry);
    if (seat->timer)
        event_free(seat->timer);
    report_free(seat->report);
    free(seat);
}

static void free_flight(struct flight *flight)
{
    struct flight_seat *seat;
    TAILQ_REMOVE(&flight->flights->flying, flight, entry);
    flight->flights->count--;
    while ((seat = TAILQ_FIRST(&flight->seats)))
        free_seat(seat);
    connection_free(flight->connection);
    problems_release(&flight->problems);
    report_free(flight->report);
    text_wipe_free(flight->inline_text);
    free(flight->name);
    free(flight);
}

void flights_free(struct flights *flights)
{
    if (!flights)
        return;
    batch_free(flights->batch);
    while (!TAILQ_EMPTY(&flights->flying))
        free_flight(TAILQ_FIRST(&flights->flying));
    free(flights);
}

struct agent_identity *flights_agent(struct flights *flights)
{
    return batch_agent(flights->batch);
}

size_t flights_count(const struct flights *flights)
{
    return flights->count;
}

bool flights_are_full(const struct flights *flights)
{
    return flights->count >= (size_t)flights->settings.most;
}

bool flights_has(const struct flights *flights, const char *name)
{
    const struct flight *flight;
    TAILQ_FOREACH(flight, &flights->flying, entry)
    {
        if (flight->name && strcmp(flight->name, name) == 0)
            return true;
    }
    return false;
}

static void tell(struct flight_seat *seat, const struct report *report, json_t *document)
{
    reports_keep(seat->flights->settings.reports, seat->request_id, document);
    seat->done(seat->argument, report, document);
}

/* The report goes to all who wait, then into the catalog. */
static void land(struct flight *flight)
{
    struct flight_seat *seat;
    json_t *document = reports_document(flight->report);
    metrics_test(flight->flights->settings.metrics, flight->report);
    while ((seat = TAILQ_FIRST(&flight->seats))) {
        tell(seat, flight->report, document);
        free_seat(seat);
    }
    if (flight->name)
        flight_status_keep(flight->flights->base, flight->flights->settings.store, flight->name,
                           flight->version, flight->report);
    json_decref(document);
    free_flight(flight);
}

/* What is stored now, to be held against what was tested. */
static void compare(void *argument, enum catalog_result result, const json_t *answer,
                    const struct error *err)
{
    struct flight *flight = argument;
    json_int_t version =
        json_integer_value(json_object_get(json_object_get(answer, "entry"), "version"));
    (void)err;
    if (result == CATALOG_NOT_FOUND || (result == CATALOG_OK && version != flight->version))
        report_add_finding(flight->report, "warning", "connection-changed",
                           "the connection was changed or deleted while it was tested: this is the "
                           "verdict on what it was, and its status is not written");
    land(flight);
}

/* What a worker came to: for who has its process's id from elsewhere, the kernel's log say. */
static void log_end(const struct flight *flight, const struct report *report)
{
    bool ok = report->status == REPORT_OK;
    char worker[24];
    snprintf(worker, sizeof worker, "%ld", (long)report->worker);
    log_line(report->status == REPORT_ERROR ? LOG_WARN : LOG_DEBUG, "test ended", "request_id",
             flight->request_id, "connection", flight->name, "driver", report->driver, "worker",
             report->worker ? worker : NULL, "stage", ok ? NULL : stage_name(report->stage), "code",
             ok ? NULL : reason_name(report->code), "reason", ok ? NULL : report->reason, NULL);
}

static void end_flight(void *argument, size_t key, struct report *report)
{
    struct flights *flights = argument;
    struct flight *flight;
    TAILQ_FOREACH(flight, &flights->flying, entry)
    {
        if (flight->key == key)
            break;
    }
    if (!flight) {
        report_free(report);
        return;
    }
    flight->report = report;
    log_end(flight, report);
    if (!flight->name) {
        land(flight);
        return;
    }
    store_ask(flights->settings.store, json_pack("{s:s, s:s}", "call", "get", "name", flight->name),
              compare, flight);
}

/* A caller with less time than the test he has joined. */
static void end_seat_time(evutil_socket_t fd, short what, void *argument)
{
    struct flight_seat *seat = argument;
    struct flight *flight = seat->flight;
    struct error err = ERROR_INIT;
    char since[32];
    (void)fd;
    (void)what;
    text_duration(since, sizeof since, (double)(clock_now_us() - flight->began_us) / 1000);
    struct report *report = report_new(flight->connection->label, flight->connection->type);
    error_set(&err, REASON_TIMED_OUT,
              "the test, which others had begun %s ago, stood at the stage %s when the time of "
              "this caller was over",
              since, stage_name(flight->stage));
    report->request_id = xstrdup(flight->request_id);
    report_fail(report, flight->stage, &err);
    report_finish(report);
    json_t *document = reports_document(report);
    tell(seat, report, document);
    json_decref(document);
    report_free(report);
    free_seat(seat);
}

static void tell_refused(evutil_socket_t fd, short what, void *argument)
{
    struct flight_seat *seat = argument;
    (void)fd;
    (void)what;
    json_t *document = reports_document(seat->report);
    metrics_test(seat->flights->settings.metrics, seat->report);
    tell(seat, seat->report, document);
    json_decref(document);
    free_seat(seat);
}

static struct flight_seat *new_seat(struct flights *flights, const struct flight_ask *ask)
{
    struct flight_seat *seat = xcalloc(1, sizeof *seat);
    seat->flights = flights;
    seat->timeout_ms = ask->timeout_ms;
    seat->done = ask->done;
    seat->argument = ask->argument;
    snprintf(seat->request_id, sizeof seat->request_id, "%s", ask->request_id);
    return seat;
}

/* As many fly as may: said at once, not queued. */
static struct flight_seat *refuse(struct flights *flights, const struct flight_ask *ask)
{
    struct flight_seat *seat = new_seat(flights, ask);
    struct error err = ERROR_INIT;
    struct timeval now = {0};
    seat->report = report_new(ask->connection->label, ask->connection->type);
    seat->report->request_id = xstrdup(ask->request_id);
    error_set(&err, REASON_BUSY, "%zu %s in flight, as many as --max-tests allows", flights->count,
              flights->count == 1 ? "test is" : "tests are");
    report_fail(seat->report, STAGE_INPUT, &err);
    report_finish(seat->report);
    seat->timer = evtimer_new(flights->base, tell_refused, seat);
    event_add(seat->timer, &now);
    return seat;
}

static bool is_same(const struct flight *flight, const struct flight_ask *ask, const char *text)
{
    if (flight->report || flight->timeout_ms < ask->timeout_ms)
        return false;
    if (flight->name || ask->name)
        return text_equal(flight->name, ask->name) && flight->version == ask->version;
    return strcmp(flight->inline_text, text) == 0;
}

static struct flight *find_same(const struct flights *flights, const struct flight_ask *ask,
                                const char *text)
{
    struct flight *flight;
    TAILQ_FOREACH(flight, &flights->flying, entry)
    {
        if (is_same(flight, ask, text))
            return flight;
    }
    return NULL;
}

static struct flight *take_off(struct flights *flights, const struct flight_ask *ask, char *text)
{
    struct flight *flight = xcalloc(1, sizeof *flight);
    flight->flights = flights;
    flight->key = flights->next_key++;
    flight->connection = ask->connection;
    flight->name = ask->name ? xstrdup(ask->name) : NULL;
    flight->version = ask->version;
    flight->inline_text = text;
    flight->timeout_ms = ask->timeout_ms;
    flight->began_us = clock_now_us();
    snprintf(flight->request_id, sizeof flight->request_id, "%s", ask->request_id);
    if (ask->problems) {
        flight->problems = *ask->problems;
        *ask->problems = PROBLEMS_INIT;
    }
    TAILQ_INIT(&flight->seats);
    TAILQ_INSERT_TAIL(&flights->flying, flight, entry);
    flights->count++;
    struct batch_test test = {.key = flight->key,
                              .connection = flight->connection,
                              .problems = &flight->problems,
                              .timeout_ms = flight->timeout_ms,
                              .request_id = flight->request_id};
    batch_add(flights->batch, &test);
    return flight;
}

struct flight_seat *flights_begin(struct flights *flights, const struct flight_ask *ask)
{
    char *text =
        ask->name ? NULL : json_dumps(ask->connection->document, JSON_COMPACT | JSON_SORT_KEYS);
    struct flight *flight = find_same(flights, ask, text ? text : "");
    struct flight_seat *seat;
    if (!flight && flights_are_full(flights)) {
        seat = refuse(flights, ask);
        connection_free(ask->connection);
        text_wipe_free(text);
        return seat;
    }
    seat = new_seat(flights, ask);
    if (flight) {
        struct timeval left = {.tv_sec = seat->timeout_ms / 1000,
                               .tv_usec = seat->timeout_ms % 1000 * 1000};
        seat->timer = evtimer_new(flights->base, end_seat_time, seat);
        event_add(seat->timer, &left);
        log_line(LOG_INFO, "joined a test", "request_id", seat->request_id, "test",
                 flight->request_id, "connection", flight->name, NULL);
        connection_free(ask->connection);
        text_wipe_free(text);
    } else {
        flight = take_off(flights, ask, text);
    }
    seat->flight = flight;
    TAILQ_INSERT_TAIL(&flight->seats, seat, entry);
    return seat;
}

void flights_leave(struct flight_seat *seat)
{
    struct flight *flight = seat->flight;
    struct flights *flights = seat->flights;
    free_seat(seat);
    if (!flight || flight->report || !TAILQ_EMPTY(&flight->seats))
        return;
    batch_cancel(flights->batch, flight->key);
    metrics_cancelled(flights->settings.metrics);
    free_flight(flight);
}
