/* SPDX-License-Identifier: Apache-2.0 */
/* launcher.c - many tests: a template per driver, ready workers, tests in flight. */
#include <stdlib.h>
#include <string.h>

#include "launch_internal.h"

enum { TIDY_MS = 1 };

struct launcher {
    struct event_base *base;
    size_t ready;
    struct template *templates;
    struct launch *flying;
    struct worker_process *retired; /* they have given their verdicts */
    size_t retired_count;
    struct event *tidying;
};

/* What costs time and can wait until those who are to be answered are: workers reaped, others made
 * ready. */
static void tidy(evutil_socket_t fd, short what, void *argument)
{
    struct launcher *launcher = argument;
    int status;
    (void)fd;
    (void)what;
    while (launcher->retired_count > 0)
        worker_process_end(&launcher->retired[--launcher->retired_count], &status);
    for (struct template *template = launcher->templates; template; template = template->next)
        template_fill(template, launcher->ready);
}

struct launcher *launcher_new(struct event_base *base, int ready)
{
    struct launcher *launcher = xcalloc(1, sizeof *launcher);
    launcher->base = base;
    launcher->ready = (size_t)ready;
    launcher->tidying = evtimer_new(base, tidy, launcher);
    return launcher;
}

static void tidy_soon(struct launcher *launcher)
{
    struct timeval soon = {.tv_usec = TIDY_MS * 1000};
    event_add(launcher->tidying, &soon);
}

void launcher_retire(struct launcher *launcher, struct worker_process *worker)
{
    launcher->retired =
        xrealloc(launcher->retired, (launcher->retired_count + 1) * sizeof *launcher->retired);
    launcher->retired[launcher->retired_count++] = *worker;
    *worker = WORKER_PROCESS_NONE;
    tidy_soon(launcher);
}

static struct template *find_template(struct launcher *launcher, const char *module_path)
{
    struct template *template = launcher->templates;
    while (template && strcmp(template->module_path, module_path) != 0)
        template = template->next;
    if (!template) {
        template = template_new(launcher->base, module_path);
        template->next = launcher->templates;
        launcher->templates = template;
    }
    return template;
}

/* A launch that never got a worker: told from the loop, like every other. */
static void tell_failed(evutil_socket_t fd, short what, void *argument)
{
    struct launch *launch = argument;
    (void)fd;
    (void)what;
    struct report *report = launch->report;
    launch->report = NULL;
    launcher_forget(launch->launcher, launch);
    launch->done(launch, report, launch->argument);
    launch_free(launch);
}

static void give_up(struct launch *launch, const struct error *err)
{
    struct timeval now = {0};
    report_fail(launch->report, STAGE_INPUT, err);
    report_finish(launch->report);
    if (launch->timer)
        event_free(launch->timer);
    launch->timer = evtimer_new(launch->launcher->base, tell_failed, launch);
    event_add(launch->timer, &now);
}

/* LAUNCH has its worker. */
static void take_off(struct launch *launch)
{
    struct error err = ERROR_INIT;
    if (!launch_send(launch, &err)) {
        give_up(launch, &err);
        return;
    }
    if (launch->timer)
        event_free(launch->timer);
    launch->timer = NULL;
    launch_watch(launch, launch->launcher->base, launch->done, launch->progress, launch->argument);
}

static void see_worker(void *argument, const struct worker_process *worker, const struct error *err)
{
    struct launch *launch = argument;
    if (!worker) {
        give_up(launch, err);
        return;
    }
    launch->worker = *worker;
    take_off(launch);
}

static void see_no_worker(evutil_socket_t fd, short what, void *argument)
{
    struct launch *launch = argument;
    struct error err = ERROR_INIT;
    char after[32];
    (void)fd;
    (void)what;
    worker_order_cancel(&launch->order);
    text_duration(after, sizeof after, launch->timeout_ms);
    error_set(&err, REASON_BUSY, "no worker was ready within the time of the test, %s", after);
    give_up(launch, &err);
}

/* Until a worker is there, in the time of the test. */
static void wait_for_worker(struct launch *launch, struct template *template)
{
    struct timeval left = {.tv_sec = launch->timeout_ms / 1000,
                           .tv_usec = launch->timeout_ms % 1000 * 1000};
    launch->timer = evtimer_new(launch->launcher->base, see_no_worker, launch);
    event_add(launch->timer, &left);
    template_order(template, &launch->order, see_worker, launch);
}

struct launch *launcher_begin(struct launcher *launcher, const struct launch_request *request,
                              launch_done *done, launch_progress *progress, void *argument)
{
    struct error err = ERROR_INIT;
    struct launch *launch = launch_new(request);
    launch->launcher = launcher;
    launch->done = done;
    launch->progress = progress;
    launch->argument = argument;
    launch->next = launcher->flying;
    launcher->flying = launch;
    if (!request->module_path) {
        if (worker_process_fork(&launch->worker, &err))
            take_off(launch);
        else
            give_up(launch, &err);
        return launch;
    }
    struct template *template = find_template(launcher, request->module_path);
    if (template_take(template, &launch->worker))
        take_off(launch);
    else
        wait_for_worker(launch, template);
    /* With one left, others are made when this test, which they would only slow down, is over. */
    if (template->ready_count == 0)
        template_fill(template, launcher->ready);
    return launch;
}

void launcher_forget(struct launcher *launcher, struct launch *launch)
{
    struct launch **at = &launcher->flying;
    while (*at && *at != launch)
        at = &(*at)->next;
    if (*at)
        *at = launch->next;
    tidy_soon(launcher);
}

void launcher_free(struct launcher *launcher)
{
    int status;
    if (!launcher)
        return;
    while (launcher->flying)
        launch_cancel(launcher->flying);
    while (launcher->retired_count > 0)
        worker_process_end(&launcher->retired[--launcher->retired_count], &status);
    while (launcher->templates) {
        struct template *template = launcher->templates;
        launcher->templates = template->next;
        template_free(template);
    }
    event_free(launcher->tidying);
    free(launcher->retired);
    free(launcher);
}
