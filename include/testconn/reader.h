/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h - foreign bytes taken off one by one, never beyond their end: for parsers without I/O.
 */
#ifndef TESTCONN_READER_H
#define TESTCONN_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is left to read. Once it was too short it stays so, and gives nothing more. */
struct reader {
    const unsigned char *at;
    size_t left;
    bool short_of;
};

/* LENGTH bytes, borrowed; NULL when there are fewer. */
static inline const unsigned char *reader_take(struct reader *reader, size_t length)
{
    if (reader->short_of || length > reader->left) {
        reader->short_of = true;
        return NULL;
    }
    const unsigned char *begin = reader->at;
    reader->at += length;
    reader->left -= length;
    return begin;
}

/* A number of up to eight BYTES, the high one first; 0 when there are fewer. */
static inline uint64_t reader_number(struct reader *reader, size_t bytes)
{
    uint64_t value = 0;
    const unsigned char *digits = reader_take(reader, bytes);
    for (size_t i = 0; digits && i < bytes; i++)
        value = value << 8 | digits[i];
    return value;
}

#endif
