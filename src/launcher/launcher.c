/* SPDX-License-Identifier: Apache-2.0 */
/* launcher.c - many tests: a template per driver, ready workers, tests in flight. */
#include <stdlib.h>
#include <string.h>

#include "launch_internal.h"
#include "template.h"

struct launcher {
    struct event_base *base;
    int ready;
    struct template *templates;
    struct launch *flying;
};

struct launcher *launcher_new(struct event_base *base, int ready)
{
    struct launcher *launcher = xcalloc(1, sizeof *launcher);
    launcher->base = base;
    launcher->ready = ready;
    return launcher;
}

static struct template *find_template(struct launcher *launcher, const char *module_path)
{
    struct template *template = launcher->templates;
    while (template && strcmp(template->module_path, module_path) != 0)
        template = template->next;
    if (!template) {
        template = template_new(module_path);
        template->next = launcher->templates;
        launcher->templates = template;
    }
    return template;
}

static bool take_worker(struct launcher *launcher, const struct launch_request *request,
                        struct launch *launch, struct error *err)
{
    if (!request->module_path)
        return worker_process_fork(&launch->worker, err);
    return template_take(find_template(launcher, request->module_path), &launch->worker, err);
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

struct launch *launcher_begin(struct launcher *launcher, const struct launch_request *request,
                              launch_done *done, launch_progress *progress, void *argument)
{
    struct error err = ERROR_INIT;
    struct launch *launch = launch_new(request);
    launch->launcher = launcher;
    launch->next = launcher->flying;
    launcher->flying = launch;
    if (take_worker(launcher, request, launch, &err) && launch_send(launch, request, &err)) {
        launch_watch(launch, launcher->base, done, progress, argument);
        if (request->module_path)
            template_fill(find_template(launcher, request->module_path), launcher->ready);
        return launch;
    }
    struct timeval now = {0};
    report_fail(launch->report, STAGE_INPUT, &err);
    report_finish(launch->report);
    launch->done = done;
    launch->argument = argument;
    launch->timer = evtimer_new(launcher->base, tell_failed, launch);
    event_add(launch->timer, &now);
    return launch;
}

void launcher_forget(struct launcher *launcher, struct launch *launch)
{
    struct launch **at = &launcher->flying;
    while (*at && *at != launch)
        at = &(*at)->next;
    if (*at)
        *at = launch->next;
}

void launcher_free(struct launcher *launcher)
{
    if (!launcher)
        return;
    while (launcher->flying)
        launch_cancel(launcher->flying);
    while (launcher->templates) {
        struct template *template = launcher->templates;
        launcher->templates = template->next;
        template_free(template);
    }
    free(launcher);
}
