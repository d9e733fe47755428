/* SPDX-License-Identifier: Apache-2.0 */
/* https.c - a request's way: look up, connect, send, read, all under the probe's deadline. */
#include "https.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "https_exchange.h"

enum { REDIRECTS_MAXIMUM = 5, PORT_SIZE = 8 };

void https_preload(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct https *https_new(struct probe *probe)
{
    struct https *https = xcalloc(1, sizeof *https);
    https_preload(); /* counts its calls: no harm where it was done */
    *https = (struct https){
        .probe = probe, .easy = curl_easy_init(), .multi = curl_multi_init(), .fd = -1};
    return https;
}

void https_free(struct https *https)
{
    if (!https)
        return;
    curl_easy_cleanup(https->easy);
    curl_multi_cleanup(https->multi);
    free(https);
}

static void append_address(struct text_buffer *entry, const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN];
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
        text_append_format(entry, ",%s", text);
    } else if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof v6);
        inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
        text_append_format(entry, ",[%s]", text);
    }
}

/* The test's own way is that of its proxy: its name, its address. */
static void announce_proxy(const struct https_exchange *exchange)
{
    char proxy[300];
    if (!exchange->proxy || exchange->request->aside)
        return;
    text_endpoint(proxy, sizeof proxy, exchange->proxy->endpoint.host,
                  exchange->proxy->endpoint.port);
    if (probe_current_stage(exchange->probe) < STAGE_DNS)
        probe_stage(exchange->probe, STAGE_DNS);
    probe_note(exchange->probe, "proxy", "%s", proxy);
}

static bool tell_no_address(const struct https_exchange *exchange, const struct endpoint *endpoint,
                            int status, struct error *err)
{
    if (!probe_observed(exchange->probe, err))
        return false;
    if (!exchange->proxy)
        return error_set(err, REASON_DNS_NOT_FOUND, "\"%s\" has no address", endpoint->host);
    bool unknown = status == EAI_NONAME || status == 0;
    error_set(err, unknown ? REASON_DNS_NOT_FOUND : REASON_DNS_UNAVAILABLE,
              "the proxy's name \"%s\" cannot be resolved: %s", endpoint->host,
              status ? gai_strerror(status) : "it has no address");
    return error_remedy(err, "check the proxy's URL (HTTPS_PROXY and its like), or name the host "
                             "among the exceptions in NO_PROXY");
}

/* Resolve by the observer's getaddrinfo, here and not in a thread of libcurl, which besides knows
 * "localhost" by itself; libcurl is told the ADDRESSES. False: the name has none. */
static bool look_up(const struct https_exchange *exchange, const struct endpoint *endpoint,
                    struct curl_slist **addresses, struct error *err)
{
    char port[PORT_SIZE];
    struct text_buffer entry = TEXT_BUFFER_INIT;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    *addresses = NULL;
    snprintf(port, sizeof port, "%u", endpoint->port);
    announce_proxy(exchange);
    int status = getaddrinfo(endpoint->host, port, &hints, &found);
    if (status != 0 || !found)
        return tell_no_address(exchange, endpoint, status, err);
    for (const struct addrinfo *one = found; one; one = one->ai_next)
        append_address(&entry, one->ai_addr);
    freeaddrinfo(found);
    /* An IPv6 address is no name to libcurl. */
    if (!strchr(endpoint->host, ':') && entry.length) {
        char *line = text_format("%s:%s:%s", endpoint->host, port, entry.data + 1);
        *addresses = curl_slist_append(NULL, line);
        free(line);
    }
    text_buffer_release(&entry);
    return true;
}

/* The stage after TLS begins with it. */
static void announce(const struct https_exchange *exchange)
{
    struct probe *probe = exchange->probe;
    if (!exchange->request->aside && probe_tls_state(probe) == TLS_STATE_UP)
        probe_stage(probe, exchange->request->stage);
}

/* Whether libcurl finished well by the deadline; else what became of it is in EXCHANGE. */
static bool perform(struct https_exchange *exchange)
{
    struct https *https = exchange->https;
    int running = 1;
    int left = 0;
    while (!exchange->timed_out) {
        curl_multi_perform(https->multi, &running);
        announce(exchange);
        if (!running)
            break;
        exchange->timed_out = (left = deadline_left_ms(exchange->deadline)) == 0;
        curl_multi_poll(https->multi, NULL, 0, left, NULL);
    }
    const CURLMsg *message = curl_multi_info_read(https->multi, &left);
    exchange->code = message ? message->data.result : CURLE_OPERATION_TIMEDOUT;
    return message && exchange->code == CURLE_OK;
}

/* A handshake that nobody verified proves nothing. */
static bool was_verified(const struct https_exchange *exchange, struct error *err)
{
    const struct tls_policy *tls = https_exchange_policy(exchange->request);
    long connects = 0;
    curl_easy_getinfo(exchange->https->easy, CURLINFO_NUM_CONNECTS, &connects);
    if (!connects || !exchange->place->is_tls || !tls->verify_chain || !tls->verify_name ||
        probe_tls_verified(exchange->probe))
        return true;
    return error_set(err, REASON_INTERNAL, "%s: TLS came up without having been verified",
                     exchange->where);
}

static bool finish(struct https_exchange *exchange, struct error *err)
{
    long status = 0;
    if (!https_exchange_is_http(exchange, err) || !was_verified(exchange, err))
        return false;
    /* libcurl is content with an answer that ends in the middle of its headers. */
    if (exchange->in_headers)
        return error_set(err, REASON_CONNECTION_CLOSED,
                         "%s closed the connection in the middle of its answer's headers",
                         exchange->where);
    curl_easy_getinfo(exchange->https->easy, CURLINFO_RESPONSE_CODE, &status);
    exchange->response->status = (int)status;
    exchange->response->body_length = exchange->body.length;
    exchange->response->body = text_take(&exchange->body);
    return true;
}

static bool send_once(struct https_exchange *exchange, const char *url, struct error *err)
{
    struct https *https = exchange->https;
    const struct https_place *first = exchange->proxy ? exchange->proxy : exchange->place;
    struct curl_slist *addresses;
    if (!look_up(exchange, &first->endpoint, &addresses, err))
        return false;
    struct curl_slist *headers = https_exchange_headers(exchange->request);
    https_exchange_set(exchange, url, headers, addresses);
    curl_multi_add_handle(https->multi, https->easy);
    bool done = perform(exchange);
    bool answered = done ? finish(exchange, err) : https_exchange_explain(exchange, err);
    curl_multi_remove_handle(https->multi, https->easy);
    /* What the session keeps must not point to this request. */
    curl_easy_reset(https->easy);
    curl_slist_free_all(headers);
    curl_slist_free_all(addresses);
    if (exchange->body.data)
        text_wipe(exchange->body.data, exchange->body.length);
    text_buffer_release(&exchange->body);
    return answered;
}

/* Where a redirect within the same place leads; NULL: nowhere, or elsewhere. The caller frees it.
 */
static char *next_url(const struct https_exchange *exchange, const char *url)
{
    const struct https_response *response = exchange->response;
    const char *location = https_header(response, "Location");
    bool is_redirect = response->status >= 301 && response->status <= 308 &&
                       response->status != 304 && response->status != 305;
    bool repeats = strcmp(exchange->request->method, "GET") == 0 ||
                   strcmp(exchange->request->method, "HEAD") == 0;
    struct https_place place = HTTPS_PLACE_INIT;
    struct error ignored = ERROR_INIT;
    char *absolute = NULL;
    char *next = NULL;
    if (!exchange->request->follow || !is_redirect || !repeats || !location)
        return NULL;
    CURLU *parts = curl_url();
    if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_set(parts, CURLUPART_URL, location, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_URL, &absolute, 0) == CURLUE_OK &&
        https_place_read(absolute, exchange->request->plain, false, &place, &ignored) &&
        https_place_equal(&place, exchange->place))
        next = xstrdup(absolute);
    https_place_release(&place);
    curl_free(absolute);
    curl_url_cleanup(parts);
    return next;
}

static bool send_all(struct https_exchange *exchange, struct error *err)
{
    char *url = xstrdup(exchange->request->url);
    bool answered = send_once(exchange, url, err);
    for (int i = 0; answered && i < REDIRECTS_MAXIMUM; i++) {
        char *next = next_url(exchange, url);
        if (!next)
            break;
        free(url);
        url = next;
        https_response_release(exchange->response);
        answered = send_once(exchange, url, err);
    }
    free(url);
    return answered;
}

/* As send_all(), on the test's own way. Behind a proxy the connection is to the proxy, the
 * certificate the host's. */
static bool send_own(struct https_exchange *exchange, struct error *err)
{
    const struct tls_policy *given = https_exchange_policy(exchange->request);
    struct tls_policy tls = *given;
    struct error ignored = ERROR_INIT;
    if (!exchange->proxy || tls.expected_name)
        return send_all(exchange, err);
    tls.expected_name = exchange->place->endpoint.host;
    tls.name_property = exchange->request->property;
    bool answered = probe_tls_expect(exchange->probe, &tls, err) && send_all(exchange, err);
    /* What the observer keeps must not point to this call. */
    probe_tls_expect(exchange->probe, given, &ignored);
    return answered;
}

/* As send_all(), beside the test. */
static bool send_aside(struct probe *side, const struct endpoint *endpoint, void *argument,
                       struct error *err)
{
    struct https_exchange *exchange = argument;
    struct tls_policy tls = *https_exchange_policy(exchange->request);
    (void)endpoint;
    tls.name_property = exchange->request->property;
    /* Behind a proxy the connection is to the proxy, the certificate the host's. */
    if (exchange->proxy && !tls.expected_name)
        tls.expected_name = exchange->place->endpoint.host;
    exchange->probe = side;
    probe_hurry(side, exchange->deadline);
    bool answered = probe_tls_expect(side, &tls, err) && send_all(exchange, err);
    if (!answered && !text_equal(err->property, tls.ca_property ? tls.ca_property : ""))
        error_property(err, exchange->request->property);
    return answered;
}

static bool send_beside(struct https_exchange *exchange, struct error *err)
{
    const struct https_place *first = exchange->proxy ? exchange->proxy : exchange->place;
    struct probe_side side = {.endpoint = first->endpoint, .argument = exchange};
    probe_sides(exchange->https->probe, &side, 1, send_aside);
    *err = side.error;
    return side.reached;
}

/* Where the proxy is; one that cannot be used is no fault of the URL that is asked for. */
static bool read_proxy(const char *url, struct https_place *proxy, struct error *err)
{
    if (!https_place_read(url, true, true, proxy, err)) {
        char *why = xstrdup(err->message);
        error_set(err, REASON_INVALID_INPUT, "the proxy cannot be used: %s", why);
        free(why);
    } else if (proxy->is_tls) {
        error_set(err, REASON_INVALID_INPUT,
                  "the proxy %s cannot be used: its URL begins with https://, and proxies over TLS "
                  "are not supported",
                  proxy->endpoint.host);
    } else {
        return true;
    }
    return error_remedy(err,
                        "correct the proxy's URL (HTTPS_PROXY and its like): http://HOST:PORT");
}

bool https_send(struct https *https, const struct https_request *request,
                struct https_response *response, struct error *err)
{
    struct https_place place = HTTPS_PLACE_INIT;
    struct https_place proxy = HTTPS_PLACE_INIT;
    struct https_exchange exchange = {.https = https,
                                      .probe = https->probe,
                                      .request = request,
                                      .response = response,
                                      .place = &place};
    bool answered = false;
    *response = HTTPS_RESPONSE_INIT;
    exchange.deadline = probe_deadline(https->probe);
    if (request->timeout_ms)
        exchange.deadline =
            deadline_earlier(exchange.deadline, deadline_in_ms(request->timeout_ms));
    if (https_place_read(request->url, request->plain, false, &place, err) &&
        (!request->proxy || read_proxy(request->proxy, &proxy, err))) {
        text_endpoint(exchange.where, sizeof exchange.where, place.endpoint.host,
                      place.endpoint.port);
        exchange.proxy = request->proxy ? &proxy : NULL;
        answered = (!exchange.proxy || probe_allows(https->probe, &place.endpoint, err)) &&
                   (request->aside ? send_beside(&exchange, err) : send_own(&exchange, err));
    }
    if (!answered && !err->property[0])
        error_property(err, request->property);
    if (!answered)
        https_response_release(response);
    https_place_release(&place);
    https_place_release(&proxy);
    return answered;
}
