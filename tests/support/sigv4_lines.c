/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigv4_lines.c - signs one request a line, and verifies what another implementation signed:
 *   in {"method","path","query","headers":[[name,value]...],"body","service","region","access_key",
 *         "secret_key","session_token"?,"now","expires"?,"authorization"?|"signed_query"?}
 *   out  {"authorization"|"signed_query": ours, "fault": what theirs is to us}
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sigv4.h"
#include "text.h"

enum { HEADERS_MAXIMUM = 32 };

static const char *text_of(const json_t *line, const char *key)
{
    return json_string_value(json_object_get(line, key));
}

/* The headers of LINE, and behind them what signing adds. */
struct lines_request {
    struct sigv4_header headers[HEADERS_MAXIMUM];
    struct sigv4_request request;
    char hash[SIGV4_HASH_SIZE];
    char date[SIGV4_DATE_SIZE];
};

static void add(struct lines_request *made, const char *name, const char *value)
{
    if (value && made->request.header_count < HEADERS_MAXIMUM)
        made->headers[made->request.header_count++] = (struct sigv4_header){name, value};
}

static void read_request(const json_t *line, struct lines_request *made)
{
    const char *body = text_of(line, "body");
    size_t index;
    json_t *pair;
    made->request = (struct sigv4_request){.method = text_of(line, "method"),
                                           .path = text_of(line, "path"),
                                           .query = text_of(line, "query"),
                                           .headers = made->headers,
                                           .payload_hash = made->hash};
    sigv4_hash(made->hash, body, strlen(body));
    json_array_foreach(json_object_get(line, "headers"), index, pair)
        add(made, json_string_value(json_array_get(pair, 0)),
            json_string_value(json_array_get(pair, 1)));
}

static enum sigv4_fault judge(const struct sigv4_request *request, const char *secret, time_t now)
{
    struct sigv4_claim claim = SIGV4_CLAIM_INIT;
    enum sigv4_fault fault = sigv4_read(request, &claim);
    if (fault == SIGV4_FINE)
        fault = sigv4_verify(request, &claim, secret, now);
    sigv4_claim_release(&claim);
    return fault;
}

static json_t *answer(const json_t *line)
{
    struct lines_request made;
    time_t now = (time_t)json_integer_value(json_object_get(line, "now"));
    long expires = (long)json_integer_value(json_object_get(line, "expires"));
    struct sigv4_key key = {text_of(line, "access_key"), text_of(line, "secret_key"),
                            text_of(line, "session_token"), text_of(line, "region"),
                            text_of(line, "service")};
    json_t *out = json_object();
    read_request(line, &made);
    if (expires) {
        if (strcmp(key.service, "s3") == 0)
            made.request.payload_hash = SIGV4_UNSIGNED_PAYLOAD;
        char *query = sigv4_presign(&made.request, &key, expires, now);
        json_object_set_new(out, "signed_query", json_string(query));
        free(query);
        made.request.query = text_of(line, "signed_query");
    } else {
        struct sigv4_signed result;
        sigv4_sign(&made.request, &key, now, &result);
        json_object_set_new(out, "authorization", json_string(result.authorization));
        sigv4_signed_release(&result);
        sigv4_date(made.date, now);
        add(&made, "X-Amz-Date", made.date);
        add(&made, "X-Amz-Security-Token", key.session_token);
        if (strcmp(key.service, "s3") == 0)
            add(&made, "X-Amz-Content-SHA256", made.hash);
        add(&made, "Authorization", text_of(line, "authorization"));
    }
    json_object_set_new(out, "fault", json_integer(judge(&made.request, key.secret_key, now)));
    return out;
}

int main(void)
{
    json_t *line;
    while ((line = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, NULL))) {
        json_t *out = answer(line);
        json_dumpf(out, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(out);
        json_decref(line);
    }
    return 0;
}
