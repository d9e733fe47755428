/* SPDX-License-Identifier: Apache-2.0 */
/* http_connection.c - requests read one after another, each within its time. */
#include "http_connection.h"

#include <ctype.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/util.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "request_id.h"
#include "testconn/deadline.h"

enum {
    IDLE_MS = 120000,
    READ_MS = 20000, /* for a whole request, however it drips */
    WRITE_MS = 30000,
    LEAVE_MS = 2000,
    HEAD_MAXIMUM = 32768,
    AHEAD_MAXIMUM = 65536 /* bytes read while a request is in work */
};

void http_connection_limit(struct http_connection *connection, int milliseconds)
{
    struct timeval left = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    event_add(connection->timer, &left);
}

static void free_work(struct http_connection *connection)
{
    struct http_work *work = connection->work;
    if (!work)
        return;
    http_head_release(&work->exchange.head);
    if (work->exchange.body.data)
        text_wipe(work->exchange.body.data, work->exchange.body.length);
    text_buffer_release(&work->exchange.body);
    text_buffer_release(&work->headers);
    free(work);
    connection->work = NULL;
}

void http_connection_close(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    TAILQ_REMOVE(&server->connections, connection, entry);
    server->count--;
    free_work(connection);
    event_free(connection->timer);
    bufferevent_free(connection->io);
    free(connection);
    http_server_closed(server);
}

static struct http_work *begin_work(struct http_connection *connection)
{
    struct http_work *work = connection->work = xcalloc(1, sizeof *work);
    work->connection = connection;
    snprintf(work->exchange.peer, sizeof work->exchange.peer, "%s", connection->peer);
    request_id_make(work->exchange.request_id);
    return work;
}

/* What came is no request that could be understood: say so, and no more. */
static void refuse(struct http_connection *connection, int status, const char *why)
{
    struct http_settings *settings = &connection->server->settings;
    if (!connection->work)
        begin_work(connection);
    struct http_exchange *exchange = &connection->work->exchange;
    char *body = settings->refusal(status, why);
    connection->closing = connection->unread = true;
    connection->state = HTTP_WORKING;
    exchange->operation = "-";
    exchange->outcome = "malformed";
    exchange->began_us = clock_now_us();
    http_answer(exchange, status, "application/x-amz-json-1.1", body, strlen(body));
    free(body);
}

static void hand_over(struct http_connection *connection)
{
    struct http_exchange *exchange = &connection->work->exchange;
    connection->state = HTTP_WORKING;
    connection->closing = !exchange->head.keep_alive || connection->server->draining;
    exchange->began_us = clock_now_us();
    event_del(connection->timer);
    connection->server->settings.handle(exchange, connection->server->settings.argument);
}

/* What is no request from its first byte on: its sender would wait for an answer in vain. */
static const char *find_stranger(const char *bytes, size_t length)
{
    enum { TLS_HANDSHAKE = 0x16 };
    while (length && (*bytes == '\r' || *bytes == '\n')) {
        bytes++;
        length--;
    }
    if (!length || isalpha((unsigned char)*bytes))
        return NULL;
    return *bytes == TLS_HANDSHAKE
               ? "this is TLS, and plain HTTP is spoken here (--tls-certificate)"
               : "this is not HTTP";
}

/* Whether the head is there and right. */
static bool read_head(struct http_connection *connection)
{
    struct evbuffer *input = bufferevent_get_input(connection->io);
    size_t have = evbuffer_get_length(input);
    const char *why = NULL;
    if (have > HEAD_MAXIMUM + 1)
        have = HEAD_MAXIMUM + 1;
    const char *bytes = (const char *)evbuffer_pullup(input, (ev_ssize_t)have);
    size_t length = bytes ? http_head_length(bytes, have) : 0;
    if (length == 0 && (why = find_stranger(bytes, have))) {
        refuse(connection, 400, why);
        return false;
    }
    if (length == 0 || length > HEAD_MAXIMUM) {
        if (have > HEAD_MAXIMUM)
            refuse(connection, 431, "the head of the request is larger than 32 KiB");
        return false;
    }
    struct http_head *head = &begin_work(connection)->exchange.head;
    int status = http_head_read(head, bytes, length, &why);
    evbuffer_drain(input, length);
    if (status == 0 && head->content_length > connection->server->settings.body) {
        status = 413;
        why = "the body of the request is too large";
    }
    if (status) {
        refuse(connection, status, why);
        return false;
    }
    if (head->expects_continue && evbuffer_get_length(input) == 0)
        bufferevent_write(connection->io, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    return true;
}

/* Whether the body is whole. */
static bool read_body(struct http_connection *connection)
{
    struct http_work *work = connection->work;
    struct http_exchange *exchange = &work->exchange;
    struct evbuffer *input = bufferevent_get_input(connection->io);
    bool too_large = false;
    for (;;) {
        struct evbuffer_iovec piece;
        if (!exchange->head.chunked && exchange->body.length == exchange->head.content_length)
            return true;
        if (evbuffer_peek(input, -1, NULL, &piece, 1) < 1)
            return false;
        size_t used = piece.iov_len;
        if (exchange->head.chunked) {
            used = http_chunks_take(&work->chunks, piece.iov_base, piece.iov_len,
                                    connection->server->settings.body, &exchange->body, &too_large);
        } else {
            size_t left = exchange->head.content_length - exchange->body.length;
            used = used < left ? used : left;
            text_append_bytes(&exchange->body, piece.iov_base, used);
        }
        evbuffer_drain(input, used);
        if (work->chunks.state == CHUNK_DONE)
            return true;
        if (work->chunks.state == CHUNK_BAD) {
            refuse(connection, too_large ? 413 : 400,
                   too_large ? "the body of the request is too large"
                             : "the body's chunks are malformed");
            return false;
        }
    }
}

void http_connection_continue(struct http_connection *connection)
{
    struct evbuffer *input = bufferevent_get_input(connection->io);
    if (connection->state == HTTP_LEAVING)
        evbuffer_drain(input, evbuffer_get_length(input));
    if (connection->state > HTTP_READING)
        return;
    if (connection->state == HTTP_IDLE) {
        if (evbuffer_get_length(input) == 0)
            return;
        connection->state = HTTP_READING;
        http_connection_limit(connection, READ_MS);
    }
    if ((connection->work || read_head(connection)) && read_body(connection))
        hand_over(connection);
}

static void see_input(struct bufferevent *io, void *argument)
{
    (void)io;
    http_connection_continue(argument);
}

/* To close at once would reset the connection, and the client could lose the answer that it has not
 * read: let it say to its end what it says. */
static void leave(struct http_connection *connection)
{
    connection->state = HTTP_LEAVING;
    shutdown(bufferevent_getfd(connection->io), SHUT_WR);
    http_connection_limit(connection, LEAVE_MS);
    http_connection_continue(connection);
}

/* The answer is out. */
static void see_output(struct bufferevent *io, void *argument)
{
    struct http_connection *connection = argument;
    (void)io;
    if (connection->state != HTTP_WRITING)
        return;
    if (connection->unread) {
        leave(connection);
        return;
    }
    if (connection->closing || connection->server->draining) {
        http_connection_close(connection);
        return;
    }
    free_work(connection);
    connection->state = HTTP_IDLE;
    http_connection_limit(connection, IDLE_MS);
    http_connection_continue(connection);
}

/* The client has left, or the connection broke. One who waits for what is quick may have closed one
 * direction only, and is answered. */
static void see_end(struct bufferevent *io, short what, void *argument)
{
    struct http_connection *connection = argument;
    bool half = what & BEV_EVENT_EOF;
    if (what & BEV_EVENT_CONNECTED) { /* TLS is up */
        http_connection_limit(connection, IDLE_MS);
        return;
    }
    (void)io;
    connection->closing = true;
    if (connection->state == HTTP_WORKING) {
        struct http_exchange *exchange = &connection->work->exchange;
        bufferevent_disable(connection->io, EV_READ);
        connection->left = !half;
        if (!exchange->gone)
            return;
        connection->server->settings.ended(exchange, 0, connection->server->settings.argument);
        exchange->gone(exchange, exchange->argument);
    } else if (connection->state == HTTP_WRITING && half) {
        return;
    }
    http_connection_close(connection);
}

static void see_time(evutil_socket_t fd, short what, void *argument)
{
    struct http_connection *connection = argument;
    (void)fd;
    (void)what;
    if (connection->state == HTTP_READING)
        refuse(connection, 408, "the request was not whole within 20 s");
    else
        http_connection_close(connection);
}

static struct bufferevent *open_stream(struct http_server *server, evutil_socket_t fd)
{
    if (!server->settings.tls)
        return bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
    struct bufferevent *io =
        bufferevent_openssl_socket_new(server->base, fd, SSL_new(server->settings.tls),
                                       BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_openssl_set_allow_dirty_shutdown(io, 1);
    return io;
}

void http_connection_open(struct http_server *server, evutil_socket_t fd, const char *peer)
{
    struct http_connection *connection = xcalloc(1, sizeof *connection);
    connection->server = server;
    connection->io = open_stream(server, fd);
    connection->timer = evtimer_new(server->base, see_time, connection);
    snprintf(connection->peer, sizeof connection->peer, "%s", peer);
    TAILQ_INSERT_TAIL(&server->connections, connection, entry);
    server->count++;
    bufferevent_setcb(connection->io, see_input, see_output, see_end, connection);
    bufferevent_setwatermark(connection->io, EV_READ, 0, AHEAD_MAXIMUM);
    http_connection_limit(connection, server->settings.tls ? READ_MS : IDLE_MS);
    bufferevent_enable(connection->io, EV_READ | EV_WRITE);
}

void http_answer_header(struct http_exchange *exchange, const char *name, const char *value)
{
    struct http_work *work = (struct http_work *)exchange;
    text_append_format(&work->headers, "%s: %s\r\n", name, value);
}

/* Whether there is anybody to answer; the request is over for log and metrics. */
static struct http_connection *begin_answer(struct http_exchange *exchange, int status)
{
    struct http_connection *connection = ((struct http_work *)exchange)->connection;
    struct http_settings *settings = &connection->server->settings;
    settings->ended(exchange, status, settings->argument);
    if (connection->left) {
        http_connection_close(connection);
        return NULL;
    }
    evbuffer_add_printf(bufferevent_get_output(connection->io), "HTTP/1.1 %d %s\r\n", status,
                        http_status_words(status));
    return connection;
}

static void end_answer(struct http_connection *connection, const char *body, size_t length)
{
    struct evbuffer *output = bufferevent_get_output(connection->io);
    evbuffer_add_printf(output, "%s\r\n", connection->closing ? "Connection: close\r\n" : "");
    evbuffer_add(output, body, length);
    connection->state = HTTP_WRITING;
    http_connection_limit(connection, WRITE_MS);
}

/* By it the clients of AWS put their clocks right where a signature is out of time. */
static void add_date(struct evbuffer *output)
{
    char date[64];
    struct tm parts;
    time_t now = time(NULL);
    gmtime_r(&now, &parts);
    evutil_date_rfc1123(date, sizeof date, &parts);
    evbuffer_add_printf(output, "Date: %s\r\n", date);
}

void http_answer(struct http_exchange *exchange, int status, const char *type, const char *body,
                 size_t length)
{
    const struct http_work *work = (const struct http_work *)exchange;
    bool bodiless = exchange->head.method && strcmp(exchange->head.method, "HEAD") == 0;
    struct http_connection *connection = begin_answer(exchange, status);
    if (!connection)
        return;
    add_date(bufferevent_get_output(connection->io));
    evbuffer_add_printf(bufferevent_get_output(connection->io),
                        "Content-Type: %s\r\nx-amzn-RequestId: %s\r\nContent-Length: %zu\r\n%s",
                        type, exchange->request_id, length,
                        work->headers.data ? work->headers.data : "");
    end_answer(connection, body, bodiless ? 0 : length);
}

void http_answer_as(struct http_exchange *exchange, int status, const char *headers,
                    const char *length_given, const char *body, size_t length)
{
    struct http_connection *connection = begin_answer(exchange, status);
    if (!connection)
        return;
    struct evbuffer *output = bufferevent_get_output(connection->io);
    evbuffer_add(output, headers, strlen(headers));
    if (length_given)
        evbuffer_add_printf(output, "Content-Length: %s\r\n", length_given);
    else if (status != 204 && status != 304)
        evbuffer_add_printf(output, "Content-Length: %zu\r\n", length);
    end_answer(connection, body, length);
}
