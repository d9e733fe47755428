/* SPDX-License-Identifier: Apache-2.0 */
/* oauth2_scrub.c - secrets taken out of what others say. */
#include "oauth2_scrub.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_MINIMUM = 8, WHOLE_MINIMUM = 3 };
#define MASK "***"

void scrub_add(struct scrub *scrub, const char *value)
{
    if (value && strlen(value) >= WHOLE_MINIMUM && scrub->count < SCRUB_MAXIMUM)
        scrub->values[scrub->count++] = value;
}

static int hex(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    if (letter >= 'a' && letter <= 'f')
        return letter - 'a' + 10;
    return letter >= 'A' && letter <= 'F' ? letter - 'A' + 10 : -1;
}

/* How many letters TEXT begins with that stand for BYTE: as it is, or ENCODED as in a form; 0:
 * another one. */
static size_t stands_for(const char *text, char byte, bool encoded)
{
    if (encoded && text[0] == '%' && hex(text[1]) >= 0 && hex(text[2]) >= 0)
        return (char)(hex(text[1]) << 4 | hex(text[2])) == byte ? 3 : 0;
    return *text == byte || (encoded && *text == '+' && byte == ' ') ? 1 : 0;
}

/* How many letters of TEXT, and in *BYTES how many bytes of VALUE, agree. */
static size_t agree(const char *text, const char *value, bool encoded, size_t *bytes)
{
    size_t used = 0;
    size_t size;
    for (*bytes = 0; text[used] && value[*bytes]; ++*bytes, used += size)
        if (!(size = stands_for(text + used, value[*bytes], encoded)))
            break;
    return used;
}

/* The letters at TEXT that show enough of VALUE; 0: none. */
static size_t shown(const char *text, const char *value)
{
    size_t length = strlen(value);
    size_t longest = 0;
    for (size_t at = 0; at < length; at++)
        for (int encoded = 0; encoded <= 1; encoded++) {
            size_t bytes;
            size_t used = agree(text, value + at, encoded, &bytes);
            bool tells = bytes >= PIECE_MINIMUM || bytes == length;
            if (tells && used > longest)
                longest = used;
        }
    return longest;
}

void scrub_text(const struct scrub *scrub, char *text)
{
    char *out = text;
    while (*text) {
        size_t longest = 0;
        for (size_t i = 0; i < scrub->count; i++) {
            size_t used = shown(text, scrub->values[i]);
            longest = used > longest ? used : longest;
        }
        if (longest) {
            /* Never longer than what it stands for: WHOLE_MINIMUM is the mask's length. */
            memcpy(out, MASK, sizeof MASK - 1);
            out += sizeof MASK - 1;
            text += longest;
        } else {
            *out++ = *text++;
        }
    }
    *out = '\0';
}

char *scrub_copy(const struct scrub *scrub, const char *text, size_t limit)
{
    size_t looked_at = limit * 4;
    char *copy = strndup(text ? text : "", looked_at);
    bool cut = strlen(copy) == looked_at;
    scrub_text(scrub, copy);
    size_t length = strlen(copy);
    /* The begin of a secret that was cut off is not known for one. */
    if (cut && length <= limit)
        limit = length > PIECE_MINIMUM ? length - PIECE_MINIMUM : 0;
    if (length > limit)
        copy[limit] = '\0';
    return copy;
}
