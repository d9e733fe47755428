/* SPDX-License-Identifier: Apache-2.0 */
/* https_exchange.h - one request under way: what has come, and why it failed. */
#ifndef HTTPS_EXCHANGE_H
#define HTTPS_EXCHANGE_H

#include <curl/curl.h>

#include "https.h"
#include "https_place.h"
#include "text.h"

/* A session. */
struct https {
    struct probe *probe;
    CURL *easy;
    CURLM *multi;
    int fd;                      /* the socket opened last, or -1 */
    char words[CURL_ERROR_SIZE]; /* libcurl's, of the request at hand */
};

/* How much of an answer was too much. */
enum https_excess { HTTPS_EXCESS_NONE, HTTPS_EXCESS_HEADERS, HTTPS_EXCESS_BODY };

struct https_exchange {
    struct https *https;
    struct probe *probe; /* the session's, or a side of it */
    const struct https_request *request;
    const struct https_place *place; /* of the URL */
    const struct https_place *proxy; /* or NULL */
    struct https_response *response;
    struct deadline deadline;
    char where[300];     /* "login.example:443" */
    size_t header_bytes; /* of all answers, interim ones and redirects too */
    size_t header_lines;
    bool in_headers; /* they have begun and not ended */
    struct text_buffer body;
    enum https_excess excess;
    bool timed_out;
    CURLcode code;
};

/* By whom REQUEST's server is trusted. */
const struct tls_policy *https_exchange_policy(const struct https_request *request);

/* The headers of REQUEST, and those of libcurl's that it does without; the caller frees them. */
struct curl_slist *https_exchange_headers(const struct https_request *request);

/* Tell libcurl all about EXCHANGE: URL, and HEADERS and ADDRESSES, which it borrows. */
void https_exchange_set(struct https_exchange *exchange, const char *url,
                        struct curl_slist *headers, struct curl_slist *addresses);

/* Have libcurl hand what comes to EXCHANGE. */
void https_exchange_receive(struct https_exchange *exchange);

/* Why EXCHANGE, which libcurl gave up or time has run out for, failed. Returns false. */
bool https_exchange_explain(struct https_exchange *exchange, struct error *err);

/* Whether what came was an HTTP answer at all; false with ERR set. */
bool https_exchange_is_http(struct https_exchange *exchange, struct error *err);

#endif
