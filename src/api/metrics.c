/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c - what the service has done since it was started. */
#include "metrics.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "words.h"

static const double buckets_ms[] = {5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 20000};
enum { BUCKETS = sizeof buckets_ms / sizeof *buckets_ms };

struct histogram {
    unsigned long long counts[BUCKETS];
    unsigned long long count;
    double sum_ms;
};

struct metrics {
    json_t *tests;    /* labels -> count */
    json_t *requests; /* labels -> count */
    struct histogram test_duration, request_duration;
    unsigned long long cancelled, killed;
    time_t began;
};

struct metrics *metrics_new(void)
{
    struct metrics *metrics = xcalloc(1, sizeof *metrics);
    metrics->tests = json_object();
    metrics->requests = json_object();
    metrics->began = time(NULL);
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    json_decref(metrics->tests);
    json_decref(metrics->requests);
    free(metrics);
}

static void count(json_t *counts, char *labels)
{
    json_int_t before = json_integer_value(json_object_get(counts, labels));
    json_object_set_new(counts, labels, json_integer(before + 1));
    free(labels);
}

static void observe(struct histogram *histogram, double milliseconds)
{
    for (int i = 0; i < BUCKETS; i++)
        histogram->counts[i] += milliseconds <= buckets_ms[i];
    histogram->count++;
    histogram->sum_ms += milliseconds;
}

void metrics_test(struct metrics *metrics, const struct report *report)
{
    static const char *const words[] = {[REPORT_OK] = "ok",
                                        [REPORT_FAILED] = "failed",
                                        [REPORT_ERROR] = "error",
                                        [REPORT_SKIPPED] = "skipped"};
    const char *type = report->connection_type;
    /* A closed list: a caller's word would be a label without end. */
    bool known = type && connection_type_standing(type) != TYPE_UNKNOWN;
    count(metrics->tests,
          text_format("type=\"%s\",driver=\"%s\",result=\"%s\",code=\"%s\"",
                      known ? type : "unknown", report->driver ? report->driver : "",
                      words[report->status], report->code ? reason_name(report->code) : "OK"));
    metrics->killed += report->code == REASON_TIMED_OUT || report->code == REASON_WORKER_CRASHED;
    observe(&metrics->test_duration, report->duration_ms);
}

void metrics_cancelled(struct metrics *metrics)
{
    metrics->cancelled++;
    metrics->killed++;
}

void metrics_request(struct metrics *metrics, const char *operation, int status, double duration_ms)
{
    count(metrics->requests,
          text_format("operation=\"%s\",status=\"%d\"", operation ? operation : "-", status));
    observe(&metrics->request_duration, duration_ms);
}

static void print_head(struct text_buffer *out, const char *name, const char *kind,
                       const char *help)
{
    text_append_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void print_one(struct text_buffer *out, const char *name, const char *kind, const char *help,
                      double value)
{
    print_head(out, name, kind, help);
    text_append_format(out, "%s %.15g\n", name, value);
}

static void print_counts(struct text_buffer *out, const char *name, const char *help,
                         json_t *counts)
{
    const char *labels;
    json_t *value;
    print_head(out, name, "counter", help);
    json_object_foreach(counts, labels, value)
    {
        text_append_format(out, "%s{%s} %lld\n", name, labels,
                           (long long)json_integer_value(value));
    }
}

static void print_histogram(struct text_buffer *out, const char *name, const char *help,
                            const struct histogram *histogram)
{
    print_head(out, name, "histogram", help);
    for (int i = 0; i < BUCKETS; i++)
        text_append_format(out, "%s_bucket{le=\"%.15g\"} %llu\n", name, buckets_ms[i] / 1000,
                           histogram->counts[i]);
    text_append_format(out, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.15g\n%s_count %llu\n", name,
                       histogram->count, name, histogram->sum_ms / 1000, name, histogram->count);
}

void metrics_print(const struct metrics *metrics, const struct metrics_now *now,
                   struct text_buffer *out)
{
    print_head(out, "testconn_build_info", "gauge", "The version of testconn.");
    text_append_format(out, "testconn_build_info{version=\"%s\"} 1\n", TESTCONN_VERSION);
    print_one(out, "process_start_time_seconds", "gauge", "When the service was started.",
              (double)metrics->began);
    print_one(out, "testconn_tests_in_flight", "gauge", "Tests that run now.",
              (double)now->tests_in_flight);
    print_one(out, "testconn_tests_maximum", "gauge", "How many may run at a time.",
              (double)now->tests_maximum);
    print_one(out, "testconn_http_connections", "gauge", "Open connections of clients.",
              (double)now->connections);
    print_one(out, "testconn_catalog_up", "gauge", "Whether the catalog can be asked.",
              now->catalog_ready);
    print_one(out, "testconn_catalog_restarts_total", "counter",
              "How often the catalog process was replaced.", now->catalog_restarts);
    print_one(out, "testconn_tests_cancelled_total", "counter",
              "Tests ended because their last caller left.", (double)metrics->cancelled);
    print_one(out, "testconn_workers_killed_total", "counter",
              "Workers that were ended, or died, without a verdict in time.",
              (double)metrics->killed);
    print_counts(out, "testconn_tests_total", "Tests by type, driver, result and reason code.",
                 metrics->tests);
    print_counts(out, "testconn_requests_total", "Requests by operation and HTTP status.",
                 metrics->requests);
    print_histogram(out, "testconn_test_duration_seconds", "How long tests took.",
                    &metrics->test_duration);
    print_histogram(out, "testconn_request_duration_seconds", "How long requests took.",
                    &metrics->request_duration);
}

/* "2027-01-31T12:00:00Z" as seconds since 1970; 0 when it is none. */
static double to_seconds(const char *date)
{
    struct tm parts = {0};
    const char *end = date ? strptime(date, "%Y-%m-%dT%H:%M:%S", &parts) : NULL;
    return end ? (double)timegm(&parts) : 0;
}

static void print_tls(const json_t *tls, struct text_buffer *out)
{
    const char *version = json_string_value(json_object_get(tls, "version"));
    const char *cipher = json_string_value(json_object_get(tls, "cipher"));
    const json_t *chain = json_object_get(tls, "chain");
    double earliest = 0;
    for (size_t i = 0; i < json_array_size(chain); i++) {
        double end =
            to_seconds(json_string_value(json_object_get(json_array_get(chain, i), "not_after")));
        if (end > 0 && (earliest <= 0 || end < earliest))
            earliest = end;
    }
    print_one(out, "probe_ssl_earliest_cert_expiry", "gauge",
              "When the first certificate of the chain expires, in seconds since 1970.", earliest);
    print_head(out, "probe_tls_version_info", "gauge", "The TLS version.");
    text_append_format(out, "probe_tls_version_info{version=\"%s\"} 1\n", version ? version : "");
    print_head(out, "probe_tls_cipher_info", "gauge", "The TLS cipher.");
    text_append_format(out, "probe_tls_cipher_info{cipher=\"%s\"} 1\n", cipher ? cipher : "");
}

static void print_stages(const struct report *report, struct text_buffer *out)
{
    print_head(out, "probe_stage_duration_seconds", "gauge", "How long each stage took.");
    for (int i = 0; i < STAGE_COUNT; i++)
        if (report->stages[i].status != STAGE_NOT_REACHED)
            text_append_format(out, "probe_stage_duration_seconds{stage=\"%s\"} %.9g\n",
                               stage_name((enum stage)i), report->stages[i].duration_ms / 1000);
}

void metrics_print_probe(const struct report *report, int timeout_ms, struct text_buffer *out)
{
    const struct stage_report *dns = &report->stages[STAGE_DNS];
    const char *address = json_string_value(json_object_get(report->target, "address"));
    print_one(out, "probe_success", "gauge", "Whether the test passed.",
              report->status == REPORT_OK);
    print_one(out, "probe_duration_seconds", "gauge", "How long the test took.",
              report->duration_ms / 1000);
    print_one(out, "probe_timeout_seconds", "gauge", "How long it could have taken.",
              timeout_ms / 1000.0);
    if (dns->status != STAGE_NOT_REACHED)
        print_one(out, "probe_dns_lookup_time_seconds", "gauge", "How long the name took.",
                  dns->duration_ms / 1000);
    if (address)
        print_one(out, "probe_ip_protocol", "gauge", "4 or 6.", strchr(address, ':') ? 6 : 4);
    if (report->tls)
        print_tls(report->tls, out);
    print_stages(report, out);
    if (report->status == REPORT_OK)
        return;
    print_head(out, "probe_failure_info", "gauge", "Where and why the test failed.");
    text_append_format(out, "probe_failure_info{stage=\"%s\",reason=\"%s\"} 1\n",
                       stage_name(report->stage),
                       report->code ? reason_name(report->code) : "SKIPPED");
}
