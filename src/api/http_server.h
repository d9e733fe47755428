/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_server.h - HTTP/1.1 on the front's event loop: listeners, connections, limits, answers.
 *
 * Not libevent's evhttp: that tells nobody when a client leaves while its request is in work, takes
 * a dripping client for an active one, and changes header lines that were signed.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http_head.h"
#include "testconn/error.h"

/* One request in work. */
struct http_exchange {
    struct http_head head;
    struct text_buffer body;
    char peer[64]; /* "192.0.2.7" */
    char request_id[37];
    int64_t began_us; /* when it was whole; monotonic */
    /* Filled in by whoever handles it: */
    void (*gone)(struct http_exchange *exchange, void *argument);
    void *argument;
    const char *access_key; /* who signed it; NULL: nobody */
    const char *operation;  /* what it was, for log and metrics; static */
    const char *outcome;    /* "ok", or the code of the exception; static */
    const char *stage;      /* where a test failed, and its code; static; NULL: none did */
    const char *code;
    char connection[64]; /* which one it was about, for the log; "": none */
    int timeout_ms;
    unsigned rights;
    bool forbidden; /* what is answered is answered with 403 */
};

/*
 * Called for each whole request, which is to be answered once: by http_answer(), from here or
 * later. A client that leaves before is told by EXCHANGE->gone, where that is set: then the
 * exchange is over without an answer. Where it is not set the answer goes nowhere.
 */
typedef void http_handler(struct http_exchange *exchange, void *argument);

/* Called for each answer that was begun with its status: log and metrics. STATUS 0: the client left
 * before. */
typedef void http_ended(const struct http_exchange *exchange, int status, void *argument);

struct http_settings {
    size_t connections;     /* at a time; more wait to be accepted */
    size_t body;            /* bytes */
    struct ssl_ctx_st *tls; /* for every listener; NULL: in the clear. Borrowed */
    http_handler *handle;
    http_ended *ended;
    /* The body of an answer to what is no HTTP; the caller frees it. */
    char *(*refusal)(int status, const char *why);
    void *argument;
};

struct http_server;

struct http_server *http_server_new(struct event_base *base, const struct http_settings *settings);
void http_server_free(struct http_server *server); /* closes every connection; NULL is allowed */

/* Listen on HOST ("127.0.0.1", "::1", "localhost") and PORT; 0: any free one. The port is put into
 * *BOUND. False with ERR set. */
bool http_server_listen(struct http_server *server, const char *host, uint16_t port,
                        uint16_t *bound, struct error *err);

/* Accept nothing more, close what is idle, and everything else after its answer. */
void http_server_drain(struct http_server *server);

/* How many connections are open. */
size_t http_server_connections(const struct http_server *server);

/* A header line of the answer to come. */
void http_answer_header(struct http_exchange *exchange, const char *name, const char *value);

/* Answer EXCHANGE with HEADERS, lines that each end in CR LF, as another server has answered;
 * LENGTH_GIVEN is the Content-Length where there is no body (HEAD), or NULL. */
void http_answer_as(struct http_exchange *exchange, int status, const char *headers,
                    const char *length_given, const char *body, size_t length);

/* Answer EXCHANGE, which is over then. TYPE is the content type. */
void http_answer(struct http_exchange *exchange, int status, const char *type, const char *body,
                 size_t length);

#endif
