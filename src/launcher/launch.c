/* SPDX-License-Identifier: Apache-2.0 */
/* launch.c - one test in flight: lines read, deadline kept, end classified. */
#include "launch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "launch_internal.h"
#include "report_line.h"
#include "text.h"

/* Most tests are over within SOON_MS, before anybody wants to see how far they are: one wake-up, at
 * the worker's end, does for all their lines. */
enum { MARGIN_MS = 80, MARGIN_PARTS = 25, WHERE_MAXIMUM = 300, SOON_MS = 100 };

/* The worker ends early enough to say why itself; the kill at the caller's deadline is the net. */
static int64_t soft_deadline_us(int64_t began_us, int timeout_ms)
{
    int margin_ms = timeout_ms / MARGIN_PARTS > MARGIN_MS ? timeout_ms / MARGIN_PARTS : MARGIN_MS;
    if (margin_ms > timeout_ms / 2)
        margin_ms = timeout_ms / 2;
    return began_us + (int64_t)(timeout_ms - margin_ms) * 1000;
}

static char *format_request(const struct launch_request *request, int64_t began_us)
{
    static const char *const forms[] = {[CONNECTION_FORM_INPUT] = "input",
                                        [CONNECTION_FORM_TEST_INPUT] = "test-input",
                                        [CONNECTION_FORM_STORED] = "stored"};
    json_t *object = json_pack(
        "{s:O, s:s, s:b, s:b, s:b, s:I, s:s, s:s?}", "definition", request->connection->document,
        "form", forms[request->connection->form], "strict", (int)request->strict, "trace",
        (int)request->trace, "write_back", (int)request->write_back, "deadline_us",
        (json_int_t)soft_deadline_us(began_us, request->timeout_ms), "drivers",
        request->drivers_folder, "driver", request->driver);
    if (request->policy)
        json_object_set_new(object, "policy", json_string(request->policy));
    if (request->request_id)
        json_object_set_new(object, "request_id", json_string(request->request_id));
    if (request->proxies)
        json_object_set_new(object, "proxies", json_deep_copy(request->proxies));
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return text;
}

struct launch *launch_new(const struct launch_request *request)
{
    struct launch *launch = xcalloc(1, sizeof *launch);
    launch->worker = WORKER_PROCESS_NONE;
    launch->report = report_new(request->connection->label, request->connection->type);
    if (request->driver)
        launch->report->driver = xstrdup(request->driver);
    if (request->request_id)
        launch->report->request_id = xstrdup(request->request_id);
    launch->timeout_ms = request->timeout_ms;
    launch->held = format_request(request, launch->report->started_us);
    launch->agent = request->agent;
    launch->role_arn = request->role_arn ? xstrdup(request->role_arn) : NULL;
    return launch;
}

/* Send TEXT, a JSON object, with ACCESS (JSON, or NULL) as its member "aws". */
static bool send_request(const struct launch *launch, const char *text, const char *access)
{
    struct text_buffer line = TEXT_BUFFER_INIT;
    size_t length = strlen(text);
    text_append_bytes(&line, text, length - 1);
    if (access)
        text_append_format(&line, ",\"aws\":%s", access);
    text_append(&line, "}\n");
    bool sent = fd_write_all(launch->worker.fd, line.data, line.length);
    text_wipe(line.data, line.length);
    text_buffer_release(&line);
    return sent;
}

bool launch_send(struct launch *launch, struct error *err)
{
    if (launch->agent)
        return true;
    bool sent = send_request(launch, launch->held, NULL);
    text_wipe_free(launch->held);
    launch->held = NULL;
    return sent ||
           error_set(err, REASON_WORKER_CRASHED, "the worker took no request: %s", strerror(errno));
}

static void send_held(void *argument, const char *access)
{
    struct launch *launch = argument;
    launch->wait = NULL;
    /* A worker that is gone is seen by its socket. */
    send_request(launch, launch->held, access);
    text_wipe_free(launch->held);
    launch->held = NULL;
}

void launch_free(struct launch *launch)
{
    int status;
    if (launch->reading)
        event_free(launch->reading);
    if (launch->timer)
        event_free(launch->timer);
    if (launch->wait)
        agent_identity_forget(launch->wait);
    worker_order_cancel(&launch->order);
    worker_process_end(&launch->worker, &status);
    report_free(launch->report);
    text_wipe_free(launch->held);
    free(launch->role_arn);
    text_buffer_release(&launch->lines);
    free(launch);
}

struct launch *launch_hand_over(struct worker_process *worker, const struct launch_request *request,
                                struct error *err)
{
    struct launch *launch = launch_new(request);
    launch->worker = *worker;
    *worker = WORKER_PROCESS_NONE;
    if (launch_send(launch, err))
        return launch;
    launch_free(launch);
    return NULL;
}

void launch_add_problems(struct launch *launch, const struct problems *problems)
{
    if (launch->report)
        report_add_problems(launch->report, problems);
}

/* " of HOST:PORT", or nothing as long as the worker has not told. */
static void name_target(const json_t *target, char *out, size_t size)
{
    const char *host = json_string_value(json_object_get(target, "host"));
    char where[WHERE_MAXIMUM];
    *out = '\0';
    if (!host)
        return;
    text_endpoint(where, sizeof where, host,
                  (unsigned)json_integer_value(json_object_get(target, "port")));
    snprintf(out, size, " of %s", where);
}

/* No verdict came: say what happened to the worker. */
static void classify(struct launch *launch, int status)
{
    struct report *report = launch->report;
    enum stage stage = report->entered ? report->current : STAGE_INPUT;
    struct error err = ERROR_INIT;
    char after[32];
    char whose[WHERE_MAXIMUM + 4];
    text_duration(after, sizeof after, launch->timeout_ms);
    name_target(report->target, whose, sizeof whose);
    if (launch->refused_line)
        error_set(&err, REASON_INTERNAL, "the worker said something that is no report line");
    else if (launch->timed_out && stage < STAGE_DNS)
        error_set(&err, REASON_TIMED_OUT,
                  "the time of %s was over before anything was connected to, at the stage %s",
                  after, stage_name(stage));
    else if (launch->timed_out)
        error_set(&err, REASON_TIMED_OUT,
                  "the test%s was ended at its deadline of %s while it was at the stage %s: a call "
                  "into the client library did not come back",
                  whose, after, stage_name(stage));
    else if (WIFSIGNALED(status))
        error_set(&err, REASON_WORKER_CRASHED, "the worker died of signal %d (%s) at the stage %s",
                  WTERMSIG(status), strsignal(WTERMSIG(status)), stage_name(stage));
    else
        error_set(&err, REASON_WORKER_CRASHED,
                  "the worker ended with status %d at the stage %s without a verdict (something in "
                  "the client "
                  "library ended the process)",
                  WIFEXITED(status) ? WEXITSTATUS(status) : -1, stage_name(stage));
    report_fail(report, stage, &err);
}

/* Over: classify, hand over, kill and reap. Who has a verdict does not wait for the worker's end.
 */
static void finish(struct launch *launch)
{
    if (!launch->report->decided) {
        int status;
        /* One that left by itself is a zombie already: the kill does not change its status. */
        worker_process_end(&launch->worker, &status);
        classify(launch, status);
    }
    report_finish(launch->report);
    struct report *report = launch->report;
    launch->report = NULL;
    if (launch->launcher) {
        launcher_forget(launch->launcher, launch);
        launcher_retire(launch->launcher, &launch->worker);
    }
    launch->done(launch, report, launch->argument);
    launch_free(launch);
}

static void tell_progress(struct launch *launch)
{
    const struct report *report = launch->report;
    if (!launch->progress || !report->entered ||
        (launch->told && launch->told_stage == report->current))
        return;
    launch->told = true;
    launch->told_stage = report->current;
    launch->progress(launch, report, launch->argument);
}

/* Every whole line of what was read; false when one is none. */
static bool take_lines(struct launch *launch)
{
    struct text_buffer *lines = &launch->lines;
    char *start = lines->data;
    char *end = lines->data + lines->length;
    for (char *stop;
         !launch->report->decided && (stop = memchr(start, '\n', (size_t)(end - start)));
         start = stop + 1) {
        if (!report_read_line(launch->report, start, (size_t)(stop - start)))
            return false;
        tell_progress(launch);
    }
    size_t rest = (size_t)(end - start);
    memmove(lines->data, start, rest);
    lines->length = rest;
    return rest < REPORT_LINE_MAXIMUM;
}

/* Take what the worker has said so far; false when no more is to be waited for. */
static bool drain(struct launch *launch)
{
    char piece[16384];
    ssize_t got;
    while ((got = recv(launch->worker.fd, piece, sizeof piece, MSG_DONTWAIT)) > 0) {
        launch->total += (size_t)got;
        text_append_bytes(&launch->lines, piece, (size_t)got);
        launch->refused_line = !take_lines(launch) || launch->total > REPORT_TOTAL_MAXIMUM;
        if (launch->refused_line || launch->report->decided)
            return false;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static void read_lines(evutil_socket_t fd, short what, void *argument)
{
    struct launch *launch = argument;
    if (!drain(launch)) {
        finish(launch);
    } else if (what & EV_TIMEOUT) {
        /* Whoever takes longer is followed line by line, lest the socket fill up. */
        struct event_base *base = event_get_base(launch->reading);
        event_del(launch->reading);
        event_assign(launch->reading, base, fd, EV_READ | EV_PERSIST, read_lines, launch);
        event_add(launch->reading, NULL);
    }
}

static void run_out(evutil_socket_t fd, short what, void *argument)
{
    struct launch *launch = argument;
    (void)fd;
    (void)what;
    launch->timed_out = drain(launch);
    finish(launch);
}

void launch_watch(struct launch *launch, struct event_base *base, launch_done *done,
                  launch_progress *progress, void *argument)
{
    struct deadline deadline = {launch->report->started_us + (int64_t)launch->timeout_ms * 1000};
    int left_ms = deadline_left_ms(deadline);
    struct timeval left = {.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000};
    struct timeval soon = {.tv_usec = SOON_MS * 1000};
    launch->done = done;
    launch->progress = progress;
    launch->argument = argument;
    launch->report->worker = launch->worker.pid;
    launch->reading =
        event_new(base, launch->worker.fd, EV_CLOSED | EV_PERSIST, read_lines, launch);
    launch->timer = evtimer_new(base, run_out, launch);
    event_add(launch->reading, &soon);
    event_add(launch->timer, &left);
    if (launch->agent) {
        struct deadline soft = {soft_deadline_us(launch->report->started_us, launch->timeout_ms)};
        launch->wait = agent_identity_ask(launch->agent, launch->role_arn, soft, send_held, launch);
    }
}

struct report *launch_abandon(struct launch *launch)
{
    drain(launch);
    struct report *report = launch->report;
    launch->report = NULL;
    launch_cancel(launch);
    return report;
}

void launch_cancel(struct launch *launch)
{
    if (launch->launcher)
        launcher_forget(launch->launcher, launch);
    launch_free(launch);
}
