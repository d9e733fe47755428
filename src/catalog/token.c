/* SPDX-License-Identifier: Apache-2.0 */
/* token.c - version, check, name; in Base64 fit for URLs. */
#include "token.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { VERSION = 1, CHECK_SIZE = 8, HEAD_SIZE = 1 + CHECK_SIZE, TOKEN_MAXIMUM = 400 };

/* CHECK_SIZE bytes over what makes the listing and NAME; each part ends in a NUL. */
static void make_check(const struct catalog_filter *filter, const char *name, unsigned char *check)
{
    struct text_buffer text = TEXT_BUFFER_INIT;
    unsigned char digest[32];
    text_append(&text, "testconn listing");
    text_append_bytes(&text, "", 1);
    text_append_bytes(&text, name, strlen(name) + 1);
    text_append_bytes(&text, filter->type ? filter->type : "",
                      filter->type ? strlen(filter->type) + 1 : 1);
    for (size_t i = 0; i < filter->criteria_count; i++)
        text_append_bytes(&text, filter->criteria[i], strlen(filter->criteria[i]) + 1);
    EVP_Digest(text.data, text.length, digest, NULL, EVP_sha256(), NULL);
    memcpy(check, digest, CHECK_SIZE);
    text_buffer_release(&text);
}

static void swap(char *text, const char *from, const char *to)
{
    for (; *text; text++)
        for (int i = 0; from[i]; i++)
            if (*text == from[i]) {
                *text = to[i];
                break;
            }
}

char *token_make(const struct catalog_filter *filter, const char *name)
{
    size_t length = strlen(name);
    size_t size = HEAD_SIZE + length;
    unsigned char *bytes = xmalloc(size);
    char *token = xmalloc(4 * ((size + 2) / 3) + 1);
    bytes[0] = VERSION;
    make_check(filter, name, bytes + 1);
    memcpy(bytes + HEAD_SIZE, name, length);
    EVP_EncodeBlock((unsigned char *)token, bytes, (int)size);
    token[strcspn(token, "=")] = '\0';
    swap(token, "+/", "-_");
    free(bytes);
    return token;
}

/* The bytes of TOKEN, NUL-ended, *SIZE of them; NULL when it is not Base64. */
static unsigned char *decode(const char *token, size_t *size)
{
    size_t length = strlen(token);
    if (length < 4 || length > TOKEN_MAXIMUM || length % 4 == 1 || strpbrk(token, "+/= \t\r\n"))
        return NULL;
    size_t padding = (4 - length % 4) % 4;
    char *text = text_format("%s%.*s", token, (int)padding, "==");
    unsigned char *bytes = xcalloc(length + padding + 1, 1);
    swap(text, "-_", "+/");
    int decoded = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)(length + padding));
    free(text);
    if (decoded > (int)padding) {
        *size = (size_t)decoded - padding;
        bytes[*size] = '\0';
        return bytes;
    }
    free(bytes);
    return NULL;
}

char *token_read(const struct catalog_filter *filter, const char *token, struct error *err)
{
    size_t size = 0;
    char *name = NULL;
    unsigned char *bytes = decode(token, &size);
    if (bytes && size > HEAD_SIZE) {
        name = xstrdup((const char *)bytes + HEAD_SIZE);
        char *right = token_make(filter, name);
        if (strcmp(right, token) != 0) {
            free(name);
            name = NULL;
        }
        free(right);
    }
    free(bytes);
    if (!name)
        error_set(err, REASON_INVALID_INPUT,
                  "the continuation token is not one of this listing: it was changed, or the "
                  "filter was");
    return name;
}
