/* SPDX-License-Identifier: Apache-2.0 */
/* written.c - finds the ASCII forms of host names in a line, by libidn2, loaded when one is there.
 */
#include "written.h"

#include <dlfcn.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
#define DIGITS "0123456789"

enum { NAMES_MAXIMUM = 32 };

/* Of the one test of this process. */
static struct {
    size_t count;
    struct name {
        const char *ascii; /* the target's */
        char *written;
    } names[NAMES_MAXIMUM];
} known;

static char *translate(const char *ascii)
{
    char *written = NULL;
    char *own = NULL;
    void *library = dlopen("libidn2.so.0", RTLD_LAZY | RTLD_LOCAL);
    __typeof__(idn2_to_unicode_8z8z) *to_unicode = NULL;
    if (library)
        *(void **)&to_unicode = dlsym(library, "idn2_to_unicode_8z8z");
    if (to_unicode && to_unicode(ascii, &written, 0) == IDN2_OK)
        own = xstrdup(written);
    free(written);
    if (library)
        dlclose(library);
    return own;
}

static void know(const char *ascii)
{
    if (!ascii || !strstr(ascii, "xn--") || known.count == NAMES_MAXIMUM)
        return;
    char *written = translate(ascii);
    if (written && strcmp(written, ascii) != 0)
        known.names[known.count++] = (struct name){ascii, written};
    else
        free(written);
}

void written_begin(const struct target *target)
{
    for (size_t i = 0; i < target->endpoint_count; i++)
        know(target->endpoints[i].host);
    know(target->tls.expected_name);
}

/* The name whose ASCII form stands at AT in LINE, as a whole; NULL: none. */
static const struct name *find(const char *line, const char *at)
{
    if (at > line && strchr(LETTERS ".", at[-1]))
        return NULL;
    for (size_t i = 0; i < known.count; i++) {
        const char *end = at + strlen(known.names[i].ascii);
        bool begins = text_starts(at, known.names[i].ascii);
        if (begins && (!*end || !strchr(LETTERS, *end)) &&
            (*end != '.' || !end[1] || !strchr(LETTERS, end[1])))
            return &known.names[i];
    }
    return NULL;
}

/* What belongs to the name at AT and goes before its ASCII form: a port, a closing quote. */
static size_t tail_length(const char *at)
{
    if (*at == '"')
        return 1;
    size_t digits = *at == ':' ? strspn(at + 1, DIGITS) : 0;
    return digits ? digits + 1 : 0;
}

char *written_tell(const char *line)
{
    struct text_buffer told = TEXT_BUFFER_INIT;
    bool seen[NAMES_MAXIMUM] = {false};
    if (known.count == 0)
        return NULL;
    for (const char *at = line; *at;) {
        const struct name *name = find(line, at);
        if (!name) {
            text_append_bytes(&told, at++, 1);
            continue;
        }
        at += strlen(name->ascii);
        size_t tail = tail_length(at);
        text_append(&told, name->written);
        text_append_bytes(&told, at, tail);
        if (!seen[name - known.names])
            text_append_format(&told, " (%s)", name->ascii);
        seen[name - known.names] = true;
        at += tail;
    }
    return text_take(&told);
}
