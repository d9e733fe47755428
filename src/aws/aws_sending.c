/* SPDX-License-Identifier: Apache-2.0 */
/* aws_sending.c - place, body, headers and signature of a call. */
#include "aws_sending.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443 };

static const char *text_of(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value && *value ? value : NULL;
}

void sending_release(struct sending *sending)
{
    for (size_t i = 0; sending->lines[i]; i++)
        text_wipe_free(sending->lines[i]);
    text_wipe_free(sending->body);
    free(sending->base);
    free(sending->url);
    free(sending->host);
}

/* A host name by itself, or with dots that no certificate of S3 covers? */
static bool is_host_label(const char *bucket)
{
    return strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(bucket);
}

/* The bucket's own host where that works, else the bucket in the path. */
static char *bucket_url(char *base, const char *bucket, bool configured)
{
    char *encoded = sigv4_encode(bucket, false);
    const char *host = strstr(base, "://");
    char *url = !configured && host && is_host_label(bucket)
                    ? text_format("%.*s://%s.%s", (int)(host - base), base, encoded, host + 3)
                    : text_format("%s/%s", base, encoded);
    free(encoded);
    free(base);
    return url;
}

/* "host" or "host:port" of URL as the Host header says it: without the scheme's own port. */
static char *host_of(const char *url, const char **path)
{
    const char *start = strstr(url, "://");
    start = start ? start + 3 : url;
    size_t length = strcspn(start, "/?#");
    bool is_tls = text_starts_nocase(url, "https://");
    *path = start + length;
    char *host = xstrndup(start, length);
    const char *own = is_tls ? ":443" : ":80";
    size_t own_length = strlen(own);
    if (length > own_length && strcmp(host + length - own_length, own) == 0)
        host[length - own_length] = '\0';
    return host;
}

bool sending_place(const struct aws *aws, struct sending *sending, struct error *err)
{
    const struct aws_call *call = sending->call;
    bool configured = false;
    const char *region = call->region ? call->region : aws_region(aws);
    /* These two tell by themselves where else to ask. */
    if (!region && (call->service == AWS_S3 || call->service == AWS_STS))
        region = "us-east-1";
    if (!region) {
        error_set(err, REASON_INVALID_INPUT,
                  "%s: no AWS region is known to ask %s in: neither AWS_REGION nor the profile has "
                  "one",
                  call->what, sending->service->name);
        error_remedy(err, "set AWS_REGION, or name what is meant by its ARN");
        return error_property(err, call->property);
    }
    sending->region = region;
    sending->base = aws_service_url(call->service, region, aws->settings, &configured);
    if (!sending->base) {
        error_set(err, REASON_INVALID_INPUT,
                  "%s: \"%.60s\" is no AWS region: it comes from the definition (REGION, an ARN), "
                  "from AWS_REGION or from the profile",
                  call->what, region);
        error_remedy(err, "give the region by its code, as eu-west-1");
        return error_property(err, call->property);
    }
    if (call->bucket)
        sending->base = bucket_url(sending->base, call->bucket, configured);
    sending->url = text_format("%s%s", sending->base, call->path ? call->path : "/");
    sending->host = host_of(sending->url, &sending->path);
    return true;
}

static void add_header(struct sending *sending, const char *name, const char *value, bool sign)
{
    size_t i = 0;
    while (sending->lines[i])
        i++;
    if (i + 1 >= SENDING_HEADERS)
        return;
    sending->lines[i] = text_format("%s: %s", name, value);
    if (sign)
        sending->headers[sending->header_count++] =
            (struct sigv4_header){name, sending->lines[i] + strlen(name) + 2};
}

static void make_body(struct sending *sending)
{
    const struct aws_call *call = sending->call;
    const char *body = call->body ? call->body : "";
    if (sending->service->protocol == AWS_QUERY)
        sending->body =
            text_format("Action=%s&Version=%s%s", call->operation, sending->service->version, body);
    else
        sending->body = xstrdup(body);
}

static void sign(const struct aws *aws, struct sending *sending)
{
    char hash[SIGV4_HASH_SIZE];
    struct sigv4_signed result;
    struct sigv4_key key = {
        text_of(aws->identity, "access_key"), text_of(aws->identity, "secret_key"),
        text_of(aws->identity, "session_token"), sending->region, sending->service->signing};
    const char *query = strchr(sending->path, '?');
    char *path =
        query ? xstrndup(sending->path, (size_t)(query - sending->path)) : xstrdup(sending->path);
    struct sigv4_request request = {.method = sending->call->bucket ? "GET" : "POST",
                                    .path = path,
                                    .query = query ? query + 1 : NULL,
                                    .headers = sending->headers,
                                    .header_count = sending->header_count,
                                    .payload_hash = hash};
    if (!key.access_key || !key.secret_key || sending->call->anonymous) {
        free(path);
        return;
    }
    sigv4_hash(hash, sending->body, strlen(sending->body));
    sigv4_sign(&request, &key, time(NULL), &result);
    add_header(sending, "X-Amz-Date", result.date, false);
    if (result.session_token)
        add_header(sending, "X-Amz-Security-Token", result.session_token, false);
    if (result.payload_hash[0])
        add_header(sending, "X-Amz-Content-Sha256", result.payload_hash, false);
    add_header(sending, "Authorization", result.authorization, false);
    sigv4_signed_release(&result);
    free(path);
}

static void make_headers(const struct aws *aws, struct sending *sending)
{
    add_header(sending, "Host", sending->host, true);
    if (sending->service->protocol == AWS_JSON) {
        char *target = text_format("%s.%s", sending->service->target, sending->call->operation);
        add_header(sending, "Content-Type", "application/x-amz-json-1.1", true);
        add_header(sending, "X-Amz-Target", target, true);
        free(target);
    } else if (sending->service->protocol == AWS_QUERY) {
        add_header(sending, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8",
                   true);
    }
    sign(aws, sending);
}

void sending_make(const struct aws *aws, struct sending *sending)
{
    make_body(sending);
    make_headers(aws, sending);
}

/* The host and port of URL. */
static bool read_endpoint(const char *url, struct endpoint *endpoint)
{
    const char *path;
    unsigned long port = text_starts_nocase(url, "https://") ? HTTPS_PORT : HTTP_PORT;
    char *host = host_of(url, &path);
    char *name = host;
    char *colon = strrchr(host, ':');
    if (*host == '[' && strchr(host, ']')) {
        name = host + 1;
        colon = strchr(host, ']')[1] == ':' ? strchr(host, ']') + 1 : NULL;
        *strchr(host, ']') = '\0';
    }
    bool whole = !colon || text_to_number(colon + 1, 1, UINT16_MAX, &port);
    if (colon)
        *colon = '\0';
    *endpoint = (struct endpoint){.host = xstrdup(name), .port = (uint16_t)port};
    free(host);
    return whole;
}

bool aws_attempt(struct aws *aws, enum aws_service service, const struct aws_call *call,
                 struct error *err)
{
    struct sending sending = {.call = call, .service = aws_service_info(service)};
    bool known = sending_place(aws, &sending, err);
    free(aws->endpoint.host);
    aws->endpoint.host = NULL;
    if (known && !read_endpoint(sending.base, &aws->endpoint))
        known = error_set(err, REASON_INVALID_INPUT, "%s: the endpoint of %s is no URL", call->what,
                          sending.service->name);
    sending_release(&sending);
    return known && (probe_attempt(aws->probe, &aws->endpoint, STAGE_DNS),
                     probe_tls_expect(aws->probe, &aws->tls, err));
}
