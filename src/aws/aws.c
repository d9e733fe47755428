/* SPDX-License-Identifier: Apache-2.0 */
/* aws.c - a call signed, sent, repeated where AWS throttles, and its fault explained. */
#include "aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "aws_internal.h"
#include "aws_sending.h"
#include "fd.h"
#include "text.h"

enum { PAUSE_MS = 100, CA_BUNDLE_MAXIMUM = 16 << 20 };

static const char *text_of(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value && *value ? value : NULL;
}

/* AWS_CA_BUNDLE in place of the system's roots. */
static bool read_ca_bundle(struct aws *aws, struct error *err)
{
    const char *path = text_of(aws->settings, "ca_bundle");
    aws->tls = https_policy;
    if (!path)
        return true;
    aws->tls.ca_pem = fd_read_file(path, CA_BUNDLE_MAXIMUM, probe_deadline(aws->probe),
                                   &aws->tls.ca_pem_length, err);
    if (aws->tls.ca_pem) {
        aws->tls.ca_location = xstrdup(path);
        return true;
    }
    char *why = xstrdup(err->message);
    error_set(err, REASON_FILE_UNREADABLE, "the CA bundle of AWS_CA_BUNDLE: %s", why);
    free(why);
    return false;
}

struct aws *aws_new(struct probe *probe, const char *document, struct error *err)
{
    struct aws *aws = xcalloc(1, sizeof *aws);
    json_t *access = json_loads(document, 0, NULL);
    aws->probe = probe;
    aws->settings = json_incref(json_object_get(access, "settings"));
    aws->identity = json_incref(json_object_get(access, "identity"));
    json_decref(access);
    if (read_ca_bundle(aws, err)) {
        aws->https = https_new(probe);
        return aws;
    }
    aws_free(aws);
    return NULL;
}

void aws_free(struct aws *aws)
{
    if (!aws)
        return;
    https_free(aws->https);
    aws_json_free(aws->identity);
    json_decref(aws->settings);
    free(aws->tls.ca_pem);
    free(aws->tls.ca_location);
    free(aws->endpoint.host);
    free(aws);
}

const char *aws_from(const struct aws *aws)
{
    const char *from = text_of(aws->identity, "from");
    return from ? from : "nobody";
}

const char *aws_region(const struct aws *aws)
{
    return text_of(aws->settings, "region");
}

const json_t *aws_identity(const struct aws *aws)
{
    return aws->identity;
}

void aws_set_identity(struct aws *aws, json_t *identity)
{
    json_incref(identity);
    aws_json_free(aws->identity);
    aws->identity = identity;
}

void aws_answer_release(struct aws_answer *answer)
{
    https_response_release(&answer->http);
    *answer = AWS_ANSWER_INIT;
}

/* A page of a proxy or of some other server is no answer of AWS. */
static bool is_of_aws(const struct sending *sending, struct aws_answer *answer, struct error *err)
{
    const struct https_response *http = &answer->http;
    enum { OK_FIRST = 200, OK_LAST = 299, SERVER = 500, REDIRECT = 300, REDIRECT_LAST = 399 };
    answer->ok = http->status >= OK_FIRST && http->status <= OK_LAST;
    if (answer->ok)
        return true;
    aws_fault_read(&answer->fault, http->status, https_header(http, "x-amzn-ErrorType"), http->body,
                   http->body_length);
    const char *region = https_header(http, "x-amz-bucket-region");
    if (region)
        text_one_line(answer->fault.region, sizeof answer->fault.region, region, strlen(region));
    if (answer->fault.code[0] || region || https_header(http, "x-amzn-RequestId") ||
        https_header(http, "x-amz-request-id") || http->status >= SERVER)
        return true;
    error_set(err, REASON_WRONG_PROTOCOL,
              "%s: what answers at %s is not AWS: HTTP status %d%s%s, and no error of %s",
              sending->call->what, answer->where, http->status,
              http->status >= REDIRECT && http->status <= REDIRECT_LAST ? " (a redirect)" : "",
              strncmp(http->body, "<", 1) == 0 ? " and a page" : "", sending->service->name);
    error_remedy(err,
                 "check the endpoint (AWS_ENDPOINT_URL and its like), the proxy and the region");
    return error_property(err, sending->call->property);
}

/* What did not come from whom, and which settings decide about the way. */
static void tell_way(const struct sending *sending, bool proxy, struct error *err)
{
    char *why = xstrdup(err->message);
    bool endpoint = err->reason == REASON_INVALID_INPUT && !strstr(why, "the proxy");
    snprintf(err->message, sizeof err->message, "%s cannot be had from %s: %s%s",
             sending->call->what, sending->service->name,
             endpoint ? "its endpoint (AWS_ENDPOINT_URL and its like) cannot be used: " : "", why);
    free(why);
    if (endpoint)
        error_remedy(err, "correct AWS_ENDPOINT_URL and its like: https://HOST:PORT");
    else if (err->reason == REASON_TLS_UNTRUSTED || err->reason == REASON_CERT_UNREADABLE)
        error_remedy(err, "name a file with the CA that signed the endpoint's certificate, or the "
                          "proxy's, in AWS_CA_BUNDLE (PEM)");
    else if (!proxy &&
             (err->reason == REASON_DNS_NOT_FOUND || err->reason == REASON_CONNECT_REFUSED))
        error_remedy(err, "check the region, the endpoint (AWS_ENDPOINT_URL and its like), and the "
                          "way from this host to it");
}

static bool send_once(struct aws *aws, struct sending *sending, struct aws_answer *answer,
                      struct error *err)
{
    const struct aws_call *call = sending->call;
    struct https_request request = {.method = call->bucket ? "GET" : "POST",
                                    .url = sending->url,
                                    .headers = (const char *const *)sending->lines,
                                    .body = call->bucket ? NULL : sending->body,
                                    .body_length = strlen(sending->body),
                                    .body_limit = call->body_limit,
                                    .what = call->what,
                                    .proxy = aws_proxy(sending->url, aws->settings),
                                    .tls = &aws->tls,
                                    .property = call->property,
                                    .plain = true,
                                    .aside = !call->is_test,
                                    .stage = call->stage};
    snprintf(answer->where, sizeof answer->where, "%s", sending->host);
    snprintf(answer->region, sizeof answer->region, "%s", sending->region);
    if (!https_send(aws->https, &request, &answer->http, err)) {
        tell_way(sending, request.proxy != NULL, err);
        return false;
    }
    /* Over plain HTTP there is no TLS to announce it after. */
    if (call->is_test && probe_current_stage(aws->probe) < call->stage)
        probe_stage(aws->probe, call->stage);
    return is_of_aws(sending, answer, err);
}

/* Wait before try NUMBER (from 1), a random part of an ever longer time; false: there is none. */
static bool pause_before(const struct aws *aws, int number)
{
    unsigned chance = 0;
    int left_ms = deadline_left_ms(probe_deadline(aws->probe));
    unsigned longest_ms = (unsigned)PAUSE_MS << number;
    if (getrandom(&chance, sizeof chance, 0) != sizeof chance)
        chance = longest_ms;
    int pause_ms = (int)(chance % longest_ms) + 1;
    if (pause_ms >= left_ms)
        return false;
    usleep((useconds_t)pause_ms * 1000);
    return true;
}

bool aws_send(struct aws *aws, const struct aws_call *call, struct aws_answer *answer,
              struct error *err)
{
    long attempts = (long)json_integer_value(json_object_get(aws->settings, "attempts"));
    bool answered = false;
    for (int try = 1; try == 1 || try <= attempts; try++) {
        struct sending sending = {.call = call, .service = aws_service_info(call->service)};
        aws_answer_release(answer);
        if (sending_place(aws, &sending, err)) {
            sending_make(aws, &sending);
            answered = send_once(aws, &sending, answer, err);
        }
        sending_release(&sending);
        if (!answered || answer->ok || aws_fault_kind(&answer->fault) != AWS_FAULT_THROTTLED ||
            !pause_before(aws, try))
            break;
    }
    return answered;
}

bool aws_is_same_place(const struct aws *aws, enum aws_service a, enum aws_service b)
{
    const char *region = aws_region(aws);
    bool configured;
    char *first = region ? aws_service_url(a, region, aws->settings, &configured) : NULL;
    char *second = region ? aws_service_url(b, region, aws->settings, &configured) : NULL;
    bool same = text_equal(first, second);
    free(first);
    free(second);
    return same;
}

bool aws_tell_foreign(const struct aws_call *call, const struct aws_answer *answer,
                      struct error *err)
{
    error_set(err, REASON_WRONG_PROTOCOL,
              "%s: what answers at %s is not %s: HTTP status %d with another answer than it gives",
              call->what, answer->where, aws_service_info(call->service)->name,
              answer->http.status);
    error_remedy(err, "check the endpoint (AWS_ENDPOINT_URL and its like) and the proxy");
    return error_property(err, call->property);
}

json_t *aws_call_json(struct aws *aws, const struct aws_call *call,
                      const struct aws_reasons *reasons, struct error *err)
{
    struct aws_answer answer = AWS_ANSWER_INIT;
    json_t *document = NULL;
    if (aws_send(aws, call, &answer, err)) {
        if (!answer.ok)
            aws_explain(aws, call, &answer, reasons, err);
        else if (!json_is_object(document = json_loadb(answer.http.body, answer.http.body_length,
                                                       JSON_ALLOW_NUL, NULL))) {
            json_decref(document);
            document = NULL;
            aws_tell_foreign(call, &answer, err);
        }
    }
    aws_answer_release(&answer);
    return document;
}
