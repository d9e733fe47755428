/* SPDX-License-Identifier: Apache-2.0 */
/* https_reason.c - why a request failed: the observers first, then libcurl's codes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "https_exchange.h"

enum { SHOWN_BYTES = 40, UNAUTHORIZED = 401, PROXY_LOGIN = 407 };

static const char *what(const struct https_exchange *exchange)
{
    return exchange->request->what ? exchange->request->what : "our request";
}

static bool tell_timeout(struct https_exchange *exchange, struct error *err)
{
    struct probe *probe = exchange->probe;
    enum tls_state tls = probe_tls_state(probe);
    char *awaited;
    if (tls == TLS_STATE_STARTED)
        awaited = xstrdup("the TLS handshake");
    else if (exchange->header_bytes || exchange->body.length)
        awaited = text_format("the rest of its answer to %s, of which %zu bytes came",
                              what(exchange), exchange->header_bytes + exchange->body.length);
    else
        awaited = text_format("its answer to %s", what(exchange));
    probe_timed_out(probe, exchange->https->fd, awaited, err);
    text_wipe_free(awaited);
    return false;
}

static bool tell_excess(const struct https_exchange *exchange, struct error *err)
{
    size_t limit = exchange->request->body_limit;
    if (exchange->excess == HTTPS_EXCESS_HEADERS)
        return error_set(err, REASON_PROTOCOL_ERROR,
                         "%s sends HTTP headers without end in answer to %s", exchange->where,
                         what(exchange));
    return error_set(err, REASON_PROTOCOL_ERROR,
                     "%s sends more than %zu bytes in answer to %s, which is no answer to expect",
                     exchange->where, limit ? limit : (size_t)HTTPS_BODY_LIMIT, what(exchange));
}

static bool tell_proxy(const struct https_exchange *exchange, struct error *err)
{
    long status = 0;
    char proxy[300];
    curl_easy_getinfo(exchange->https->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    if (!exchange->proxy || status < 300)
        return false;
    text_endpoint(proxy, sizeof proxy, exchange->proxy->endpoint.host,
                  exchange->proxy->endpoint.port);
    error_set(err, REASON_CONNECT_UNREACHABLE,
              "the proxy %s does not connect us with %s: it answers with HTTP status %ld%s", proxy,
              exchange->where, status,
              status == UNAUTHORIZED || status == PROXY_LOGIN
                  ? ", it wants a user and a password, or others"
                  : "");
    error_remedy(err, "check the proxy's address, its user and password, and its rules for %s",
                 exchange->where);
    return true;
}

/* libcurl's codes once the observers have nothing to say. */
static enum reason reason_of(const struct https_exchange *exchange)
{
    const char *words = exchange->https->words;
    switch ((int)exchange->code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return REASON_DNS_NOT_FOUND;
    case CURLE_COULDNT_CONNECT:
        return REASON_CONNECT_UNREACHABLE;
    case CURLE_PEER_FAILED_VERIFICATION:
        return strstr(words, "match") ? REASON_TLS_NAME_MISMATCH : REASON_TLS_UNTRUSTED;
    case CURLE_SSL_CACERT_BADFILE:
        return REASON_CERT_UNREADABLE;
    case CURLE_SSL_CONNECT_ERROR:
        /* No alert and no fault of OpenSSL's: the peer has just left. */
        return probe_tls_state(exchange->probe) == TLS_STATE_STARTED ? REASON_CONNECTION_CLOSED
                                                                     : REASON_TLS_HANDSHAKE;
    case CURLE_RECV_ERROR:
        return strstr(words, "chunk") ? REASON_PROTOCOL_ERROR : REASON_CONNECTION_CLOSED;
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return REASON_CONNECTION_CLOSED;
    default:
        return REASON_PROTOCOL_ERROR;
    }
}

static bool tell_code(const struct https_exchange *exchange, struct error *err)
{
    enum reason reason = reason_of(exchange);
    const char *words =
        exchange->https->words[0] ? exchange->https->words : curl_easy_strerror(exchange->code);
    bool in_handshake = probe_tls_state(exchange->probe) == TLS_STATE_STARTED;
    if (reason == REASON_CONNECTION_CLOSED && in_handshake)
        return error_set(err, reason, "%s closed the connection in the middle of the TLS handshake",
                         exchange->where);
    if (reason == REASON_CONNECTION_CLOSED && exchange->header_bytes)
        return error_set(err, reason,
                         "%s closed the connection in the middle of its answer to %s (%s)",
                         exchange->where, what(exchange), words);
    if (reason == REASON_CONNECTION_CLOSED)
        return error_set(err, reason, "%s closed the connection without an answer to %s (%s)",
                         exchange->where, what(exchange), words);
    if (reason == REASON_PROTOCOL_ERROR)
        return error_set(err, reason, "%s answers %s with broken HTTP: %s", exchange->where,
                         what(exchange), words);
    return error_set(err, reason, "%s: %s failed: %s", exchange->where, what(exchange), words);
}

/* Whether the proxy has not answered CONNECT: then it is the one that is talked to. */
static bool is_before_connect(const struct https_exchange *exchange)
{
    long status = 0;
    curl_easy_getinfo(exchange->https->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return exchange->proxy && exchange->place->is_tls && !status &&
           probe_tls_state(exchange->probe) == TLS_STATE_NONE;
}

/* The observers know nothing of a proxy, and much may be its doing. */
static void add_proxy(const struct https_exchange *exchange, bool before, struct error *err)
{
    char proxy[300];
    if (!exchange->proxy || strstr(err->message, "the proxy"))
        return;
    text_endpoint(proxy, sizeof proxy, exchange->proxy->endpoint.host,
                  exchange->proxy->endpoint.port);
    /* Behind the proxy its address is where the host's own words come from. */
    const char *named = before ? NULL : strstr(err->message, proxy);
    size_t ahead = named ? (size_t)(named - err->message) : 0;
    char *words = xstrdup(err->message);
    snprintf(err->message, sizeof err->message, "%.*s%s%s (the way there is by the proxy %s)",
             (int)ahead, words, named ? exchange->where : "",
             words + ahead + (named ? strlen(proxy) : 0), proxy);
    free(words);
    if (before)
        error_remedy(err, "check the proxy's address and that it runs, or have the host asked "
                          "without it");
}

static bool explain(struct https_exchange *exchange, struct error *err)
{
    if (!probe_observed(exchange->probe, err))
        return false;
    if (tell_proxy(exchange, err))
        return false;
    if (exchange->excess != HTTPS_EXCESS_NONE)
        return tell_excess(exchange, err);
    /* Foreign bytes that nobody ends are no silence. */
    if (!https_exchange_is_http(exchange, err))
        return false;
    return exchange->timed_out ? tell_timeout(exchange, err) : tell_code(exchange, err);
}

bool https_exchange_explain(struct https_exchange *exchange, struct error *err)
{
    bool before = is_before_connect(exchange);
    if (before) {
        char proxy[sizeof exchange->where - sizeof "the proxy "];
        text_endpoint(proxy, sizeof proxy, exchange->proxy->endpoint.host,
                      exchange->proxy->endpoint.port);
        snprintf(exchange->where, sizeof exchange->where, "the proxy %s", proxy);
    }
    explain(exchange, err);
    add_proxy(exchange, before, err);
    return false;
}

bool https_exchange_is_http(struct https_exchange *exchange, struct error *err)
{
    struct probe *probe = exchange->probe;
    char bytes[SHOWN_BYTES * 4];
    if (exchange->header_bytes || !exchange->body.length)
        return true;
    probe_peer_heard(probe, exchange->body.data, exchange->body.length);
    size_t shown = exchange->body.length < SHOWN_BYTES ? exchange->body.length : SHOWN_BYTES;
    text_one_line(bytes, sizeof bytes, exchange->body.data, shown);
    const char *protocol = probe_peer_protocol(probe);
    if (protocol)
        return error_set(err, REASON_WRONG_PROTOCOL,
                         "%s answers %s in another protocol than HTTP: %s (first bytes \"%s\")",
                         exchange->where, what(exchange), protocol, bytes);
    return error_set(err, REASON_PROTOCOL_ERROR,
                     "%s answers %s with bytes that are not HTTP (\"%s\")", exchange->where,
                     what(exchange), bytes);
}
