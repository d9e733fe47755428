/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - strings. */
#include "text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void *or_abort(void *memory)
{
    if (!memory) {
        fputs("testconn: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *xmalloc(size_t size)
{
    return or_abort(malloc(size ? size : 1));
}

void *xcalloc(size_t count, size_t size)
{
    return or_abort(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *memory, size_t size)
{
    return or_abort(realloc(memory, size ? size : 1));
}

char *xstrdup(const char *text)
{
    return or_abort(strdup(text));
}

char *xstrndup(const char *text, size_t length)
{
    return or_abort(strndup(text, length));
}

char *text_vformat(const char *format, va_list arguments)
{
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        or_abort(NULL);
    return text;
}

char *text_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = text_vformat(format, arguments);
    va_end(arguments);
    return text;
}

void text_append_bytes(struct text_buffer *buffer, const void *bytes, size_t length)
{
    if (buffer->length + length + 1 > buffer->size) {
        size_t size = buffer->size ? buffer->size : 64;
        while (size < buffer->length + length + 1)
            size *= 2;
        buffer->data = xrealloc(buffer->data, size);
        buffer->size = size;
    }
    if (length)
        memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

void text_append(struct text_buffer *buffer, const char *text)
{
    text_append_bytes(buffer, text, strlen(text));
}

void text_append_format(struct text_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = text_vformat(format, arguments);
    va_end(arguments);
    text_append(buffer, text);
    free(text);
}

char *text_take(struct text_buffer *buffer)
{
    char *text = buffer->data ? buffer->data : xstrdup("");
    *buffer = TEXT_BUFFER_INIT;
    return text;
}

void text_buffer_release(struct text_buffer *buffer)
{
    free(buffer->data);
    *buffer = TEXT_BUFFER_INIT;
}

long text_code_point(const char *text, size_t length, size_t *size)
{
    static const struct {
        unsigned char mask, lead;
        long least;
    } forms[] = {{0x80, 0x00, 0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
    *size = 1;
    if (length == 0)
        return -1;
    unsigned char first = (unsigned char)text[0];
    for (size_t extra = 0; extra < 4; extra++) {
        if ((first & forms[extra].mask) != forms[extra].lead)
            continue;
        if (extra >= length)
            return -1;
        long point = first & (unsigned char)~forms[extra].mask;
        for (size_t i = 1; i <= extra; i++) {
            unsigned char next = (unsigned char)text[i];
            if ((next & 0xC0) != 0x80)
                return -1;
            point = (point << 6) | (next & 0x3F);
        }
        if (point < forms[extra].least || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
            return -1;
        *size = extra + 1;
        return point;
    }
    return -1;
}

bool text_is_utf8(const char *text, size_t length)
{
    for (size_t at = 0, size = 0; at < length; at += size)
        if (text_code_point(text + at, length - at, &size) < 0)
            return false;
    return true;
}

bool text_is_control(long point)
{
    return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0xFEFF ||
           (point >= 0x200B && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E) ||
           (point >= 0x2060 && point <= 0x2069) || point == 0xFFFE || point == 0xFFFF;
}

/* The printable form of what stands at TEXT; its input size in *TAKEN. */
static size_t print_next(char piece[8], const char *text, size_t length, size_t *taken)
{
    long point = text_code_point(text, length, taken);
    if (point < 0)
        return (size_t)snprintf(piece, 8, "\\x%02x", (unsigned char)text[0]);
    if (point == '\n' || point == '\r' || point == '\t' || point == '\v' || point == '\f' ||
        point == 0x85 || point == 0x2028 || point == 0x2029) {
        piece[0] = ' ';
        return 1;
    }
    if (text_is_control(point))
        return 0;
    memcpy(piece, text, *taken);
    return *taken;
}

void text_one_line(char *out, size_t size, const char *text, size_t length)
{
    if (size == 0)
        return;
    size_t used = 0;
    size_t fits = 0; /* where the text may be cut so that "..." still has room */
    for (size_t at = 0, taken = 0; at < length; at += taken) {
        char piece[8];
        size_t piece_length = print_next(piece, text + at, length - at, &taken);
        if (piece_length == 1 && piece[0] == ' ' && (used == 0 || out[used - 1] == ' '))
            continue;
        if (used + piece_length + 1 > size) {
            used = fits;
            for (int dots = 0; dots < 3 && used + 1 < size; dots++)
                out[used++] = '.';
            break;
        }
        memcpy(out + used, piece, piece_length);
        used += piece_length;
        if (used + 4 <= size)
            fits = used;
    }
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
}

bool text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_equal_nocase(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b))
        a++, b++;
    return lower(*a) == lower(*b);
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_starts_nocase(const char *text, const char *prefix)
{
    while (*prefix && lower(*text) == lower(*prefix))
        text++, prefix++;
    return *prefix == '\0';
}

enum { WORD_MAXIMUM = 80 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters added, dropped, changed, or two swapped, without case; both at most WORD_MAXIMUM long. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][WORD_MAXIMUM + 1];
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *second = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            char x = lower(a[i - 1]);
            char y = lower(b[j - 1]);
            row[j] = least(above[j - 1] + (x != y), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && x == lower(b[j - 2]) && y == lower(a[i - 2]))
                row[j] = least(row[j], second[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

const char *text_nearest(const char *text, const char *const *words)
{
    size_t length = strlen(text);
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    if (length == 0 || length > WORD_MAXIMUM)
        return NULL;
    for (; *words; words++) {
        size_t word_length = strlen(*words);
        if (word_length > WORD_MAXIMUM)
            continue;
        size_t distance = edit_distance(text, length, *words, word_length);
        size_t longer = length > word_length ? length : word_length;
        if (distance < best && distance * 3 <= longer) {
            best = distance;
            nearest = *words;
        }
    }
    return nearest;
}

void text_endpoint(char *out, size_t size, const char *host, unsigned port)
{
    snprintf(out, size, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
}

void text_wipe(void *memory, size_t length)
{
    explicit_bzero(memory, length);
}

void text_wipe_free(char *secret)
{
    if (secret)
        text_wipe(secret, strlen(secret));
    free(secret);
}

bool text_to_number(const char *text, unsigned long minimum, unsigned long maximum,
                    unsigned long *value)
{
    unsigned long number = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        unsigned long digit = (unsigned long)(*text - '0');
        if (number > (maximum - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *value = number;
    return number >= minimum;
}

void text_duration(char *out, size_t size, double milliseconds)
{
    if (milliseconds < 0.0995)
        snprintf(out, size, "%.2f ms", milliseconds < 0.01 ? 0.01 : milliseconds);
    else if (milliseconds < 9.95)
        snprintf(out, size, "%.1f ms", milliseconds);
    else if (milliseconds < 999.5)
        snprintf(out, size, "%.0f ms", milliseconds);
    else if (milliseconds < 119950)
        snprintf(out, size, "%.1f s", milliseconds / 1000);
    else
        snprintf(out, size, "%.0f min", milliseconds / 60000);
}

bool text_to_milliseconds(const char *text, long *milliseconds)
{
    static const struct {
        const char *unit;
        double factor;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}};
    if (*text < '0' || *text > '9')
        return false;
    size_t digits = strspn(text, "0123456789.");
    char number[24];
    if (digits >= sizeof number)
        return false;
    memcpy(number, text, digits);
    number[digits] = '\0';
    char *end = NULL;
    double value = strtod(number, &end);
    if (*end)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(text + digits, units[i].unit) == 0) {
            double result = value * units[i].factor;
            *milliseconds = (long)result;
            return result >= 1 && result <= 86400000;
        }
    return false;
}
