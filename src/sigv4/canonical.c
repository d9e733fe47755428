/* SPDX-License-Identifier: Apache-2.0 */
/* canonical.c - requests in the one form that both sides hash. */
#include "canonical.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST_SIZE = 32 };

static const char hexadecimal[] = "0123456789abcdef";

static void to_hex(char *out, const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        *out++ = hexadecimal[bytes[i] >> 4];
        *out++ = hexadecimal[bytes[i] & 15];
    }
    *out = '\0';
}

void sigv4_hash(char out[SIGV4_HASH_SIZE], const void *data, size_t length)
{
    unsigned char digest[DIGEST_SIZE] = {0};
    EVP_Digest(length ? data : "", length, digest, NULL, EVP_sha256(), NULL);
    to_hex(out, digest, sizeof digest);
}

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void append_encoded(struct text_buffer *out, char c, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned char byte = (unsigned char)c;
    if (is_unreserved(c) || (c == '/' && keep_slash)) {
        text_append_bytes(out, &c, 1);
        return;
    }
    char escape[] = {'%', digits[byte >> 4], digits[byte & 15]};
    text_append_bytes(out, escape, sizeof escape);
}

char *sigv4_encode(const char *text, bool keep_slash)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    for (; *text; text++)
        append_encoded(&out, *text, keep_slash);
    return text_take(&out);
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte at TEXT[*AT], percent-decoded; *AT is moved behind it. */
static char decode_next(const char *text, size_t length, size_t *at)
{
    size_t i = (*at)++;
    int high = text[i] == '%' && i + 2 < length ? digit_value(text[i + 1]) : -1;
    int low = high >= 0 ? digit_value(text[i + 2]) : -1;
    if (low < 0)
        return text[i];
    *at = i + 3;
    return (char)(high << 4 | low);
}

/* LENGTH bytes percent-decoded and encoded canonically. */
static char *encode_again(const char *text, size_t length)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    for (size_t at = 0; at < length;)
        append_encoded(&out, decode_next(text, length, &at), false);
    return text_take(&out);
}

char *pair_decode(const char *value)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    size_t length = strlen(value);
    for (size_t at = 0; at < length;) {
        char c = decode_next(value, length, &at);
        text_append_bytes(&out, &c, 1);
    }
    return text_take(&out);
}

static void take_pair(struct pairs *pairs, char *name, char *value)
{
    pairs->items = xrealloc(pairs->items, (pairs->count + 1) * sizeof *pairs->items);
    pairs->items[pairs->count++] = (struct pair){name, value};
}

void pairs_add(struct pairs *pairs, const char *name, const char *value)
{
    take_pair(pairs, xstrdup(name), xstrdup(value));
}

void pairs_release(struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        free(pairs->items[i].name);
        text_wipe_free(pairs->items[i].value);
    }
    free(pairs->items);
    *pairs = (struct pairs){0};
}

void pairs_read_query(struct pairs *pairs, const char *query, const char *except)
{
    while (query && *query) {
        size_t length = strcspn(query, "&");
        const char *equals = memchr(query, '=', length);
        size_t name_length = equals ? (size_t)(equals - query) : length;
        char *name = encode_again(query, name_length);
        if (length == 0 || (except && strcmp(name, except) == 0))
            free(name);
        else
            take_pair(pairs, name,
                      equals ? encode_again(equals + 1, length - name_length - 1) : xstrdup(""));
        query += length + (query[length] == '&');
    }
}

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *left = a;
    const struct pair *right = b;
    int order = strcmp(left->name, right->name);
    return order ? order : strcmp(left->value, right->value);
}

char *pairs_format_query(struct pairs *pairs)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    if (pairs->count)
        qsort(pairs->items, pairs->count, sizeof *pairs->items, compare_pairs);
    for (size_t i = 0; i < pairs->count; i++)
        text_append_format(&out, "%s%s=%s", i ? "&" : "", pairs->items[i].name,
                           pairs->items[i].value);
    return text_take(&out);
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static char *collapse(const char *value)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    while (*value) {
        while (is_blank(*value))
            value++;
        const char *word = value;
        while (*value && !is_blank(*value))
            value++;
        if (value > word && out.length)
            text_append(&out, " ");
        text_append_bytes(&out, word, (size_t)(value - word));
    }
    return text_take(&out);
}

static char *lower_case(const char *name)
{
    char *lower = xstrdup(name);
    for (char *c = lower; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c | 0x20);
    return lower;
}

/* Whether NAME is one of LIST, "a;b;c". */
bool names_have(const char *name, const char *list)
{
    size_t length = strlen(name);
    while (*list) {
        size_t item = strcspn(list, ";");
        if (item == length && strncmp(list, name, item) == 0)
            return true;
        list += item + (list[item] == ';');
    }
    return false;
}

static void join(struct pair *pair, char *value)
{
    char *joined = text_format("%s,%s", pair->value, value);
    text_wipe_free(pair->value);
    text_wipe_free(value);
    pair->value = joined;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->name, ((const struct pair *)b)->name);
}

void pairs_read_headers(struct pairs *pairs, const struct sigv4_header *headers, size_t count,
                        const char *signed_headers)
{
    for (size_t i = 0; i < count; i++) {
        char *name = lower_case(headers[i].name);
        size_t at = 0;
        while (at < pairs->count && strcmp(pairs->items[at].name, name) != 0)
            at++;
        bool wanted = !signed_headers || names_have(name, signed_headers);
        if (wanted && at < pairs->count)
            join(&pairs->items[at], collapse(headers[i].value));
        if (!wanted || at < pairs->count)
            free(name);
        else
            take_pair(pairs, name, collapse(headers[i].value));
    }
    if (pairs->count)
        qsort(pairs->items, pairs->count, sizeof *pairs->items, compare_names);
}

char *pairs_format_names(const struct pairs *headers)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    for (size_t i = 0; i < headers->count; i++)
        text_append_format(&out, "%s%s", i ? ";" : "", headers->items[i].name);
    return text_take(&out);
}

/* PATH without dot segments and doubled slashes, encoded once more. */
static char *normalise(const char *path)
{
    struct text_buffer plain = TEXT_BUFFER_INIT;
    size_t whole = strlen(path);
    bool directory = whole > 0 && path[whole - 1] == '/';
    text_append(&plain, "");
    while (*path) {
        path += strspn(path, "/");
        size_t length = strcspn(path, "/");
        if (length == 2 && path[0] == '.' && path[1] == '.') {
            char *last = strrchr(plain.data, '/');
            plain.length = last ? (size_t)(last - plain.data) : 0;
            plain.data[plain.length] = '\0';
        } else if (length > 0 && !(length == 1 && path[0] == '.')) {
            text_append(&plain, "/");
            text_append_bytes(&plain, path, length);
        }
        path += length;
    }
    if (plain.length == 0 || directory)
        text_append(&plain, "/");
    char *encoded = sigv4_encode(plain.data, true);
    text_buffer_release(&plain);
    return encoded;
}

static char *format_request(const struct signing *signing)
{
    const struct sigv4_request *request = signing->request;
    struct text_buffer out = TEXT_BUFFER_INIT;
    char *path =
        strcmp(signing->service, "s3") == 0 ? xstrdup(request->path) : normalise(request->path);
    text_append_format(&out, "%s\n%s\n%s\n", request->method, *path ? path : "/", signing->query);
    for (size_t i = 0; i < signing->headers->count; i++)
        text_append_format(&out, "%s:%s\n", signing->headers->items[i].name,
                           signing->headers->items[i].value);
    text_append_format(&out, "\n%s\n%s", signing->signed_headers, request->payload_hash);
    free(path);
    return text_take(&out);
}

static void hmac(unsigned char out[DIGEST_SIZE], const void *key, size_t key_length,
                 const char *text)
{
    HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)text, strlen(text), out, NULL);
}

/* The key for one day, region and service. */
static void derive(const struct signing *signing, unsigned char key[DIGEST_SIZE])
{
    char *first = text_format("AWS4%s", signing->secret_key);
    hmac(key, first, strlen(first), signing->scope_date);
    hmac(key, key, DIGEST_SIZE, signing->region);
    hmac(key, key, DIGEST_SIZE, signing->service);
    hmac(key, key, DIGEST_SIZE, "aws4_request");
    text_wipe_free(first);
}

void signing_compute(const struct signing *signing, char signature[SIGV4_HASH_SIZE])
{
    unsigned char key[DIGEST_SIZE];
    unsigned char digest[DIGEST_SIZE];
    char hash[SIGV4_HASH_SIZE];
    char *canonical = format_request(signing);
    sigv4_hash(hash, canonical, strlen(canonical));
    char *text = text_format("AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s", signing->date,
                             signing->scope_date, signing->region, signing->service, hash);
    derive(signing, key);
    hmac(digest, key, sizeof key, text);
    to_hex(signature, digest, sizeof digest);
    text_wipe(key, sizeof key);
    text_wipe_free(canonical); /* it may hold a session token */
    free(text);
}
