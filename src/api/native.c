/* SPDX-License-Identifier: Apache-2.0 */
/* native.c - for orchestrators, Prometheus, and whoever wants a report whole. */
#include "native.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aws_json.h"
#include "log.h"
#include "test_call.h"
#include "text.h"

enum { PROBE_MARGIN_MS = 500, PROBE_DEFAULT_MS = 9500 };

static void answer_text(struct http_exchange *exchange, int status, const char *type,
                        const char *text)
{
    if (!exchange->outcome)
        exchange->outcome = status == 200 ? "ok" : "refused";
    http_answer(exchange, status, type, text, strlen(text));
}

static void answer_json(struct http_exchange *exchange, int status, json_t *document)
{
    char *text = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(12));
    answer_text(exchange, status, "application/json", text);
    text_wipe_free(text);
}

void native_refuse(struct http_exchange *exchange, int status, const char *words)
{
    json_t *body = json_pack("{s:o}", "message", aws_json_text(words));
    answer_json(exchange, status, body);
    json_decref(body);
}

void native_live(struct service *service, struct http_exchange *exchange)
{
    (void)service;
    answer_text(exchange, 200, "text/plain", "ok\n");
}

/* Somebody who is asked for a readiness. */
struct readiness {
    struct service *service;
    struct http_exchange *exchange;
};

/* Nobody has signed: where callers have to, why is in the log. */
static void answer_ready(void *argument, enum catalog_result result, const json_t *answer,
                         const struct error *err)
{
    struct readiness *readiness = argument;
    struct http_exchange *exchange = readiness->exchange;
    (void)answer;
    if (result == CATALOG_OK) {
        answer_text(exchange, 200, "text/plain", "ok\n");
    } else {
        char *words = text_format(
            "the catalog cannot be asked: %s\n",
            access_is_open(readiness->service->access) ? err->message : reason_name(err->reason));
        log_line(LOG_WARN, "not ready", "request_id", exchange->request_id, "reason", err->message,
                 NULL);
        answer_text(exchange, 503, "text/plain", words);
        free(words);
    }
    free(readiness);
}

/* Each question to a catalog of somebody else's may cost. */
void native_ready(struct service *service, struct http_exchange *exchange)
{
    if (service->draining) {
        answer_text(exchange, 503, "text/plain", "draining\n");
    } else if (!service->store || store_is_foreign(service->store)) {
        answer_text(exchange, 200, "text/plain", "ok\n");
    } else {
        struct readiness *readiness = xcalloc(1, sizeof *readiness);
        *readiness = (struct readiness){service, exchange};
        store_ask(service->store, json_pack("{s:s, s:i}", "call", "list", "limit", 1), answer_ready,
                  readiness);
    }
}

void native_metrics(struct service *service, struct http_exchange *exchange)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    struct metrics_now now = {
        .tests_in_flight = flights_count(service->flights),
        .tests_maximum = (size_t)service->settings->tests,
        .connections = http_server_connections(service->http),
        .catalog_restarts = service->store ? store_restarts(service->store) : 0,
        .catalog_ready = !service->store || store_is_ready(service->store),
    };
    metrics_print(service->metrics, &now, &out);
    answer_text(exchange, 200, METRICS_TYPE, out.data);
    text_buffer_release(&out);
}

/* Prometheus' own time-out, less what it takes to answer; never more than a test has. */
static int probe_timeout_ms(const struct service *service, const struct http_exchange *exchange)
{
    const char *header = http_head_find(&exchange->head, "X-Prometheus-Scrape-Timeout-Seconds");
    double seconds = header ? strtod(header, NULL) : 0;
    double most = (double)service->settings->timeout_ms;
    double wanted =
        isfinite(seconds) && seconds > 0 ? seconds * 1000 - PROBE_MARGIN_MS : PROBE_DEFAULT_MS;
    if (wanted < 1)
        wanted = 1;
    return (int)(wanted < most ? wanted : most);
}

static void answer_probe(struct http_exchange *exchange, const struct report *report,
                         json_t *document)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    (void)document;
    metrics_print_probe(report, exchange->timeout_ms, &out);
    answer_text(exchange, 200, METRICS_TYPE, out.data);
    text_buffer_release(&out);
}

void native_probe(struct service *service, struct http_exchange *exchange)
{
    char *target = http_head_parameter(&exchange->head, "target");
    exchange->timeout_ms = probe_timeout_ms(service, exchange);
    if (!target || !*target || !text_is_utf8(target, strlen(target)))
        native_refuse(exchange, 400, "the parameter target has to name a stored connection");
    else
        test_call_by_name(service, exchange, target, exchange->timeout_ms, answer_probe);
    free(target);
}

static void answer_document(struct http_exchange *exchange, const struct report *report,
                            json_t *document)
{
    (void)report;
    answer_json(exchange, 200, document);
}

/* ?timeout=5s, at most what a test has. False after it was refused. */
static bool read_timeout(const struct service *service, struct http_exchange *exchange)
{
    char *text = http_head_parameter(&exchange->head, "timeout");
    long milliseconds = service->settings->timeout_ms;
    bool right = !text || text_to_milliseconds(text, &milliseconds);
    free(text);
    if (!right)
        native_refuse(exchange, 400, "timeout is a positive number with ms, s or m: 500ms, 5s");
    if (milliseconds > service->settings->timeout_ms)
        milliseconds = service->settings->timeout_ms;
    exchange->timeout_ms = (int)milliseconds;
    return right;
}

void native_test(struct service *service, struct http_exchange *exchange)
{
    struct problems problems = PROBLEMS_INIT;
    struct connection *input = NULL;
    const char *name = NULL;
    const char *type = http_head_find(&exchange->head, "Content-Type");
    if (!type || !text_starts_nocase(type, "application/")) {
        native_refuse(exchange, 415, "the Content-Type is not application/json");
        return;
    }
    if (!read_timeout(service, exchange))
        return;
    json_t *body = aws_json_read(exchange);
    if (!body)
        return;
    if (!test_call_read(body, &name, &input, &problems)) {
        aws_json_refuse_problems(exchange, &problems, "");
        connection_free(input);
    } else if (input) {
        test_call_inline(service, exchange, input, exchange->timeout_ms, answer_document);
    } else {
        test_call_by_name(service, exchange, name, exchange->timeout_ms, answer_document);
    }
    problems_release(&problems);
    json_decref(body);
}

void native_report(struct service *service, struct http_exchange *exchange)
{
    const char *id = strrchr(exchange->head.path, '/') + 1;
    json_t *document = reports_find(service->reports, id);
    if (document)
        answer_json(exchange, 200, document);
    else
        native_refuse(exchange, 404, "no report is kept for this request");
}
