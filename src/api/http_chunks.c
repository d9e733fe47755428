/* SPDX-License-Identifier: Apache-2.0 */
/* http_chunks.c - the chunked transfer coding, byte by byte where it has lines. */
#include <string.h>

#include "http_head.h"

enum { LINE_MAXIMUM = 1024, TRAILER_MAXIMUM = 8192, SIZE_MAXIMUM = 1 << 30 };

static int hexadecimal(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static void begin_line(struct http_chunks *chunks)
{
    chunks->line = 0;
    chunks->carriage = chunks->extension = chunks->digits = false;
}

/* One byte of "1a;name=value CR LF". */
static void take_size(struct http_chunks *chunks, char byte)
{
    int digit = hexadecimal(byte);
    if (chunks->carriage || ++chunks->line > LINE_MAXIMUM) {
        bool ended = chunks->carriage && byte == '\n' && chunks->digits;
        chunks->state = !ended ? CHUNK_BAD : chunks->left ? CHUNK_DATA : CHUNK_TRAILER;
        begin_line(chunks);
    } else if (byte == '\r') {
        chunks->carriage = true;
    } else if (digit >= 0 && !chunks->extension && chunks->left < SIZE_MAXIMUM) {
        chunks->left = chunks->left * 16 + (size_t)digit;
        chunks->digits = true;
    } else if (chunks->digits && (chunks->extension || strchr("; \t", byte)) && byte >= ' ') {
        chunks->extension = true;
    } else {
        chunks->state = CHUNK_BAD;
    }
}

/* CR LF behind the data of a chunk. */
static void take_end(struct http_chunks *chunks, char byte)
{
    if (!chunks->carriage && byte == '\r') {
        chunks->carriage = true;
    } else if (chunks->carriage && byte == '\n') {
        chunks->state = CHUNK_SIZE;
        begin_line(chunks);
    } else {
        chunks->state = CHUNK_BAD;
    }
}

/* Lines up to an empty one; what they say is not wanted. */
static void take_trailer(struct http_chunks *chunks, char byte)
{
    if (++chunks->trailer > TRAILER_MAXIMUM || (chunks->carriage && byte != '\n')) {
        chunks->state = CHUNK_BAD;
    } else if (chunks->carriage) {
        chunks->state = chunks->line == 0 ? CHUNK_DONE : CHUNK_TRAILER;
        begin_line(chunks);
    } else if (byte == '\r') {
        chunks->carriage = true;
    } else {
        chunks->line++;
    }
}

/* As much of the chunk at hand as there is. */
static size_t take_data(struct http_chunks *chunks, const char *bytes, size_t length,
                        struct text_buffer *body)
{
    size_t part = chunks->left < length ? chunks->left : length;
    text_append_bytes(body, bytes, part);
    chunks->left -= part;
    if (chunks->left == 0)
        chunks->state = CHUNK_END;
    return part;
}

size_t http_chunks_take(struct http_chunks *chunks, const char *bytes, size_t length, size_t limit,
                        struct text_buffer *body, bool *too_large)
{
    size_t at = 0;
    *too_large = false;
    while (at < length && chunks->state < CHUNK_DONE) {
        if (chunks->state == CHUNK_DATA)
            at += take_data(chunks, bytes + at, length - at, body);
        else if (chunks->state == CHUNK_SIZE)
            take_size(chunks, bytes[at++]);
        else if (chunks->state == CHUNK_END)
            take_end(chunks, bytes[at++]);
        else
            take_trailer(chunks, bytes[at++]);
        *too_large = chunks->state == CHUNK_DATA && body->length + chunks->left > limit;
        if (*too_large)
            chunks->state = CHUNK_BAD;
    }
    return at;
}
