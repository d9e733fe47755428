/* SPDX-License-Identifier: Apache-2.0 */
/* sign.c - requests signed, in their headers or in their query. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "canonical.h"

/* What proxies change or add on the way. */
static const char *const unsigned_headers[] = {"expect", "transfer-encoding", "user-agent",
                                               "x-amzn-trace-id"};

void sigv4_date(char out[SIGV4_DATE_SIZE], time_t at)
{
    struct tm broken;
    gmtime_r(&at, &broken);
    if (strftime(out, SIGV4_DATE_SIZE, "%Y%m%dT%H%M%SZ", &broken) == 0)
        out[0] = '\0';
}

static bool is_unsigned(const char *name)
{
    for (size_t i = 0; i < sizeof unsigned_headers / sizeof *unsigned_headers; i++)
        if (text_equal_nocase(unsigned_headers[i], name))
            return true;
    return false;
}

/* The headers that are signed: those of the request and those that signing adds. */
static void collect(const struct sigv4_request *request, const struct sigv4_signed *added,
                    struct pairs *headers)
{
    size_t count = 0;
    struct sigv4_header *all = xcalloc(request->header_count + 3, sizeof *all);
    for (size_t i = 0; i < request->header_count; i++)
        if (!is_unsigned(request->headers[i].name))
            all[count++] = request->headers[i];
    if (added) {
        all[count++] = (struct sigv4_header){"x-amz-date", added->date};
        if (added->payload_hash[0])
            all[count++] = (struct sigv4_header){"x-amz-content-sha256", added->payload_hash};
        if (added->session_token)
            all[count++] = (struct sigv4_header){"x-amz-security-token", added->session_token};
    }
    pairs_read_headers(headers, all, count, NULL);
    free(all);
}

/* Sign what HEADERS and the canonical QUERY say. */
static void compute(const struct sigv4_request *request, const struct sigv4_key *key,
                    const struct pairs *headers, const char *names, const char *query,
                    const char *date, char signature[SIGV4_HASH_SIZE])
{
    char day[9];
    snprintf(day, sizeof day, "%.8s", date);
    struct signing signing = {.request = request,
                              .headers = headers,
                              .signed_headers = names,
                              .query = query,
                              .date = date,
                              .scope_date = day,
                              .region = key->region,
                              .service = key->service,
                              .secret_key = key->secret_key};
    signing_compute(&signing, signature);
}

void sigv4_sign(const struct sigv4_request *request, const struct sigv4_key *key, time_t now,
                struct sigv4_signed *result)
{
    struct pairs headers = {0};
    struct pairs parameters = {0};
    *result = (struct sigv4_signed){.session_token = key->session_token};
    sigv4_date(result->date, now);
    if (strcmp(key->service, "s3") == 0)
        snprintf(result->payload_hash, sizeof result->payload_hash, "%s", request->payload_hash);
    collect(request, result, &headers);
    pairs_read_query(&parameters, request->query, NULL);
    char *query = pairs_format_query(&parameters);
    char *names = pairs_format_names(&headers);
    compute(request, key, &headers, names, query, result->date, result->signature);
    result->authorization = text_format(
        "AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/%s/aws4_request, SignedHeaders=%s, Signature=%s",
        key->access_key, result->date, key->region, key->service, names, result->signature);
    free(query);
    free(names);
    pairs_release(&headers);
    pairs_release(&parameters);
}

void sigv4_signed_release(struct sigv4_signed *result)
{
    text_wipe_free(result->authorization);
    result->authorization = NULL;
}

static void add_encoded(struct pairs *parameters, const char *name, const char *value)
{
    char *encoded = sigv4_encode(value, false);
    pairs_add(parameters, name, encoded);
    text_wipe_free(encoded);
}

char *sigv4_presign(const struct sigv4_request *request, const struct sigv4_key *key,
                    long expires_s, time_t now)
{
    struct pairs headers = {0};
    struct pairs parameters = {0};
    char date[SIGV4_DATE_SIZE];
    char expires[24];
    char signature[SIGV4_HASH_SIZE];
    sigv4_date(date, now);
    snprintf(expires, sizeof expires, "%ld", expires_s);
    collect(request, NULL, &headers);
    char *names = pairs_format_names(&headers);
    char *credential =
        text_format("%s/%.8s/%s/%s/aws4_request", key->access_key, date, key->region, key->service);
    pairs_read_query(&parameters, request->query, NULL);
    pairs_add(&parameters, "X-Amz-Algorithm", "AWS4-HMAC-SHA256");
    add_encoded(&parameters, "X-Amz-Credential", credential);
    pairs_add(&parameters, "X-Amz-Date", date);
    pairs_add(&parameters, "X-Amz-Expires", expires);
    if (key->session_token)
        add_encoded(&parameters, "X-Amz-Security-Token", key->session_token);
    add_encoded(&parameters, "X-Amz-SignedHeaders", names);
    char *query = pairs_format_query(&parameters);
    compute(request, key, &headers, names, query, date, signature);
    char *signed_query = text_format("%s&X-Amz-Signature=%s", query, signature);
    text_wipe_free(query);
    free(names);
    free(credential);
    pairs_release(&headers);
    pairs_release(&parameters);
    return signed_query;
}
