/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - one connection, made when it is needed and again when it was lost, no wait without
 * end. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "text.h"

enum {
    CONNECT_MS = 5000, /* to one host */
    ANSWER_MS = 10000, /* for one statement; the server itself gives up earlier */
    CLOSE_MS = 1000,   /* to take a transaction back */
    HOLD_MS = 5000,    /* so long at most nothing is tried after a failure that took its time */
    TRIES = 4,
};

void arguments_text(struct arguments *arguments, const char *text)
{
    int at = arguments->count++;
    arguments->values[at] = text;
    arguments->lengths[at] = 0;
    arguments->formats[at] = 0;
}

void arguments_integer(struct arguments *arguments, int64_t number)
{
    char *text = arguments->numbers[arguments->count];
    snprintf(text, NUMBER_SIZE, "%lld", (long long)number);
    arguments_text(arguments, text);
}

void arguments_bytes(struct arguments *arguments, const void *bytes, size_t size)
{
    int at = arguments->count++;
    arguments->values[at] = bytes;
    arguments->lengths[at] = (int)size;
    arguments->formats[at] = 1;
}

void session_close(struct store *store)
{
    PQfinish(store->conn);
    store->conn = NULL;
}

/* What the server notes is for psql. */
static void hear_nothing(void *argument, const PGresult *result)
{
    (void)argument;
    (void)result;
}

/* Whether the socket is ready for EVENTS by DEADLINE. */
static bool wait_for(const struct store *store, short events, struct deadline deadline)
{
    struct pollfd wait = {.fd = PQsocket(store->conn), .events = events};
    int ready;
    while ((ready = poll(&wait, 1, deadline_left_ms(deadline))) < 0 && errno == EINTR)
        continue;
    return ready > 0;
}

static enum catalog_result log_in(struct store *store, struct error *err)
{
    struct deadline deadline = deadline_in_ms(catalog_limit(store->limit_ms, CONNECT_MS));
    PostgresPollingStatusType polling = PGRES_POLLING_WRITING;
    if (PQstatus(store->conn) == CONNECTION_BAD)
        return failure(store, NULL, "reach", err);
    while (polling == PGRES_POLLING_READING || polling == PGRES_POLLING_WRITING) {
        short events = polling == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!wait_for(store, events, deadline))
            return failure_timed_out(store, "reach", err);
        polling = PQconnectPoll(store->conn);
    }
    if (polling != PGRES_POLLING_OK)
        return failure(store, NULL, "reach", err);
    PQsetnonblocking(store->conn, 1);
    return CATALOG_OK;
}

static enum catalog_result connect_to(struct store *store, size_t index, struct error *err)
{
    const char *keys[PARAMETERS_MAXIMUM];
    const char *values[PARAMETERS_MAXIMUM];
    struct ambient ambient;
    place_parameters(&store->place, index, keys, values);
    ambient_set_aside(&ambient);
    store->conn = PQconnectStartParams(keys, values, 0);
    if (store->conn) {
        PQsetErrorVerbosity(store->conn, PQERRORS_VERBOSE);
        PQsetNoticeReceiver(store->conn, hear_nothing, NULL);
    }
    enum catalog_result result = log_in(store, err);
    ambient_put_back(&ambient);
    if (result != CATALOG_OK)
        session_close(store);
    return result;
}

/* To the first host that takes us; the last failure counts. */
enum catalog_result session_reach(struct store *store, struct error *err)
{
    enum catalog_result result = CATALOG_FAILED;
    for (size_t i = 0; result != CATALOG_OK && store->place.hosts[i]; i++)
        result = connect_to(store, i, err);
    store->exists = false;
    return result;
}

/* Whether the connection of before still stands: a server that ended it said so. */
static bool is_alive(struct store *store)
{
    struct pollfd wait = {.fd = PQsocket(store->conn), .events = POLLIN};
    if (PQstatus(store->conn) != CONNECTION_OK || PQtransactionStatus(store->conn) != PQTRANS_IDLE)
        return false;
    return poll(&wait, 1, 0) == 0 ||
           (PQconsumeInput(store->conn) && PQstatus(store->conn) == CONNECTION_OK);
}

static enum catalog_result open_session(struct store *store, struct error *err)
{
    enum catalog_result result = CATALOG_OK;
    if (store->conn && !is_alive(store))
        session_close(store);
    if (!store->conn)
        result = session_reach(store, err);
    if (result == CATALOG_OK && !store->exists)
        result = schema_look(store, err);
    return result;
}

/* After a failure that took long, who asks next waits no less for the same. */
static void hold(struct store *store, enum catalog_result result, int64_t began_us,
                 const struct error *err)
{
    enum { SHORT_US = 500 * 1000 };
    int64_t now_us = clock_now_us();
    int64_t took_us = now_us - began_us;
    bool away = err->reason == REASON_TIMED_OUT || reason_info(err->reason)->transient;
    if (took_us < SHORT_US || !away || err->reason == REASON_BUSY)
        return;
    store->failure = *err;
    store->failed = result;
    store->failed_until_us = now_us + (took_us < HOLD_MS * 1000 ? took_us : HOLD_MS * 1000);
}

enum catalog_result session_do(struct store *store, session_work *work, void *argument,
                               struct error *err)
{
    int64_t began_us = clock_now_us();
    enum catalog_result result = CATALOG_OK;
    if (began_us < store->failed_until_us) {
        *err = store->failure;
        return store->failed;
    }
    for (int try = 0; try < TRIES; try++) {
        store->lost = store->collided = store->committing = false;
        result = open_session(store, err);
        if (result == CATALOG_OK)
            result = work(store, argument, err);
        if (result == CATALOG_OK || store->committing)
            break;
        /* One that was lost is tried again once; and never what could not be opened at all. */
        if (!store->collided && (!store->lost || !store->conn || try > 0))
            break;
    }
    if (result != CATALOG_OK && err->reason != REASON_NONE)
        hold(store, result, began_us, err);
    if (store->conn && PQstatus(store->conn) != CONNECTION_OK)
        session_close(store);
    return result;
}

/* Have all that is to be sent sent. */
static bool flush(struct store *store, struct deadline deadline, bool *in_time)
{
    int rest;
    *in_time = true;
    while ((rest = PQflush(store->conn)) > 0 && *in_time) {
        *in_time = wait_for(store, POLLIN | POLLOUT, deadline);
        if (*in_time && !PQconsumeInput(store->conn))
            return false;
    }
    return rest == 0;
}

/* The last result of what was sent; NULL: the connection is lost, or not IN_TIME. */
static PGresult *collect(struct store *store, struct deadline deadline, bool *in_time)
{
    PGresult *last = NULL;
    for (;;) {
        while (PQisBusy(store->conn)) {
            *in_time = wait_for(store, POLLIN, deadline);
            if (!*in_time || !PQconsumeInput(store->conn))
                break;
        }
        PGresult *result = *in_time && !PQisBusy(store->conn) ? PQgetResult(store->conn) : NULL;
        if (!result)
            break;
        bool failed = last && PQresultStatus(last) == PGRES_FATAL_ERROR;
        PQclear(failed ? result : last);
        last = failed ? last : result;
    }
    if (*in_time && PQstatus(store->conn) == CONNECTION_OK && !PQisBusy(store->conn))
        return last;
    /* What the server said before it left is the cause. */
    if (*in_time && last && PQresultErrorField(last, PG_DIAG_SQLSTATE))
        return last;
    PQclear(last);
    return NULL;
}

enum catalog_result session_ask(struct store *store, const char *sql,
                                const struct arguments *arguments, const char *what,
                                PGresult **result, struct error *err)
{
    bool in_time = true;
    struct deadline deadline = deadline_in_ms(catalog_limit(store->limit_ms, ANSWER_MS));
    int sent = arguments
                   ? PQsendQueryParams(store->conn, sql, arguments->count, NULL, arguments->values,
                                       arguments->lengths, arguments->formats, 0)
                   : PQsendQuery(store->conn, sql);
    *result = NULL;
    if (sent && flush(store, deadline, &in_time))
        *result = collect(store, deadline, &in_time);
    ExecStatusType status = PQresultStatus(*result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return CATALOG_OK;
    enum catalog_result why =
        in_time ? failure(store, *result, what, err) : failure_timed_out(store, what, err);
    PQclear(*result);
    *result = NULL;
    if (!in_time)
        session_close(store);
    return why;
}

enum catalog_result session_change(struct store *store, const char *sql,
                                   const struct arguments *arguments, long *changed,
                                   struct error *err)
{
    PGresult *answer;
    enum catalog_result result = session_ask(store, sql, arguments, "write", &answer, err);
    *changed = result == CATALOG_OK ? strtol(PQcmdTuples(answer), NULL, 10) : 0;
    PQclear(answer);
    return result;
}
