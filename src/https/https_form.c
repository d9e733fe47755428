/* SPDX-License-Identifier: Apache-2.0 */
/* https_form.c - fields as an HTML form sends them. */
#include <string.h>

#include "https.h"
#include "text.h"

static void append_encoded(struct text_buffer *form, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        char encoded[] = {'%', digits[byte >> 4], digits[byte & 15]};
        if (strchr(plain, byte))
            text_append_bytes(form, text, 1);
        else
            text_append_bytes(form, encoded, sizeof encoded);
    }
}

char *https_form(const struct https_field *fields, size_t count)
{
    struct text_buffer form = TEXT_BUFFER_INIT;
    for (size_t i = 0; i < count; i++) {
        if (!fields[i].value)
            continue;
        if (form.length)
            text_append(&form, "&");
        append_encoded(&form, fields[i].name);
        text_append(&form, "=");
        append_encoded(&form, fields[i].value);
    }
    return text_take(&form);
}
