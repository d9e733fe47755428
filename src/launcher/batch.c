/* SPDX-License-Identifier: Apache-2.0 */
/* batch.c - tests waiting, delayed and in flight. */
#include "batch.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "batch_request.h"
#include "launch.h"
#include "resolve.h"
#include "testconn/deadline.h"
#include "text.h"
#include "web_proxies.h"

enum { READY_WORKERS = 2, BEGUN_AT_ONCE = 32, ENDED_BY_SIGNAL = 128 };

struct item {
    TAILQ_ENTRY(item) entry;
    struct batch *batch;
    struct batch_test test;
    struct launch *launch; /* while it flies */
    struct event *timer;   /* while it is delayed */
    int64_t began_us;
    bool again; /* its first worker was gone before it had begun */
};
TAILQ_HEAD(items, item);

struct batch {
    struct event_base *base;
    struct batch_settings settings;
    struct batch_listener listener;
    struct launcher *launcher;
    struct agent_identity *agent; /* NULL: no test has needed it yet */
    json_t *proxies;              /* likewise */
    struct worker_process worker;
    struct items waiting, delayed, flying;
    size_t open, running;
    struct event *pump; /* begins more from the loop */
    bool looping, stopped;
    int signal;
};

static void pump(evutil_socket_t fd, short what, void *argument);

struct batch *batch_new(struct event_base *base, const struct batch_settings *settings,
                        const struct batch_listener *listener)
{
    struct batch *batch = xcalloc(1, sizeof *batch);
    batch->base = base;
    batch->settings = *settings;
    batch->listener = *listener;
    batch->launcher = launcher_new(base, READY_WORKERS);
    batch->worker = WORKER_PROCESS_NONE;
    batch->pump = event_new(base, -1, 0, pump, batch);
    TAILQ_INIT(&batch->waiting);
    TAILQ_INIT(&batch->delayed);
    TAILQ_INIT(&batch->flying);
    return batch;
}

void batch_lend_worker(struct batch *batch, struct worker_process *worker)
{
    batch->worker = *worker;
    *worker = WORKER_PROCESS_NONE;
}

size_t batch_open(const struct batch *batch)
{
    return batch->open;
}

void batch_stop(struct batch *batch)
{
    batch->stopped = true;
    if (batch->looping)
        event_base_loopbreak(batch->base);
}

/* ITEM, off its list already, is over. */
static void deliver(struct item *item, struct report *report)
{
    struct batch *batch = item->batch;
    size_t key = item->test.key;
    if (item->timer)
        event_free(item->timer);
    free(item);
    batch->open--;
    batch->listener.done(batch->listener.argument, key, report);
}

struct agent_identity *batch_agent(struct batch *batch)
{
    if (!batch->agent)
        batch->agent = agent_identity_new(batch->base, batch->settings.registry->folder,
                                          batch->worker.pid > 0);
    return batch->agent;
}

/* Who calls AWS for ITEM's test; NULL: it needs nothing of AWS. */
static struct agent_identity *find_agent(const struct item *item,
                                         const struct resolution *resolution)
{
    bool needed = resolution_needs_aws(resolution, item->test.connection);
    return needed ? batch_agent(item->batch) : NULL;
}

static const json_t *proxies_of(struct batch *batch)
{
    if (!batch->proxies)
        batch->proxies = web_proxies_here();
    return batch->proxies;
}

static void begin_more(struct batch *batch);

/* A worker that was killed while it waited for a test is no fault of this one: it is begun once
 * more, in the time that is left. */
static bool begin_again(struct item *item, const struct report *report)
{
    struct batch *batch = item->batch;
    int spent_ms = (int)((clock_now_us() - item->began_us) / 1000);
    int whole_ms = item->test.timeout_ms ? item->test.timeout_ms : batch->settings.timeout_ms;
    if (report->code != REASON_WORKER_CRASHED || report->begun || item->again || batch->stopped ||
        whole_ms <= spent_ms)
        return false;
    item->again = true;
    item->launch = NULL;
    item->test.timeout_ms = whole_ms - spent_ms;
    TAILQ_INSERT_HEAD(&batch->waiting, item, entry);
    return true;
}

static void end_one(struct launch *launch, struct report *report, void *argument)
{
    struct item *item = argument;
    struct batch *batch = item->batch;
    (void)launch;
    TAILQ_REMOVE(&batch->flying, item, entry);
    batch->running--;
    if (begin_again(item, report)) {
        report_free(report);
        begin_more(batch);
        return;
    }
    batch_name_source(item->test.connection, report);
    deliver(item, report);
    begin_more(batch);
}

static void tell_progress(struct launch *launch, const struct report *report, void *argument)
{
    const struct item *item = argument;
    (void)launch;
    item->batch->listener.progress(item->batch->listener.argument, item->test.key, report->current);
}

/* Start ITEM's test by the lent worker or a template's. NULL with ERR set where the lent one is
 * gone. */
static struct launch *start(struct item *item, const struct launch_request *request,
                            struct error *err)
{
    struct batch *batch = item->batch;
    launch_progress *progress = batch->listener.progress ? tell_progress : NULL;
    if (batch->worker.pid <= 0)
        return launcher_begin(batch->launcher, request, end_one, progress, item);
    struct launch *launch = launch_hand_over(&batch->worker, request, err);
    if (launch)
        launch_watch(launch, batch->base, end_one, progress, item);
    return launch;
}

static void fly(struct item *item, const struct resolution *resolution)
{
    struct batch *batch = item->batch;
    struct error err = ERROR_INIT;
    struct launch_request request = batch_request(&batch->settings, &item->test, resolution);
    request.agent = find_agent(item, resolution);
    /* Of a target that only a file's content tells it is not known. */
    if (!resolution->target || resolution->target->asks_web)
        request.proxies = proxies_of(batch);
    item->began_us = clock_now_us();
    item->launch = start(item, &request, &err);
    if (item->launch) {
        launch_add_problems(item->launch, &resolution->problems);
        TAILQ_INSERT_TAIL(&batch->flying, item, entry);
        batch->running++;
        if (batch->listener.progress)
            batch->listener.progress(batch->listener.argument, item->test.key, STAGE_INPUT);
        return;
    }
    struct report *report = batch_report(&item->test);
    report_fail(report, STAGE_INPUT, &err);
    report_finish(report);
    deliver(item, report);
}

static void begin_one(struct batch *batch)
{
    struct item *item = TAILQ_FIRST(&batch->waiting);
    struct resolution resolution;
    TAILQ_REMOVE(&batch->waiting, item, entry);
    resolution_init(&resolution);
    struct report *refused = batch_refuse(&batch->settings, &item->test, &resolution);
    if (refused)
        deliver(item, refused);
    else
        fly(item, &resolution);
    resolution_release(&resolution);
}

/* In pieces, so that signals are heeded between them. */
static void begin_more(struct batch *batch)
{
    for (int begun = 0; !batch->stopped && !TAILQ_EMPTY(&batch->waiting) &&
                        batch->running < (size_t)batch->settings.jobs;
         begun++) {
        if (begun == BEGUN_AT_ONCE) {
            event_active(batch->pump, 0, 0);
            return;
        }
        begin_one(batch);
    }
    if (batch->open == 0 && batch->looping)
        event_base_loopbreak(batch->base);
}

static void pump(evutil_socket_t fd, short what, void *argument)
{
    (void)fd;
    (void)what;
    begin_more(argument);
}

static void end_delay(evutil_socket_t fd, short what, void *argument)
{
    struct item *item = argument;
    struct batch *batch = item->batch;
    (void)fd;
    (void)what;
    TAILQ_REMOVE(&batch->delayed, item, entry);
    TAILQ_INSERT_TAIL(&batch->waiting, item, entry);
    begin_more(batch);
}

void batch_add(struct batch *batch, const struct batch_test *test)
{
    struct item *item = xcalloc(1, sizeof *item);
    item->batch = batch;
    item->test = *test;
    batch->open++;
    if (test->delay_ms <= 0) {
        TAILQ_INSERT_TAIL(&batch->waiting, item, entry);
        event_active(batch->pump, 0, 0);
        return;
    }
    struct timeval delay = {.tv_sec = test->delay_ms / 1000,
                            .tv_usec = test->delay_ms % 1000 * 1000};
    TAILQ_INSERT_TAIL(&batch->delayed, item, entry);
    item->timer = evtimer_new(batch->base, end_delay, item);
    event_add(item->timer, &delay);
}

static void see_signal(evutil_socket_t number, short what, void *argument)
{
    struct batch *batch = argument;
    (void)what;
    batch->signal = (int)number;
    batch_stop(batch);
}

int batch_run(struct batch *batch)
{
    /* First of all: the worker, once it has its request, runs beside what follows. */
    begin_more(batch);
    if (batch->open == 0 || batch->stopped)
        return 0;
    struct event *interrupt = evsignal_new(batch->base, SIGINT, see_signal, batch);
    struct event *terminate = evsignal_new(batch->base, SIGTERM, see_signal, batch);
    event_add(interrupt, NULL);
    event_add(terminate, NULL);
    batch->looping = true;
    event_base_dispatch(batch->base);
    batch->looping = false;
    event_free(interrupt);
    event_free(terminate);
    return batch->signal;
}

static void skip(struct item *item, struct report *report, const char *why)
{
    if (report->decided) /* just now */
        report_finish(report);
    else
        report_skip(report, why);
    deliver(item, report);
}

static void skip_unbegun(struct items *items, const char *why)
{
    struct item *item;
    while ((item = TAILQ_FIRST(items))) {
        TAILQ_REMOVE(items, item, entry);
        skip(item, batch_report(&item->test), why);
    }
}

void batch_give_up(struct batch *batch, const char *why)
{
    struct item *item;
    batch->stopped = true;
    while ((item = TAILQ_FIRST(&batch->flying))) {
        TAILQ_REMOVE(&batch->flying, item, entry);
        batch->running--;
        skip(item, launch_abandon(item->launch), why);
    }
    skip_unbegun(&batch->delayed, why);
    skip_unbegun(&batch->waiting, why);
}

static void drop(struct items *items)
{
    struct item *item;
    while ((item = TAILQ_FIRST(items))) {
        TAILQ_REMOVE(items, item, entry);
        if (item->launch)
            launch_cancel(item->launch);
        if (item->timer)
            event_free(item->timer);
        free(item);
    }
}

static void drop_key(struct batch *batch, struct items *items, size_t key)
{
    struct item *next;
    for (struct item *item = TAILQ_FIRST(items); item; item = next) {
        next = TAILQ_NEXT(item, entry);
        if (item->test.key != key)
            continue;
        TAILQ_REMOVE(items, item, entry);
        if (item->launch) {
            launch_cancel(item->launch);
            batch->running--;
        }
        if (item->timer)
            event_free(item->timer);
        free(item);
        batch->open--;
    }
}

void batch_cancel(struct batch *batch, size_t key)
{
    drop_key(batch, &batch->flying, key);
    drop_key(batch, &batch->delayed, key);
    drop_key(batch, &batch->waiting, key);
    event_active(batch->pump, 0, 0);
}

void batch_free(struct batch *batch)
{
    int status;
    if (!batch)
        return;
    drop(&batch->flying);
    drop(&batch->delayed);
    drop(&batch->waiting);
    worker_process_end(&batch->worker, &status);
    launcher_free(batch->launcher);
    agent_identity_free(batch->agent);
    json_decref(batch->proxies);
    event_free(batch->pump);
    free(batch);
}

/* Nothing is known that could be told. */
static void leave(int number)
{
    _exit(ENDED_BY_SIGNAL + number);
}

void batch_heed_signals(void)
{
    struct sigaction action = {.sa_handler = leave};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}
