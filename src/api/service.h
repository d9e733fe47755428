/* SPDX-License-Identifier: Apache-2.0 */
/* service.h - `testconn serve`: what it was told, what it consists of, its loop. */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "access.h"
#include "flights.h"
#include "http_server.h"
#include "metrics.h"
#include "references.h"
#include "reports.h"
#include "store.h"
#include "upstream.h"

struct service_texts {
    const char *const *items;
    size_t count;
};

/* What the operator has said; borrowed. */
struct service_settings {
    struct service_texts listen; /* "127.0.0.1:9480", "[::1]:9480" */
    const char *catalog;         /* URL; NULL: stateless */
    const char *key_file;
    const char *encrypt; /* the KMS key that passwords are stored under; NULL: as they are */
    const char *tls_certificate, *tls_key; /* PEM files; NULL: in the clear */
    const char *upstream;                  /* URL of what is not ours; NULL: none */
    const char *credentials;               /* file; NULL: nobody signs */
    const char *drivers;                   /* folder */
    long tests;                            /* at a time */
    long timeout_ms;                       /* of a test */
    long connections;
    long drain_ms;
    struct service_texts allow, deny; /* outbound rules */
    struct references_allowed files;
};

struct service {
    const struct service_settings *settings;
    struct event_base *base;
    struct http_server *http;
    struct access *access;
    struct ssl_ctx_st *tls;    /* NULL: in the clear */
    struct store *store;       /* NULL: stateless */
    struct upstream *upstream; /* NULL: none */
    struct flights *flights;
    struct registry *registry;
    struct reports *reports;
    struct metrics *metrics;
    char *policy; /* outbound, as text; NULL: none */
    bool draining;
};

/* Check SETTINGS and what they name, without serving. False with ERR set. */
bool service_check(const struct service_settings *settings, struct error *err);

/* Serve until a signal ends it. Returns 0, or false with ERR set when it could not begin. */
bool service_run(const struct service_settings *settings, struct error *err);

/* Answer one request: routes. */
void service_handle(struct http_exchange *exchange, void *service);

#endif
