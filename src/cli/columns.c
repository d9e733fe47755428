/* SPDX-License-Identifier: Apache-2.0 */
/* columns.c - characters and their widths, by the locale. */
#include "columns.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

#include "text.h"

enum {
    NARROWEST = 16, /* columns that a broken text gets even beside the widest indent */
    LEAST_INDENT = 2
};

static bool names_utf8(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        const char *dot = value ? strrchr(value, '.') : NULL;
        if (value && *value)
            return dot && (!strcasecmp(dot, ".UTF-8") || !strcasecmp(dot, ".UTF8"));
    }
    return false;
}

/* Asked only once something beyond ASCII is to be shown: the locale costs time to load. */
static bool locale_is_utf8(void)
{
    static int known = -1;
    if (known < 0) {
        /* One that is named but not installed: its encoding is what counts here. */
        if (!setlocale(LC_CTYPE, "") && names_utf8())
            setlocale(LC_CTYPE, "C.UTF-8");
        known = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    }
    return known;
}

char *columns_text(const char *text)
{
    struct text_buffer shown = TEXT_BUFFER_INIT;
    size_t length = strlen(text);
    for (size_t at = 0, size = 0; at < length; at += size) {
        long point = text_code_point(text + at, length - at, &size);
        if (point >= 0x20 && point < 0x7F)
            text_append_bytes(&shown, text + at, 1);
        else if (point < 0x80)
            text_append_format(&shown, "\\x%02x", (unsigned char)text[at]);
        else if (locale_is_utf8() && !text_is_control(point) && wcwidth((wchar_t)point) >= 0)
            text_append_bytes(&shown, text + at, size);
        else
            text_append_format(&shown, point > 0xFFFF ? "\\U%08lx" : "\\u%04lx", point);
    }
    return text_take(&shown);
}

/* The character at TEXT of LENGTH bytes: its columns, and its *SIZE in bytes. */
static int next_width(const char *text, size_t length, size_t *size)
{
    long point = text_code_point(text, length, size);
    if (point < 0x80)
        return 1;
    int width = wcwidth((wchar_t)point);
    return width < 0 ? 1 : width;
}

static int width_of(const char *text, size_t length)
{
    int columns = 0;
    for (size_t at = 0, size = 0; at < length; at += size)
        columns += next_width(text + at, length - at, &size);
    return columns;
}

int columns_of(const char *text)
{
    return width_of(text, strlen(text));
}

/* How many bytes of TEXT take at most WIDTH columns. */
static size_t fitting(const char *text, size_t length, int width)
{
    size_t at = 0;
    for (size_t size = 0; at < length; at += size) {
        width -= next_width(text + at, length - at, &size);
        if (width < 0)
            break;
    }
    return at;
}

char *columns_cut(const char *text, int width)
{
    size_t length = strlen(text);
    if (width_of(text, length) <= width)
        return xstrdup(text);
    size_t kept = fitting(text, length, width > 3 ? width - 3 : 0);
    while (kept > 0 && text[kept - 1] == ' ')
        kept--;
    return text_format("%.*s...", (int)kept, text);
}

void columns_pad(FILE *out, const char *text, int width)
{
    char *shown = columns_text(text);
    int left = width - columns_of(shown);
    fprintf(out, "%s%*s", shown, left > 0 ? left : 0, "");
    free(shown);
}

static bool is_unit(const char *word, size_t length)
{
    static const char *const units[] = {"ms", "s", "min", "bytes", "bits", "days"};
    while (length > 0 && strchr(".,;:)", word[length - 1]))
        length--;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strlen(units[i]) == length && strncmp(units[i], word, length) == 0)
            return true;
    return false;
}

/* Bytes of the word at TEXT; a number keeps its unit, a question its mark. */
static size_t word_length(const char *text)
{
    size_t length = strcspn(text, " ");
    const char *next = text + length + strspn(text + length, " ");
    size_t next_length = strcspn(next, " ");
    bool number = length > 0 && text[length - 1] >= '0' && text[length - 1] <= '9';
    if ((number && is_unit(next, next_length)) || (next_length == 1 && *next == '?'))
        return (size_t)(next - text) + next_length;
    return length;
}

/* The first bytes of a word that is to be broken over lines of WIDTH columns. */
static size_t break_word(const char *word, size_t length, int width)
{
    size_t fits = fitting(word, length, width);
    return fits > 0 ? fits : length;
}

/* Where a word of WIDE columns begins that has a line of its own: further left where it would not
 * fit otherwise, and there it does. */
static int indent_for(int wide, int indent, int width)
{
    int fits = width - wide;
    if (fits >= indent)
        return indent;
    return fits >= LEAST_INDENT ? fits : indent;
}

void columns_wrap(FILE *out, const char *text, int indent, int width, bool hard)
{
    char *shown = columns_text(text);
    const char *at = shown + strspn(shown, " ");
    int column = indent;
    if (width < indent + NARROWEST)
        width = indent + NARROWEST;
    while (*at) {
        size_t length = word_length(at);
        bool begins = at == shown || at[-1] == ' ';
        bool may_move = begins && column > indent; /* the first stands beside a label */
        int left = may_move ? indent_for(width_of(at, length), indent, width) : indent;
        if (hard && width_of(at, length) > width - left)
            length = break_word(at, length, width - left);
        int wide = width_of(at, length);
        if (column > indent && column + begins + wide > width) {
            fprintf(out, "\n%*s", left, "");
            column = left;
        } else if (column > indent && begins) {
            fputc(' ', out);
            column++;
        }
        fwrite(at, 1, length, out);
        column += wide;
        at += length;
        at += strspn(at, " ");
    }
    fputc('\n', out);
    free(shown);
}
