/* SPDX-License-Identifier: Apache-2.0 */
/* http_connection.h - one connection of a client, as the files of the HTTP server share it. */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include <event2/bufferevent.h>
#include <sys/queue.h>

#include "http_server.h"

struct http_connection {
    TAILQ_ENTRY(http_connection) entry;
    struct http_server *server;
    struct bufferevent *io;
    struct event *timer;
    char peer[64];
    enum {
        HTTP_IDLE,    /* between requests */
        HTTP_READING, /* a request has begun */
        HTTP_WORKING, /* it is with its handler */
        HTTP_WRITING, /* its answer is on the way */
        HTTP_LEAVING  /* all is said; what the client still sends is not looked at */
    } state;
    struct http_work *work; /* from its head on; NULL: none */
    bool closing;           /* after the answer at hand */
    bool unread;            /* the request was refused before all of it was read */
    bool left;              /* the client is gone */
};

/* The request at hand: nothing of it is there while a connection is idle. */
struct http_work {
    struct http_exchange exchange; /* first: http_answer() knows the work by it */
    struct http_connection *connection;
    struct http_chunks chunks;
    struct text_buffer headers; /* of the answer */
};

struct http_server {
    struct event_base *base;
    struct http_settings settings;
    TAILQ_HEAD(, http_connection) connections;
    size_t count;
    struct evconnlistener *listeners[8];
    size_t listener_count;
    bool draining, full;
    int64_t told_us; /* when the log was told so last; 0: never */
};

/* Serve FD, which is taken over. */
void http_connection_open(struct http_server *server, evutil_socket_t fd, const char *peer);
void http_connection_close(struct http_connection *connection);

/* Go on with what has been read already. */
void http_connection_continue(struct http_connection *connection);

/* Let CONNECTION wait for no longer than MILLISECONDS. */
void http_connection_limit(struct http_connection *connection, int milliseconds);

/* One connection less: accept again. */
void http_server_closed(struct http_server *server);

/* The answer's words for STATUS. */
const char *http_status_words(int status);

#endif
