/* SPDX-License-Identifier: Apache-2.0 */
/* https_exchange.c - an answer as it comes, within bounds. */
#include "https_exchange.h"

#include <stdlib.h>
#include <string.h>

/* Of an answer's headers, interim answers included: bytes, lines. */
enum { HEADERS_MAXIMUM = 64 * 1024, LINES_MAXIMUM = 1000 };

static void forget_headers(struct https_response *response)
{
    for (size_t i = 0; i < response->header_count; i++)
        free(response->headers[i]);
    response->header_count = 0;
}

void https_response_release(struct https_response *response)
{
    forget_headers(response);
    free(response->headers);
    if (response->body)
        text_wipe(response->body, response->body_length);
    free(response->body);
    *response = HTTPS_RESPONSE_INIT;
}

const char *https_header(const struct https_response *response, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < response->header_count; i++) {
        const char *line = response->headers[i];
        if (text_starts_nocase(line, name) && line[length] == ':')
            return line + length + 1 + strspn(line + length + 1, " \t");
    }
    return NULL;
}

/* One header line with its line break. Returning less than LENGTH ends the transfer. */
static size_t take_header(char *bytes, size_t one, size_t length, void *argument)
{
    struct https_exchange *exchange = argument;
    struct https_response *response = exchange->response;
    (void)one;
    exchange->header_bytes += length;
    if (exchange->header_bytes > HEADERS_MAXIMUM || ++exchange->header_lines > LINES_MAXIMUM) {
        exchange->excess = HTTPS_EXCESS_HEADERS;
        return 0;
    }
    if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        forget_headers(response);
    size_t used = length;
    while (used && strchr("\r\n \t", bytes[used - 1]))
        used--;
    exchange->in_headers = used > 0;
    if (!used || memchr(bytes, '\0', used))
        return length;
    response->headers =
        xrealloc(response->headers, (response->header_count + 1) * sizeof *response->headers);
    response->headers[response->header_count++] = xstrndup(bytes, used);
    return length;
}

static size_t take_body(char *bytes, size_t one, size_t length, void *argument)
{
    struct https_exchange *exchange = argument;
    size_t limit = exchange->request->body_limit;
    (void)one;
    if (length > (limit ? limit : HTTPS_BODY_LIMIT) - exchange->body.length) {
        exchange->excess = HTTPS_EXCESS_BODY;
        return 0;
    }
    text_append_bytes(&exchange->body, bytes, length);
    return length;
}

static int remember_socket(void *argument, curl_socket_t fd, curlsocktype purpose)
{
    struct https *https = argument;
    (void)purpose;
    https->fd = fd;
    return CURL_SOCKOPT_OK;
}

void https_exchange_receive(struct https_exchange *exchange)
{
    CURL *easy = exchange->https->easy;
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, remember_socket);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, exchange->https);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->https->words);
    /* Foreign bytes are taken as a body, so that they can be told. */
    curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 1L);
}
