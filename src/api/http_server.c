/* SPDX-License-Identifier: Apache-2.0 */
/* http_server.c - listening, accepting no more than there is room for, draining. */
#include "http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http_connection.h"
#include "log.h"
#include "testconn/deadline.h"

enum { BACKLOG = 1024, PORT_SIZE = 8, TELL_S = 10 };

const char *http_status_words(int status)
{
    static const struct {
        int status;
        const char *words;
    } all[] = {{200, "OK"},
               {201, "Created"},
               {202, "Accepted"},
               {204, "No Content"},
               {206, "Partial Content"},
               {301, "Moved Permanently"},
               {302, "Found"},
               {304, "Not Modified"},
               {307, "Temporary Redirect"},
               {400, "Bad Request"},
               {403, "Forbidden"},
               {404, "Not Found"},
               {405, "Method Not Allowed"},
               {409, "Conflict"},
               {411, "Length Required"},
               {412, "Precondition Failed"},
               {416, "Range Not Satisfiable"},
               {429, "Too Many Requests"},
               {408, "Request Timeout"},
               {413, "Content Too Large"},
               {415, "Unsupported Media Type"},
               {431, "Request Header Fields Too Large"},
               {500, "Internal Server Error"},
               {501, "Not Implemented"},
               {502, "Bad Gateway"},
               {503, "Service Unavailable"},
               {504, "Gateway Timeout"},
               {505, "HTTP Version Not Supported"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].status == status)
            return all[i].words;
    return "Unknown";
}

struct http_server *http_server_new(struct event_base *base, const struct http_settings *settings)
{
    struct http_server *server = xcalloc(1, sizeof *server);
    server->base = base;
    server->settings = *settings;
    TAILQ_INIT(&server->connections);
    return server;
}

static void describe(const struct sockaddr *address, char *out, size_t size)
{
    const void *bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (!inet_ntop(address->sa_family, bytes, out, (socklen_t)size))
        snprintf(out, size, "-");
}

static void listen_again(struct http_server *server, bool on)
{
    for (size_t i = 0; i < server->listener_count; i++)
        if (on)
            evconnlistener_enable(server->listeners[i]);
        else
            evconnlistener_disable(server->listeners[i]);
}

/* Nobody is accepted until somebody leaves. Those who wait see nothing but silence: the log says
 * why, now and then. */
static void shut(struct http_server *server, const char *why)
{
    char count[24];
    server->full = true;
    listen_again(server, false);
    if (server->told_us && clock_now_us() - server->told_us < (int64_t)TELL_S * 1000000)
        return;
    server->told_us = clock_now_us();
    snprintf(count, sizeof count, "%zu", server->count);
    log_line(LOG_WARN, "no connection is accepted until one is closed", "open", count, "reason",
             why, NULL);
}

static void see_visitor(struct evconnlistener *listener, evutil_socket_t fd,
                        struct sockaddr *address, int length, void *argument)
{
    struct http_server *server = argument;
    char peer[64];
    int on = 1;
    (void)listener;
    (void)length;
    describe(address, peer, sizeof peer);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    http_connection_open(server, fd, peer);
    if (server->count >= server->settings.connections)
        shut(server, "as many are open as --max-connections allows");
}

/* No descriptor left: those that wait are accepted when a connection has closed. */
static void see_trouble(struct evconnlistener *listener, void *argument)
{
    struct http_server *server = argument;
    const char *why = strerror(errno);
    (void)listener;
    if (server->count > 0)
        shut(server, why);
}

void http_server_closed(struct http_server *server)
{
    if (!server->full || server->draining)
        return;
    server->full = false;
    listen_again(server, true);
}

static bool listen_at(struct http_server *server, const struct addrinfo *at, uint16_t *bound)
{
    struct sockaddr_storage own;
    socklen_t length = sizeof own;
    struct evconnlistener *listener =
        evconnlistener_new_bind(server->base, see_visitor, server,
                                LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
                                BACKLOG, at->ai_addr, (int)at->ai_addrlen);
    if (!listener)
        return false;
    evconnlistener_set_error_cb(listener, see_trouble);
    server->listeners[server->listener_count++] = listener;
    getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&own, &length);
    *bound = ntohs(own.ss_family == AF_INET6
                       ? ((const struct sockaddr_in6 *)(const void *)&own)->sin6_port
                       : ((const struct sockaddr_in *)(const void *)&own)->sin_port);
    return true;
}

bool http_server_listen(struct http_server *server, const char *host, uint16_t port,
                        uint16_t *bound, struct error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list = NULL;
    char service[PORT_SIZE];
    snprintf(service, sizeof service, "%u", port);
    int status = getaddrinfo(host, service, &hints, &list);
    if (status)
        return error_set(err, REASON_INVALID_INPUT, "%s is no address to listen on: %s", host,
                         gai_strerror(status));
    bool listens = listen_at(server, list, bound);
    if (!listens)
        error_set(err, REASON_INVALID_INPUT, "cannot listen on %s port %u: %s", host, port,
                  strerror(errno));
    freeaddrinfo(list);
    return listens;
}

void http_server_drain(struct http_server *server)
{
    struct http_connection *next;
    server->draining = true;
    for (size_t i = 0; i < server->listener_count; i++)
        evconnlistener_free(server->listeners[i]);
    server->listener_count = 0;
    for (struct http_connection *one = TAILQ_FIRST(&server->connections); one; one = next) {
        next = TAILQ_NEXT(one, entry);
        one->closing = true;
        if (one->state == HTTP_IDLE)
            http_connection_close(one);
    }
}

size_t http_server_connections(const struct http_server *server)
{
    return server->count;
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    http_server_drain(server);
    while (!TAILQ_EMPTY(&server->connections))
        http_connection_close(TAILQ_FIRST(&server->connections));
    free(server);
}
