/* SPDX-License-Identifier: Apache-2.0 */
/* agent_worker.c - its lines read, its deadline kept. */
#include "agent_worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fd.h"
#include "report_line.h"
#include "template.h"
#include "text.h"

enum { ANSWER_MAXIMUM = 4 << 20 }; /* bytes of a line */
enum { MARGIN_MS = 60 };           /* for the worker to say why itself */

struct agent_worker {
    struct agent_identity *agent;
    struct worker_order order; /* while there is no process yet */
    struct worker_process process;
    char *request; /* until it is sent */
    struct text_buffer lines;
    const char *key;
    json_t *answer;
    struct error error;
    bool decided;
    struct event *reading, *timer;
    agent_worker_done *done;
    void *argument;
};

void agent_worker_free(struct agent_worker *worker)
{
    int status;
    if (!worker)
        return;
    worker_order_cancel(&worker->order);
    worker_process_end(&worker->process, &status);
    text_wipe_free(worker->request);
    if (worker->reading)
        event_free(worker->reading);
    if (worker->timer)
        event_free(worker->timer);
    if (worker->lines.data)
        text_wipe(worker->lines.data, worker->lines.length);
    text_buffer_release(&worker->lines);
    json_decref(worker->answer);
    free(worker);
}

static void finish(struct agent_worker *worker)
{
    if (worker->error.reason == REASON_NONE && !worker->answer)
        error_set(&worker->error, REASON_WORKER_CRASHED,
                  "the worker that was to get AWS credentials ended without an answer");
    bool failed = worker->error.reason != REASON_NONE;
    worker->done(worker->argument, failed ? NULL : worker->answer, &worker->error);
    agent_worker_free(worker);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

bool agent_access_failed(const json_t *access, struct error *err)
{
    const json_t *error = json_object_get(access, "error");
    enum reason reason = reason_find(text_of(error, "code"));
    if (!error)
        return false;
    error_set(err, reason == REASON_NONE ? REASON_INTERNAL : reason, "%s",
              text_of(error, "message"));
    if (*text_of(error, "remedy"))
        error_remedy(err, "%s", text_of(error, "remedy"));
    return true;
}

static void take_verdict(struct agent_worker *worker, const json_t *line)
{
    enum reason reason = reason_find(text_of(line, "code"));
    worker->decided = true;
    if (json_is_true(json_object_get(line, "ok")))
        return;
    error_set(&worker->error, reason == REASON_NONE ? REASON_INTERNAL : reason, "%s",
              text_of(line, "reason"));
    if (*text_of(line, "remedy"))
        error_remedy(&worker->error, "%s", text_of(line, "remedy"));
    error_property(&worker->error, text_of(line, "property"));
}

static void take_line(struct agent_worker *worker, const char *text, size_t length)
{
    json_t *line = json_loadb(text, length, 0, NULL);
    json_t *answer = json_object_get(line, worker->key);
    if (json_is_object(answer)) {
        json_decref(worker->answer);
        worker->answer = json_incref(answer);
    }
    if (json_object_get(line, "ok"))
        take_verdict(worker, line);
    json_decref(line);
}

static void read_lines(evutil_socket_t fd, short what, void *argument)
{
    struct agent_worker *worker = argument;
    struct text_buffer *lines = &worker->lines;
    char piece[16384];
    char *stop;
    (void)what;
    ssize_t got = recv(fd, piece, sizeof piece, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0) {
        text_append_bytes(lines, piece, (size_t)got);
        text_wipe(piece, sizeof piece);
        while (!worker->decided && (stop = memchr(lines->data, '\n', lines->length))) {
            size_t length = (size_t)(stop - lines->data);
            take_line(worker, lines->data, length);
            memmove(lines->data, stop + 1, lines->length - length - 1);
            lines->length -= length + 1;
        }
        if (!worker->decided && lines->length <= ANSWER_MAXIMUM)
            return;
    }
    finish(worker);
}

static void run_out(evutil_socket_t fd, short what, void *argument)
{
    struct agent_worker *worker = argument;
    (void)fd;
    (void)what;
    error_set(&worker->error, REASON_TIMED_OUT, "AWS credentials did not come in time");
    finish(worker);
}

static void hold_request(struct agent_worker *worker, json_t *request, struct deadline deadline)
{
    int left_ms = deadline_left_ms(deadline);
    int64_t soft_us =
        deadline.at_us - (int64_t)(left_ms > 2 * MARGIN_MS ? MARGIN_MS : left_ms / 2) * 1000;
    json_object_set_new(request, "deadline_us", json_integer(soft_us));
    worker->request = json_dumps(request, JSON_COMPACT);
}

/* The process is there. */
static void hand_over(struct agent_worker *worker, const struct worker_process *process)
{
    worker->process = *process;
    /* One that is gone is seen by its socket. */
    if (fd_write_all(process->fd, worker->request, strlen(worker->request)))
        fd_write_all(process->fd, "\n", 1);
    text_wipe_free(worker->request);
    worker->request = NULL;
    worker->reading = event_new(agent_identity_base(worker->agent), process->fd,
                                EV_READ | EV_PERSIST, read_lines, worker);
    event_add(worker->reading, NULL);
}

static void see_process(void *argument, const struct worker_process *process,
                        const struct error *err)
{
    struct agent_worker *worker = argument;
    if (process) {
        hand_over(worker, process);
        return;
    }
    worker->error = *err;
    finish(worker);
}

static bool get_process(struct agent_worker *worker, struct error *err)
{
    struct template *template = agent_identity_template(worker->agent);
    struct worker_process process = WORKER_PROCESS_NONE;
    if (template)
        template_order(template, &worker->order, see_process, worker);
    else if (worker_process_fork(&process, err))
        hand_over(worker, &process);
    else
        return false;
    return true;
}

struct agent_worker *agent_worker_start(struct agent_identity *agent, json_t *request,
                                        const char *key, struct deadline deadline,
                                        agent_worker_done *done, void *argument, struct error *err)
{
    struct agent_worker *worker = xcalloc(1, sizeof *worker);
    int left_ms = deadline_left_ms(deadline);
    struct timeval left = {.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000};
    *worker = (struct agent_worker){.agent = agent,
                                    .process = WORKER_PROCESS_NONE,
                                    .key = key,
                                    .error = ERROR_INIT,
                                    .done = done,
                                    .argument = argument};
    hold_request(worker, request, deadline);
    worker->timer = evtimer_new(agent_identity_base(agent), run_out, worker);
    event_add(worker->timer, &left);
    if (get_process(worker, err))
        return worker;
    agent_worker_free(worker);
    return NULL;
}
