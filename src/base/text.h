/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - strings: allocation that cannot fail, growing buffers, UTF-8 made presentable, near
 * words. */
#ifndef TEXT_H
#define TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Allocation; running out of memory ends the process with a message. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *memory, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t length);

/* A formatted string, which the caller frees. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_vformat(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* A growing text, always NUL-ended. Begin with TEXT_BUFFER_INIT, end with text_buffer_release(). */
struct text_buffer {
    char *data;
    size_t length;
    size_t size;
};
#define TEXT_BUFFER_INIT ((struct text_buffer){0})
void text_append(struct text_buffer *buffer, const char *text);
void text_append_bytes(struct text_buffer *buffer, const void *bytes, size_t length);
void text_append_format(struct text_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Hand over the text (never NULL) and empty the buffer. */
char *text_take(struct text_buffer *buffer);
void text_buffer_release(struct text_buffer *buffer);

/* Whether LENGTH bytes are well-formed UTF-8 (RFC 3629). */
bool text_is_utf8(const char *text, size_t length);

/* The code point at TEXT of LENGTH bytes, its size in *SIZE; -1 when it is not well-formed. */
long text_code_point(const char *text, size_t length, size_t *size);

/* Whether the code point POINT shows nothing of its own and may change how others are shown:
 * control bytes, C1 too, bidirectional controls, zero-width characters. */
bool text_is_control(long point);

/*
 * One line of printable UTF-8 made of LENGTH bytes: line breaks, tabs and runs of blanks become one
 * blank, other control bytes (C1 and bidirectional controls too) are dropped, bytes that are not
 * UTF-8 appear as \xNN, blanks at both ends go. The result has at most SIZE - 1 bytes, ends in
 * "..." where it was cut, and never in the middle of a character.
 */
void text_one_line(char *out, size_t size, const char *text, size_t length);

/* Compare without case, ASCII only. */
bool text_equal(const char *a, const char *b); /* with case; NULL equals NULL only */
bool text_equal_nocase(const char *a, const char *b);
bool text_starts(const char *text, const char *prefix);
bool text_starts_nocase(const char *text, const char *prefix);

/*
 * The word of WORDS (NULL-ended) nearest to TEXT without case by edit distance, if near enough to
 * be meant (at most a third of its letters), else NULL.
 */
const char *text_nearest(const char *text, const char *const *words);

/* "db.example:5432", "[2001:db8::7]:5432". */
void text_endpoint(char *out, size_t size, const char *host, unsigned port);

/* Overwrite LENGTH bytes in a way that the compiler keeps. */
void text_wipe(void *memory, size_t length);

/* Wipe and free a NUL-ended secret; NULL is allowed. */
void text_wipe_free(char *secret);

/* A whole decimal number without sign or blanks in [minimum, maximum]. */
bool text_to_number(const char *text, unsigned long minimum, unsigned long maximum,
                    unsigned long *value);

/* "0.04 ms", "12 ms", "7.9 ms", "3.0 s", "2 min": a duration for people. OUT holds at least 32
 * bytes. */
void text_duration(char *out, size_t size, double milliseconds);

/* Milliseconds of "500ms", "10s", "2m" (positive, fraction allowed); a unit is demanded. */
bool text_to_milliseconds(const char *text, long *milliseconds);

#endif
