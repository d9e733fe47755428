/* SPDX-License-Identifier: Apache-2.0 */
/* problems.c - a growing list of problems. */
#include "problems.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { PROBLEM_TEXT_MAXIMUM = 2048, PROBLEM_PATH_MAXIMUM = 256 }; /* bytes */

/* Of a list, each entry may have the same fault: it is told once. */
static bool is_said(const struct problems *problems, const char *path, const char *text)
{
    const struct problem *last = problems->count ? &problems->items[problems->count - 1] : NULL;
    return last && strcmp(last->path, path) == 0 && strcmp(last->text, text) == 0;
}

static void add(struct problems *problems, const char *path, const char *rule, bool note,
                const char *format, va_list arguments) __attribute__((format(printf, 5, 0)));

static void add(struct problems *problems, const char *path, const char *rule, bool note,
                const char *format, va_list arguments)
{
    char *text = text_vformat(format, arguments);
    char line[PROBLEM_TEXT_MAXIMUM];
    char where[PROBLEM_PATH_MAXIMUM];
    text_one_line(line, sizeof line, text, strlen(text));
    text_one_line(where, sizeof where, path, strlen(path));
    free(text);
    if (is_said(problems, where, line))
        return;
    problems->items = xrealloc(problems->items, (problems->count + 1) * sizeof *problems->items);
    problems->items[problems->count++] =
        (struct problem){.path = xstrdup(where), .text = xstrdup(line), .rule = rule, .note = note};
    if (!note)
        problems->refused++;
}

void problems_add(struct problems *problems, const char *path, const char *rule, const char *format,
                  ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(problems, path, rule, false, format, arguments);
    va_end(arguments);
}

void problems_add_note(struct problems *problems, const char *path, const char *rule,
                       const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(problems, path, rule, true, format, arguments);
    va_end(arguments);
}

bool problems_at(const struct problems *problems, const char *path)
{
    for (size_t i = 0; i < problems->count; i++)
        if (!problems->items[i].note && strcmp(problems->items[i].path, path) == 0)
            return true;
    return false;
}

char *problems_join(const struct problems *problems, const char *root)
{
    struct text_buffer joined = TEXT_BUFFER_INIT;
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        if (problem->note)
            continue;
        if (joined.length)
            text_append(&joined, "; ");
        if (*problem->path)
            text_append_format(&joined, "%s%s: ", root, problem->path);
        text_append(&joined, problem->text);
    }
    return text_take(&joined);
}

void problems_release(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        free(problems->items[i].path);
        free(problems->items[i].text);
    }
    free(problems->items);
    *problems = PROBLEMS_INIT;
}
