/* SPDX-License-Identifier: Apache-2.0 */
/* flight_status.c - a status on its way into the catalog. */
#include "flight_status.h"

#include <stdlib.h>
#include <time.h>

#include "catalog_json.h"
#include "log.h"
#include "text.h"

/* A status that could not be written because the store was busy is tried again. */
enum { STATUS_TRIES = 20, STATUS_PAUSE_MS = 100 };

struct status {
    struct event_base *base;
    struct store *store;
    json_t *message;
    struct event *timer;
    int tries;
    char *name;
};

static void free_status(struct status *status)
{
    if (status->timer)
        event_free(status->timer);
    json_decref(status->message);
    free(status->name);
    free(status);
}

static void send_status(struct status *status);

static void see_pause(evutil_socket_t fd, short what, void *argument)
{
    (void)fd;
    (void)what;
    send_status(argument);
}

static void end_status(void *argument, enum catalog_result result, const json_t *answer,
                       const struct error *err)
{
    struct status *status = argument;
    (void)answer;
    if (result == CATALOG_BUSY && ++status->tries < STATUS_TRIES) {
        struct timeval pause = {.tv_usec = STATUS_PAUSE_MS * 1000};
        if (!status->timer)
            status->timer = evtimer_new(status->base, see_pause, status);
        event_add(status->timer, &pause);
        return;
    }
    if (result != CATALOG_OK && result != CATALOG_CHANGED && result != CATALOG_NOT_FOUND)
        log_line(LOG_WARN, "a status was not written", "connection", status->name, "reason",
                 err->message, NULL);
    free_status(status);
}

static void send_status(struct status *status)
{
    store_ask(status->store, json_incref(status->message), end_status, status);
}

void flight_status_keep(struct event_base *base, struct store *store, const char *name,
                        int64_t version, const struct report *report)
{
    bool ok = report->status == REPORT_OK;
    struct timespec now;
    if (!ok && report->status != REPORT_FAILED)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    struct status *status = xcalloc(1, sizeof *status);
    status->base = base;
    status->store = store;
    status->name = xstrdup(name);
    status->message = json_pack(
        "{s:s, s:s, s:I, s:i, s:I}", "call", "set_status", "name", name, "version",
        (json_int_t)version, "status", ok ? (int)CATALOG_STATUS_READY : (int)CATALOG_STATUS_FAILED,
        "validated_ms", (json_int_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    if (!ok) {
        char *reason = catalog_status_reason(stage_name(report->stage), report->code,
                                             report->reason, report->remedy);
        json_object_set_new(status->message, "reason", json_string(reason));
        free(reason);
    }
    send_status(status);
}
