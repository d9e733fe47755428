/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h - counters in Prometheus' text format. No label names a target, a user or a connection.
 */
#ifndef METRICS_H
#define METRICS_H

#include "report.h"
#include "text.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/* A test is over. */
void metrics_test(struct metrics *metrics, const struct report *report);

/* The last caller of a test left, and it was ended. */
void metrics_cancelled(struct metrics *metrics);

/* A request for OPERATION (static) was answered with STATUS (0: the client left). */
void metrics_request(struct metrics *metrics, const char *operation, int status,
                     double duration_ms);

/* What is not counted here. */
struct metrics_now {
    size_t tests_in_flight, tests_maximum, connections;
    unsigned catalog_restarts;
    bool catalog_ready;
};
void metrics_print(const struct metrics *metrics, const struct metrics_now *now,
                   struct text_buffer *out);

/* What one test found, by the names of the blackbox exporter where it has them. */
void metrics_print_probe(const struct report *report, int timeout_ms, struct text_buffer *out);

#endif
