/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_head.h - the head of an HTTP/1.1 request and the framing of its body. Pure: bytes in, no
 * I/O.
 *
 * Strict where two readers could understand one request differently: bare line feeds, folded lines,
 * blanks before a colon, two lengths, a length beside a transfer coding are refused.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

enum { HTTP_HEADERS_MAXIMUM = 100 };

struct http_header {
    const char *name; /* as spelled */
    const char *value;
};

struct http_head {
    char *raw;  /* as it came, NUL-ended */
    char *text; /* what the rest points into */
    const char *method;
    const char *target; /* as it came */
    const char *path;   /* of the target, not decoded; "/" and more */
    const char *query;  /* behind the "?"; NULL: none */
    char *authority; /* of a target that names its host, which the Host header then is; or NULL */
    int minor;       /* HTTP/1.x */
    struct http_header headers[HTTP_HEADERS_MAXIMUM];
    size_t header_count;
    size_t content_length;
    bool chunked;
    bool keep_alive;
    bool expects_continue;
};

/*
 * How many of LENGTH bytes are the head, its empty line included; 0: it is not whole yet. Empty
 * lines before it belong to it.
 */
size_t http_head_length(const char *text, size_t length);

/* Read a whole head. 0, or the HTTP status that refuses it with *WHY set; either way the caller
 * ends with http_head_release(). */
int http_head_read(struct http_head *head, const char *text, size_t length, const char **why);
void http_head_release(struct http_head *head);

/* The value of the header NAME (without case), NULL when it is not there. Of several, the first. */
const char *http_head_find(const struct http_head *head, const char *name);

/* How often the header NAME stands in HEAD. */
size_t http_head_count(const struct http_head *head, const char *name);

/* The percent-decoded value of the query parameter NAME, which the caller frees; NULL: not there,
 * or not UTF-8. */
char *http_head_parameter(const struct http_head *head, const char *name);

/* A body in chunks, taken apart. Begin with zeros. */
struct http_chunks {
    enum { CHUNK_SIZE, CHUNK_DATA, CHUNK_END, CHUNK_TRAILER, CHUNK_DONE, CHUNK_BAD } state;
    size_t left;    /* of the chunk at hand */
    size_t line;    /* bytes of the line at hand */
    size_t trailer; /* bytes of all lines of the trailer */
    bool digits, extension, carriage;
};

/*
 * Take LENGTH more bytes; the body's own are appended to BODY as long as it stays below LIMIT.
 * Returns how many were used: fewer than LENGTH once the state is CHUNK_DONE or CHUNK_BAD (also for
 * a body that is too large: *TOO_LARGE).
 */
size_t http_chunks_take(struct http_chunks *chunks, const char *bytes, size_t length, size_t limit,
                        struct text_buffer *body, bool *too_large);

#endif
