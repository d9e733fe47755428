/* SPDX-License-Identifier: Apache-2.0 */
/* http_head_fuzz.c - a request from anybody: its head read or refused, its chunks the same however
 * they arrive. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 4096 };

/* The chunks of TEXT, taken in pieces of STEP bytes; the state they end in. */
static int take(const char *text, size_t length, size_t step, struct text_buffer *body)
{
    struct http_chunks chunks = {0};
    bool too_large = false;
    for (size_t at = 0; at < length && chunks.state < CHUNK_DONE; at += step) {
        size_t piece = length - at < step ? length - at : step;
        size_t used = http_chunks_take(&chunks, text + at, piece, LIMIT, body, &too_large);
        if (used > piece || (used < piece && chunks.state < CHUNK_DONE))
            abort();
    }
    return (int)chunks.state;
}

static void check_chunks(const char *text, size_t length)
{
    struct text_buffer whole = TEXT_BUFFER_INIT;
    struct text_buffer pieces = TEXT_BUFFER_INIT;
    int at_once = take(text, length, length ? length : 1, &whole);
    int by_byte = take(text, length, 1, &pieces);
    if (at_once != by_byte || whole.length != pieces.length || whole.length > LIMIT ||
        (whole.length && memcmp(whole.data, pieces.data, whole.length) != 0))
        abort();
    text_buffer_release(&whole);
    text_buffer_release(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct http_head head;
    const char *why = NULL;
    size_t length = http_head_length(text, size);
    if (length > size)
        abort();
    if (length) {
        int status = http_head_read(&head, text, length, &why);
        if (status ? !why : !head.method || !head.path || *head.path != '/')
            abort();
        if (status == 0)
            free(http_head_parameter(&head, "target"));
        http_head_release(&head);
    }
    check_chunks(text + length, size - length);
    return 0;
}
