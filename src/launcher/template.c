/* SPDX-License-Identifier: Apache-2.0 */
/* template.c - the front's side: templates started, asked, replaced. */
#include "template.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testconn/deadline.h"
#include "text.h"

enum { STARTS_MAXIMUM = 5, STARTS_MS = 10000, ANSWER_MS = 5000, LOOK_MS = 50, ROOM_MS = 1000 };

static void tell_refusal(evutil_socket_t fd, short what, void *argument);
static void see_again(evutil_socket_t fd, short what, void *argument);

struct template *template_new(struct event_base *base, const char *module_path)
{
    struct template *template = xcalloc(1, sizeof *template);
    template->base = base;
    template->module_path = xstrdup(module_path);
    template->process.control = -1;
    template->refusal = evtimer_new(base, tell_refusal, template);
    template->again = evtimer_new(base, see_again, template);
    TAILQ_INIT(&template->orders);
    return template;
}

/* The oldest worker that was asked for; it has no pid yet. */
static struct worker_process take_asked(struct template *template)
{
    struct worker_process worker = {.fd = template->asked[0]};
    template->asked_count--;
    memmove(template->asked, template->asked + 1, template->asked_count * sizeof *template->asked);
    return worker;
}

/* What was asked of it does not come any more; what it had made is ended. */
static void stop(struct template *template)
{
    int error;
    int status;
    if (template->process.control < 0)
        return;
    kill(template->process.pid, SIGKILL);
    while (template->asked_count > 0) {
        struct worker_process worker = take_asked(template);
        template_process_answer(&template->process, &worker.pid, &error);
        worker_process_end(&worker, &status);
    }
    event_free(template->answers);
    event_free(template->patience);
    template_process_stop(&template->process);
}

static void see_answers(evutil_socket_t fd, short what, void *argument);
static void see_patience(evutil_socket_t fd, short what, void *argument);

static bool start(struct template *template, struct error *err)
{
    int64_t now_us = clock_now_us();
    if (now_us - template->counts_since_us > (int64_t)STARTS_MS * 1000) {
        template->counts_since_us = now_us;
        template->starts = 0;
    }
    if (template->starts++ >= STARTS_MAXIMUM)
        return error_set(err, REASON_INTERNAL, "the template of %s died again and again",
                         template->module_path);
    if (!template_process_start(&template->process, template->module_path, err)) {
        template->starts--; /* it did not live, so it did not die */
        return false;
    }
    template->answers = event_new(template->base, template->process.control, EV_READ | EV_PERSIST,
                                  see_answers, template);
    template->patience = event_new(template->base, -1, EV_PERSIST, see_patience, template);
    event_add(template->answers, NULL);
    return true;
}

static bool is_fatal(int error)
{
    return error != EAGAIN && error != EPIPE && error != ECONNRESET;
}

/* Ask for one worker. False where none can be asked for now: ERR is set, unless the template is
 * gone or behind, which its events tell. */
static bool ask(struct template *template, struct error *err)
{
    int pair[2];
    if ((template->process.control < 0 && !start(template, err)) ||
        !worker_process_sockets(pair, err))
        return false;
    bool sent = template_process_ask(&template->process, pair[1]);
    if (!sent && is_fatal(errno))
        error_set(err, REASON_BUSY, "no process for a worker: %s", strerror(errno));
    close(pair[1]);
    if (!sent) {
        close(pair[0]);
        return false;
    }
    if (template->asked_count == 0) {
        struct timeval pause = {.tv_usec = LOOK_MS * 1000};
        template->waits_since_us = clock_now_us();
        event_add(template->patience, &pause);
    }
    template->asked[template->asked_count++] = pair[0];
    return true;
}

/* Those who wait for a worker that is not even asked for are told from the loop that none can be
 * had. */
static void refuse(struct template *template, const struct error *err)
{
    struct timeval now = {0};
    template->failure = *err;
    event_add(template->refusal, &now);
}

static void tell_refusal(evutil_socket_t fd, short what, void *argument)
{
    struct template *template = argument;
    const struct error why = template->failure;
    (void)fd;
    (void)what;
    while (template->order_count > template->asked_count) {
        struct worker_order *order = TAILQ_LAST(&template->orders, worker_orders);
        worker_order_cancel(order);
        order->done(order->argument, NULL, &why);
    }
}

static void ask_more(struct template *template)
{
    struct error err = ERROR_INIT;
    size_t wanted = template->spare + template->order_count;
    bool asked = !template->pauses;
    while (asked && template->asked_count < TEMPLATE_ASKED_MAXIMUM &&
           template->ready_count + template->asked_count < wanted)
        asked = ask(template, &err);
    if (err.reason != REASON_NONE)
        refuse(template, &err);
}

/* To who waits longest, else to those that are ready; what nobody needs any more is ended. */
static void place(struct template *template, struct worker_process *worker)
{
    struct worker_order *order = TAILQ_FIRST(&template->orders);
    int status;
    if (order) {
        worker_order_cancel(order);
        order->done(order->argument, worker, NULL);
    } else if (template->ready_count < template->spare) {
        template->ready =
            xrealloc(template->ready, (template->ready_count + 1) * sizeof *template->ready);
        template->ready[template->ready_count++] = *worker;
    } else {
        worker_process_end(worker, &status);
    }
}

/* A worker that was asked for does not come: ERROR. Others that end make room for it, so it is
 * asked for again after a pause, but not for long. */
static void take_failure(struct template *template, int error)
{
    struct timeval pause = {.tv_usec = LOOK_MS * 1000};
    struct error err = ERROR_INIT;
    if (template->fails_since_us == 0)
        template->fails_since_us = clock_now_us();
    template->pauses = true;
    event_add(template->again, &pause);
    if (clock_now_us() - template->fails_since_us < (int64_t)ROOM_MS * 1000)
        return;
    error_set(&err, REASON_BUSY, "no process for a worker: %s", strerror(error));
    refuse(template, &err);
}

static void see_again(evutil_socket_t fd, short what, void *argument)
{
    struct template *template = argument;
    (void)fd;
    (void)what;
    template->pauses = false;
    ask_more(template);
}

/* The oldest worker asked for is there: PID; or it is 0, and ERROR says why. */
static void take_answer(struct template *template, pid_t pid, int error)
{
    struct worker_process worker = take_asked(template);
    template->waits_since_us = clock_now_us();
    if (template->asked_count == 0)
        event_del(template->patience);
    if (pid > 0) {
        worker.pid = pid;
        template->fails_since_us = 0;
        template->starts = 0; /* it works: one that is killed now and then is replaced for ever */
        place(template, &worker);
        return;
    }
    close(worker.fd);
    template->spare = 0; /* until somebody wants some again */
    take_failure(template, error);
}

static void see_answers(evutil_socket_t fd, short what, void *argument)
{
    struct template *template = argument;
    pid_t pid;
    int error = 0;
    (void)fd;
    (void)what;
    enum template_answer answer = template_process_answer(&template->process, &pid, &error);
    if (answer == TEMPLATE_SILENT)
        return;
    if (answer != TEMPLATE_GONE && template->asked_count > 0)
        take_answer(template, pid, error);
    else
        stop(template);
    ask_more(template);
}

static void see_patience(evutil_socket_t fd, short what, void *argument)
{
    struct template *template = argument;
    (void)fd;
    (void)what;
    if (!template_process_is_stopped(&template->process) &&
        clock_now_us() - template->waits_since_us < (int64_t)ANSWER_MS * 1000)
        return;
    stop(template);
    ask_more(template);
}

static bool is_alive(const struct worker_process *worker)
{
    struct pollfd hangup = {.fd = worker->fd, .events = POLLIN};
    return poll(&hangup, 1, 0) == 0;
}

bool template_take(struct template *template, struct worker_process *worker)
{
    while (template->ready_count > 0) {
        int status;
        *worker = template->ready[--template->ready_count];
        if (is_alive(worker))
            return true;
        worker_process_end(worker, &status);
    }
    *worker = WORKER_PROCESS_NONE;
    return false;
}

void template_order(struct template *template, struct worker_order *order, worker_order_done *done,
                    void *argument)
{
    order->template = template;
    order->done = done;
    order->argument = argument;
    if (template->order_count == 0)
        template->fails_since_us = 0; /* the last refusals are another matter */
    TAILQ_INSERT_TAIL(&template->orders, order, entry);
    template->order_count++;
    ask_more(template);
}

void worker_order_cancel(struct worker_order *order)
{
    struct template *template = order->template;
    if (!template)
        return;
    TAILQ_REMOVE(&template->orders, order, entry);
    template->order_count--;
    order->template = NULL;
}

void template_fill(struct template *template, size_t spare)
{
    template->spare = spare;
    ask_more(template);
}

void template_free(struct template *template)
{
    int status;
    while (template->ready_count > 0)
        worker_process_end(&template->ready[--template->ready_count], &status);
    stop(template);
    event_free(template->refusal);
    event_free(template->again);
    free(template->ready);
    free(template->module_path);
    free(template);
}
