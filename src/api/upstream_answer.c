/* SPDX-License-Identifier: Apache-2.0 */
/* upstream_answer.c - status line, header lines, body by length, by chunks or to the end. */
#include "upstream_answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_head.h"

enum { BODY_MAXIMUM = 256 << 20 };

bool upstream_is_hop(const char *name, size_t length)
{
    static const char *const names[] = {"Connection",
                                        "Keep-Alive",
                                        "Proxy-Connection",
                                        "Proxy-Authenticate",
                                        "Proxy-Authorization",
                                        "TE",
                                        "Trailer",
                                        "Transfer-Encoding",
                                        "Upgrade",
                                        NULL};
    for (const char *const *hop = names; *hop; hop++)
        if (strlen(*hop) == length && strncasecmp(*hop, name, length) == 0)
            return true;
    return false;
}

static bool is_named(const char *line, size_t name, const char *wanted)
{
    return strlen(wanted) == name && strncasecmp(line, wanted, name) == 0;
}

/* One header LINE of LENGTH bytes, without its end. */
static bool take_line(struct upstream_answer *answer, const char *line, size_t length,
                      bool *chunked)
{
    const char *colon = memchr(line, ':', length);
    if (!colon)
        return false;
    size_t name = (size_t)(colon - line);
    const char *value = colon + 1;
    while (value < line + length && (*value == ' ' || *value == '\t'))
        value++;
    size_t size = (size_t)(line + length - value);
    if (is_named(line, name, "Transfer-Encoding"))
        *chunked = size >= 7 && strncasecmp(value + size - 7, "chunked", 7) == 0;
    if (is_named(line, name, "Content-Length")) {
        free(answer->length);
        answer->length = xstrndup(value, size);
    } else if (!upstream_is_hop(line, name)) {
        text_append_bytes(&answer->headers, line, length);
        text_append(&answer->headers, "\r\n");
    }
    return true;
}

/* "HTTP/1.1 200 OK" */
static bool take_status(struct upstream_answer *answer, const char *line, size_t length)
{
    char digits[4] = "";
    unsigned long status;
    if (length < 12 || strncmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ')
        return false;
    memcpy(digits, line + 9, 3);
    if (!text_to_number(digits, 100, 599, &status))
        return false;
    answer->status = (int)status;
    return true;
}

static bool take_head(struct upstream_answer *answer, const char *text, size_t length,
                      bool *chunked)
{
    bool first = true;
    while (length) {
        const char *end = memchr(text, '\n', length);
        if (!end)
            return false;
        size_t size = (size_t)(end - text);
        length -= size + 1;
        if (size && text[size - 1] == '\r')
            size--;
        if (size &&
            !(first ? take_status(answer, text, size) : take_line(answer, text, size, chunked)))
            return false;
        first = first && size == 0;
        text = end + 1;
    }
    return answer->status != 0;
}

static bool take_body(struct upstream_answer *answer, const char *text, size_t length, bool chunked)
{
    struct http_chunks chunks = {0};
    bool too_large = false;
    unsigned long wanted = length;
    if (chunked) {
        http_chunks_take(&chunks, text, length, BODY_MAXIMUM, &answer->body, &too_large);
        return chunks.state == CHUNK_DONE;
    }
    if (answer->length &&
        (!text_to_number(answer->length, 0, BODY_MAXIMUM, &wanted) || wanted > length))
        return false;
    text_append_bytes(&answer->body, text, wanted);
    return true;
}

bool upstream_answer_read(struct upstream_answer *answer, const char *text, size_t length,
                          bool bodiless)
{
    bool chunked = false;
    *answer = (struct upstream_answer){0};
    do { /* what comes before the answer is passed over: 100 Continue */
        size_t head = http_head_length(text, length);
        upstream_answer_release(answer);
        if (!head || !take_head(answer, text, head, &chunked))
            return false;
        text += head;
        length -= head;
    } while (answer->status < 200);
    bool none = bodiless || answer->status == 204 || answer->status == 304;
    return none || take_body(answer, text, length, chunked);
}

void upstream_answer_release(struct upstream_answer *answer)
{
    text_buffer_release(&answer->headers);
    text_buffer_release(&answer->body);
    free(answer->length);
    *answer = (struct upstream_answer){0};
}
