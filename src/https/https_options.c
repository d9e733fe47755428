/* SPDX-License-Identifier: Apache-2.0 */
/* https_options.c - what libcurl is told of a request. */
#include <string.h>

#include "https_exchange.h"

const struct tls_policy https_policy = {
    .attempt = true, .require = true, .verify_chain = true, .verify_name = true};

const struct tls_policy *https_exchange_policy(const struct https_request *request)
{
    return request->tls ? request->tls : &https_policy;
}

static bool has_header(const struct https_request *request, const char *name)
{
    for (const char *const *header = request->headers; header && *header; header++)
        if (text_starts_nocase(*header, name) && (*header)[strlen(name)] == ':')
            return true;
    return false;
}

struct curl_slist *https_exchange_headers(const struct https_request *request)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    if (!has_header(request, "Content-Type"))
        list = curl_slist_append(list, "Content-Type:");
    for (const char *const *header = request->headers; header && *header; header++)
        if (!strpbrk(*header, "\r\n"))
            list = curl_slist_append(list, *header);
    return list;
}

static void set_trust(CURL *easy, const struct tls_policy *tls)
{
    struct curl_blob ca = {.data = tls->ca_pem, .len = tls->ca_pem_length};
    /* The hashed folder: the bundle, libcurl's default, costs 30 ms to read. */
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(easy, CURLOPT_CAPATH, tls->ca_pem ? NULL : "/etc/ssl/certs");
    if (tls->ca_pem)
        curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &ca);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* Trust and name are the observer's, by the policy; without one libcurl has to verify. */
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls->verify_chain ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls->verify_name ? 2L : 0L);
    /* A resumed session shows no certificate to verify. */
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
}

static void set_method(CURL *easy, const struct https_request *request)
{
    bool is_get = strcmp(request->method, "GET") == 0;
    if (strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (request->body || !is_get) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body ? request->body : "");
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

void https_exchange_set(struct https_exchange *exchange, const char *url,
                        struct curl_slist *headers, struct curl_slist *addresses)
{
    CURL *easy = exchange->https->easy;
    const struct https_request *request = exchange->request;
    curl_easy_reset(easy); /* keeps connections */
    exchange->https->words[0] = '\0';
    https_exchange_receive(exchange);
    set_trust(easy, https_exchange_policy(request));
    set_method(easy, request);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, request->plain ? "http,https" : "https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "testconn/" TESTCONN_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, addresses);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* Empty, and not unset: then the environment is not asked. */
    curl_easy_setopt(easy, CURLOPT_PROXY, request->proxy ? request->proxy : "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}
