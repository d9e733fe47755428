/* SPDX-License-Identifier: Apache-2.0 */
/* upstream.c - one connection to the upstream for each request that is passed on. */
#include "upstream.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "native.h"
#include "text.h"
#include "upstream_answer.h"

enum { ANSWER_S = 120, ANSWER_MAXIMUM = 256 << 20, HOST_SIZE = 256 };

struct passing {
    TAILQ_ENTRY(passing) entry;
    struct upstream *upstream;
    struct http_exchange *exchange;
    struct bufferevent *io;
    const struct addrinfo *address; /* the one that is tried */
    bool connected;
};
TAILQ_HEAD(passings, passing);

struct upstream {
    struct event_base *base;
    char *url;
    struct addrinfo *addresses;
    struct passings passing;
};

/* http://HOST[:PORT] taken apart. */
static bool split(const char *url, char host[HOST_SIZE], char port[8], struct error *err)
{
    const char *rest = url + strlen("http://");
    bool plain = text_starts_nocase(url, "http://");
    bool brackets = plain && *rest == '[';
    size_t length = !plain ? 0 : brackets ? strcspn(rest, "]") + 1 : strcspn(rest, ":/");
    unsigned long number = 80;
    if (plain && length > (brackets ? 2U : 0U) && length < HOST_SIZE) {
        char digits[8] = "80";
        const char *end = rest + length;
        size_t size = *end == ':' ? strcspn(++end, "/") : 0;
        if (size && size < sizeof digits)
            snprintf(digits, sizeof digits, "%.*s", (int)size, end);
        snprintf(host, HOST_SIZE, "%.*s", (int)(length - (brackets ? 2 : 0)), rest + brackets);
        end += size;
        if (size < sizeof digits && (!*end || !strcmp(end, "/")) &&
            text_to_number(digits, 1, 65535, &number)) {
            snprintf(port, 8, "%lu", number);
            return true;
        }
    }
    return error_set(err, REASON_INVALID_INPUT, "--upstream: \"%s\" is not http://HOST:PORT", url);
}

bool upstream_check(const char *url, struct error *err)
{
    char host[HOST_SIZE];
    char port[8];
    return split(url, host, port, err);
}

struct upstream *upstream_new(struct event_base *base, const char *url, struct error *err)
{
    char host[HOST_SIZE];
    char port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    if (!split(url, host, port, err))
        return NULL;
    int status = getaddrinfo(host, port, &hints, &addresses);
    if (status) {
        error_set(err, REASON_INVALID_INPUT, "--upstream: %s: %s", host, gai_strerror(status));
        return NULL;
    }
    struct upstream *upstream = xcalloc(1, sizeof *upstream);
    upstream->base = base;
    upstream->url = xstrdup(url);
    upstream->addresses = addresses;
    TAILQ_INIT(&upstream->passing);
    return upstream;
}

static void end_passing(struct passing *passing)
{
    TAILQ_REMOVE(&passing->upstream->passing, passing, entry);
    if (passing->io)
        bufferevent_free(passing->io);
    free(passing);
}

void upstream_free(struct upstream *upstream)
{
    if (!upstream)
        return;
    while (!TAILQ_EMPTY(&upstream->passing))
        end_passing(TAILQ_FIRST(&upstream->passing));
    freeaddrinfo(upstream->addresses);
    free(upstream->url);
    free(upstream);
}

static void see_gone(struct http_exchange *exchange, void *argument)
{
    (void)exchange;
    end_passing(argument);
}

static void refuse(struct passing *passing, int status, const char *why)
{
    struct http_exchange *exchange = passing->exchange;
    char *words = text_format("the upstream %s %s", passing->upstream->url, why);
    end_passing(passing);
    exchange->gone = NULL;
    native_refuse(exchange, status, words);
    free(words);
}

/* Everything that the upstream will say is there. */
static void answer(struct passing *passing)
{
    struct evbuffer *input = bufferevent_get_input(passing->io);
    size_t length = evbuffer_get_length(input);
    const char *text = (const char *)evbuffer_pullup(input, -1);
    struct http_exchange *exchange = passing->exchange;
    bool bodiless = strcmp(exchange->head.method, "HEAD") == 0;
    struct upstream_answer got;
    if (text && upstream_answer_read(&got, text, length, bodiless)) {
        end_passing(passing);
        exchange->gone = NULL;
        exchange->outcome = "passed on";
        http_answer_as(exchange, got.status, got.headers.data ? got.headers.data : "",
                       bodiless ? got.length : NULL, got.body.data ? got.body.data : "",
                       got.body.length);
    } else {
        refuse(passing, 502,
               length ? "gave an answer that is no HTTP or was cut off"
                      : "closed the connection without an answer");
    }
    if (text)
        upstream_answer_release(&got);
}

static void see_input(struct bufferevent *io, void *argument)
{
    if (evbuffer_get_length(bufferevent_get_input(io)) > ANSWER_MAXIMUM)
        refuse(argument, 502, "gave an answer that is too large");
}

static void begin_connect(struct passing *passing);

static void see_event(struct bufferevent *io, short what, void *argument)
{
    struct passing *passing = argument;
    (void)io;
    if (what & BEV_EVENT_CONNECTED) {
        passing->connected = true;
    } else if (what & BEV_EVENT_TIMEOUT) {
        refuse(passing, 504, "did not answer in time");
    } else if (passing->connected) {
        answer(passing);
    } else if (passing->address->ai_next) {
        passing->address = passing->address->ai_next;
        begin_connect(passing);
    } else {
        refuse(passing, 502, "does not accept connections");
    }
}

/* The request as it came, but for what is between the client and us, and for a Host header that
 * another host in the target overrules. */
static void write_request(struct passing *passing)
{
    const struct http_exchange *exchange = passing->exchange;
    const struct http_head *head = &exchange->head;
    struct evbuffer *output = bufferevent_get_output(passing->io);
    const char *line = head->raw + strcspn(head->raw, "\n") + 1;
    evbuffer_add_printf(output, "%s %s HTTP/1.1\r\n", head->method, head->target);
    for (size_t size; (size = strcspn(line, "\r\n")) > 0; line += size + 2) {
        size_t name = strcspn(line, ":");
        bool expects = name == 6 && text_starts_nocase(line, "Expect");
        bool overruled = head->authority && name == 4 && text_starts_nocase(line, "Host");
        if (!upstream_is_hop(line, name) && !expects && !overruled)
            evbuffer_add(output, line, size + 2);
    }
    if (head->authority)
        evbuffer_add_printf(output, "Host: %s\r\n", head->authority);
    else if (!http_head_find(head, "Host"))
        evbuffer_add_printf(output, "Host:\r\n");
    if (head->chunked)
        evbuffer_add_printf(output, "Content-Length: %zu\r\n", exchange->body.length);
    evbuffer_add_printf(output, "Connection: close\r\n\r\n");
    if (exchange->body.length)
        evbuffer_add(output, exchange->body.data, exchange->body.length);
}

static void begin_connect(struct passing *passing)
{
    struct timeval most = {.tv_sec = ANSWER_S};
    if (passing->io)
        bufferevent_free(passing->io);
    passing->io = bufferevent_socket_new(passing->upstream->base, -1, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(passing->io, see_input, NULL, see_event, passing);
    bufferevent_set_timeouts(passing->io, &most, &most);
    write_request(passing);
    bufferevent_enable(passing->io, EV_READ | EV_WRITE);
    bufferevent_socket_connect(passing->io, passing->address->ai_addr,
                               (int)passing->address->ai_addrlen);
}

void upstream_pass(struct upstream *upstream, struct http_exchange *exchange)
{
    struct passing *passing = xcalloc(1, sizeof *passing);
    passing->upstream = upstream;
    passing->exchange = exchange;
    passing->address = upstream->addresses;
    TAILQ_INSERT_TAIL(&upstream->passing, passing, entry);
    exchange->operation = "upstream";
    exchange->gone = see_gone;
    exchange->argument = passing;
    begin_connect(passing);
}
