/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_token.c - a presigned URL of kafka-cluster:Connect, as AWS's own signers write it. */
#include "kafka_token.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sigv4.h"

#define TOKEN_PARAMETER "X-Amz-Security-Token="

/* A text put together; the caller frees it. */
static char *join(const char *a, const char *b, const char *c, const char *d)
{
    size_t size = strlen(a) + strlen(b) + strlen(c) + strlen(d) + 1;
    char *text = malloc(size);
    if (!text)
        abort();
    snprintf(text, size, "%s%s%s%s", a, b, c, d);
    return text;
}

/* The session token goes behind the signed headers there: the order says nothing to a verifier, and
 * much to who compares. */
static void move_session_token(char *query)
{
    char *begin = strstr(query, TOKEN_PARAMETER);
    char *end = begin ? strchr(begin, '&') : NULL;
    char *next = end ? strchr(end + 1, '&') : NULL;
    if (!next)
        return;
    size_t token = (size_t)(end - begin);
    size_t headers = (size_t)(next - end - 1);
    char *copy = strndup(begin, token);
    if (!copy)
        abort();
    memmove(begin, end + 1, headers);
    begin[headers] = '&';
    memcpy(begin + headers + 1, copy, token);
    explicit_bzero(copy, token);
    free(copy);
}

/* Base64 with the letters of URLs and no padding. */
static char *encode(const char *text)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t length = strlen(text);
    char *out = calloc(1, 4 * (length / 3 + 1) + 1);
    size_t used = 0;
    if (!out)
        abort();
    for (size_t at = 0; at < length; at += 3) {
        size_t left = length - at;
        uint32_t group = (uint32_t)(unsigned char)text[at] << 16;
        group |= left > 1 ? (uint32_t)(unsigned char)text[at + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)(unsigned char)text[at + 2] : 0;
        for (size_t i = 0; i < 4 && i <= left; i++)
            out[used++] = letters[group >> (18 - 6 * i) & 63];
    }
    return out;
}

static void wipe(char *text)
{
    explicit_bzero(text, strlen(text));
    free(text);
}

char *kafka_token(const struct kafka_caller *caller, time_t now)
{
    char hash[SIGV4_HASH_SIZE];
    char *host = join("kafka.", caller->region, ".amazonaws.com", "");
    const struct sigv4_header headers[] = {{"host", host}};
    const struct sigv4_request request = {.method = "GET",
                                          .path = "/",
                                          .query = "Action=kafka-cluster%3AConnect",
                                          .headers = headers,
                                          .header_count = 1,
                                          .payload_hash = hash};
    const struct sigv4_key key = {.access_key = caller->access_key,
                                  .secret_key = caller->secret_key,
                                  .session_token = caller->session_token,
                                  .region = caller->region,
                                  .service = "kafka-cluster"};
    sigv4_hash(hash, "", 0);
    char *query = sigv4_presign(&request, &key, KAFKA_TOKEN_EXPIRES_S, now);
    move_session_token(query);
    char *agent = sigv4_encode(caller->user_agent, false);
    char *tail = join(query, "&User-Agent=", agent, "");
    char *url = join("https://", host, "/?", tail);
    char *token = encode(url);
    free(host);
    free(agent);
    wipe(query);
    wipe(tail);
    wipe(url);
    return token;
}
