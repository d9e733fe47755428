/* SPDX-License-Identifier: Apache-2.0 */
/* probe.c - the running test: stages, facts, findings and the verdict, each one report line. */
#include "testconn/probe.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd.h"
#include "net_observer.h"
#include "path_evidence.h"
#include "probe_state.h"
#include "secrecy.h"
#include "text.h"
#include "tls_observer.h"
#include "written.h"

static struct probe *probe_running;              /* the one test of this worker */
static _Thread_local struct probe *probe_thread; /* what this thread works for; a library's: NULL */

enum { TEXT_MAXIMUM = 4096 }; /* bytes of one text in a line */

struct probe *probe_begin(int fd, struct deadline deadline, bool trace)
{
    struct probe *probe = xcalloc(1, sizeof *probe);
    probe->fd = fd;
    probe->began_us = clock_now_us();
    probe->deadline = probe->endpoint_deadline = probe->attempt_deadline = deadline;
    probe->deciding_attempt = -1;
    probe->trace = trace;
    probe->host_property = "ConnectionProperties.HOST";
    pthread_mutex_init(&probe->lock, NULL);
    probe_running = probe_thread = probe;
    return probe;
}

struct probe *probe_here(void)
{
    if (probe_thread || !probe_running)
        return probe_thread;
    return probe_running->side ? probe_running->side : probe_running;
}

void probe_enter(struct probe *probe)
{
    probe_thread = probe;
}

/* One line, which waits for the next flush; takes LINE over. */
static void add_line(struct probe *probe, json_t *line)
{
    json_object_set_new(line, "at", json_integer(clock_now_us() - probe->began_us));
    char *text = probe->aside || probe->whole ? NULL : json_dumps(line, JSON_COMPACT);
    json_decref(line);
    if (!text)
        return;
    pthread_mutex_lock(&probe->lock);
    text_append(&probe->pending, text);
    text_append(&probe->pending, "\n");
    pthread_mutex_unlock(&probe->lock);
    free(text);
}

/* Each write wakes the front: what has to be known if we are killed goes out, the rest with it.
 * Without a reader there is no test. */
static void flush(struct probe *probe)
{
    if (probe->whole)
        return;
    pthread_mutex_lock(&probe->lock);
    bool sent = fd_write_all(probe->fd, probe->pending.data, probe->pending.length);
    probe->pending.length = 0;
    pthread_mutex_unlock(&probe->lock);
    if (!sent)
        _exit(3);
}

void probe_send(struct probe *probe, const char *key, json_t *value)
{
    json_t *line = json_object();
    json_object_set_new(line, key, value);
    add_line(probe, line);
}

void probe_stage(struct probe *probe, enum stage stage)
{
    if (probe->aside || (probe->entered && stage <= probe->stage))
        return;
    probe->entered = true;
    probe->stage = stage;
    probe_send(probe, "stage", json_string(stage_name(stage)));
    if (stage >= STAGE_DNS)
        flush(probe);
}

void probe_failed_at(struct probe *probe, enum stage stage)
{
    probe->stage = stage;
}

enum stage probe_current_stage(const struct probe *probe)
{
    return probe->stage;
}

void probe_attempt(struct probe *probe, const struct endpoint *endpoint, enum stage first)
{
    probe->endpoint = endpoint;
    probe->peer_length = 0;
    net_observer_forget(probe);
    tls_observer_forget(probe);
    if (probe->stage >= first) {
        probe->attempt++;
        probe->stage = (enum stage)(first - 1);
        probe_send(probe, "attempt", json_string(stage_name(first)));
    }
    probe_send(probe, "target",
               json_pack("{s:s, s:i}", "host", endpoint->host, "port", endpoint->port));
}

void probe_aside(struct probe *probe, bool on)
{
    probe->aside = on;
}

static json_t *one_line(const char *text)
{
    char line[TEXT_MAXIMUM];
    text_one_line(line, sizeof line, text, strlen(text));
    secrecy_hide(line);
    char *told = written_tell(line);
    json_t *shown = json_string(told ? told : line);
    free(told);
    return shown;
}

void probe_note_json(struct probe *probe, enum stage stage, const char *key, json_t *value)
{
    json_t *line = json_pack("{s:s, s:o}", "fact", key, "value", value);
    if (stage != STAGE_COUNT)
        json_object_set_new(line, "stage", json_string(stage_name(stage)));
    add_line(probe, line);
}

void probe_note(struct probe *probe, const char *key, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = text_vformat(format, arguments);
    va_end(arguments);
    probe_note_json(probe, STAGE_COUNT, key, one_line(text));
    free(text);
}

void probe_note_integer(struct probe *probe, const char *key, long long value)
{
    probe_note_json(probe, STAGE_COUNT, key, json_integer(value));
}

void probe_note_number(struct probe *probe, const char *key, double value)
{
    probe_note_json(probe, STAGE_COUNT, key, json_real(value));
}

void probe_note_boolean(struct probe *probe, const char *key, bool value)
{
    probe_note_json(probe, STAGE_COUNT, key, json_boolean(value));
}

void probe_note_list(struct probe *probe, const char *key, const char *const *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, one_line(values[i]));
    probe_note_json(probe, STAGE_COUNT, key, list);
}

static json_t *fact_value(const struct fact *fact)
{
    if (fact->kind == FACT_INTEGER)
        return json_integer(fact->integer);
    return fact->kind == FACT_BOOLEAN ? json_boolean(fact->boolean)
           : fact->text               ? one_line(fact->text)
                                      : NULL;
}

void probe_note_table(struct probe *probe, const char *key, const struct fact *facts,
                      size_t columns, size_t rows)
{
    json_t *list = json_array();
    for (size_t row = 0; row < rows; row++) {
        json_t *object = json_object();
        for (size_t column = 0; column < columns; column++) {
            const struct fact *fact = &facts[row * columns + column];
            json_t *value = fact_value(fact);
            if (value)
                json_object_set_new(object, fact->key, value);
        }
        json_array_append_new(list, object);
    }
    probe_note_json(probe, STAGE_COUNT, key, list);
}

void probe_finding_at(struct probe *probe, enum stage stage, enum severity severity,
                      const char *rule, const char *property, const char *message)
{
    static const char *const severities[] = {
        [SEVERITY_NOTE] = "note", [SEVERITY_WARNING] = "warning", [SEVERITY_ERROR] = "error"};
    json_t *finding = json_pack("{s:s, s:s, s:o}", "severity", severities[severity], "rule", rule,
                                "message", one_line(message));
    if (property)
        json_object_set_new(finding, "property", json_string(property));
    json_t *line = json_pack("{s:o}", "finding", finding);
    if (stage != STAGE_COUNT)
        json_object_set_new(line, "stage", json_string(stage_name(stage)));
    add_line(probe, line);
}

void probe_finding(struct probe *probe, enum severity severity, const char *rule,
                   const char *property, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = text_vformat(format, arguments);
    va_end(arguments);
    probe_finding_at(probe, STAGE_COUNT, severity, rule, property, text);
    free(text);
}

void probe_keep_secret(struct probe *probe, const char *content)
{
    text_wipe_free(probe->kept_secret);
    probe->kept_secret = xstrdup(content);
}

void probe_server(struct probe *probe, const char *product, const char *version)
{
    json_t *server = json_pack("{s:o}", "product", one_line(product));
    if (version)
        json_object_set_new(server, "version", one_line(version));
    probe_send(probe, "server", server);
}

struct deadline probe_deadline(const struct probe *probe)
{
    return deadline_earlier(probe->attempt_deadline, probe->deadline);
}

void probe_bound(struct probe *probe, struct deadline deadline)
{
    probe->attempt_deadline = deadline_earlier(probe->attempt_deadline, deadline);
}

void probe_unbound(struct probe *probe)
{
    probe->attempt_deadline = probe->endpoint_deadline;
}

void probe_hurry(struct probe *side, struct deadline deadline)
{
    side->deadline = deadline_earlier(side->deadline, deadline);
}

bool probe_trace_wanted(const struct probe *probe)
{
    return probe->trace;
}

bool probe_observed(struct probe *probe, struct error *err)
{
    return net_observed(probe, err) && tls_observed(probe, err);
}

bool probe_timed_out(struct probe *probe, int fd, const char *what, struct error *err)
{
    const struct net_connection *connection = net_observer_connection(probe, fd);
    if (fd < 0 && connection)
        fd = connection->fd;
    char where[300];
    struct path_evidence evidence;
    net_observer_where(probe, fd, where, sizeof where);
    if (fd < 0 || !path_evidence_read(fd, &evidence))
        return error_set(err, REASON_TIMED_OUT,
                         "%s: no answer within the time of the test, waiting for %s", where, what);
    path_evidence_explain(probe, &evidence, where, what, err);
    return false;
}

/* Nothing comes after the verdict: the front need not wait for this process to be gone. */
static void say_last(struct probe *probe)
{
    flush(probe);
    shutdown(probe->fd, SHUT_WR);
}

void probe_verdict_ok(struct probe *probe)
{
    probe_send(probe, "ok", json_true());
    say_last(probe);
}

/* "label\ttext\n"... as [["label", "text"], ...]. */
static json_t *details_to_json(const char *details)
{
    json_t *list = json_array();
    for (const char *end; (end = strchr(details, '\n')); details = end + 1) {
        const char *tab = strchr(details, '\t');
        char *text = xstrndup(tab + 1, (size_t)(end - tab - 1));
        json_array_append_new(
            list, json_pack("[s%, o]", details, (size_t)(tab - details), one_line(text)));
        free(text);
    }
    return list;
}

void probe_verdict_failed(struct probe *probe, const struct error *err, int attempt)
{
    json_t *line = json_pack("{s:b, s:s, s:s, s:o}", "ok", 0, "stage", stage_name(probe->stage),
                             "code", reason_name(err->reason), "reason", one_line(err->message));
    if (err->remedy[0])
        json_object_set_new(line, "remedy", one_line(err->remedy));
    if (err->property[0])
        json_object_set_new(line, "property", one_line(err->property));
    if (err->brief[0])
        json_object_set_new(line, "brief", one_line(err->brief));
    if (err->details[0])
        json_object_set_new(line, "details", details_to_json(err->details));
    if (attempt >= 0)
        json_object_set_new(line, "attempt", json_integer(attempt));
    add_line(probe, line);
    say_last(probe);
}
