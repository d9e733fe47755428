/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - command lines by table. */
#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "text.h"

enum { OPTIONS_MAXIMUM = 32, NUMBER_MAXIMUM = 1000000, LINE_MAXIMUM = 1024, HELP_WIDTH = 80 };

int usage_error(const char *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = text_vformat(format, arguments);
    va_end(arguments);
    char line[LINE_MAXIMUM];
    text_one_line(line, sizeof line, text, strlen(text));
    char *shown = columns_text(line);
    fprintf(stderr, "testconn %s: %s\nTry: testconn %s --help\n", command, shown, command);
    free(shown);
    free(text);
    return 2;
}

static bool is_one_of(const char *word, const char *words)
{
    size_t length = strlen(word);
    for (const char *at = words; at; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, word, length) == 0 && (at[length] == '|' || at[length] == '\0'))
            return length > 0;
    }
    return false;
}

/* "text|json" as "text, json". */
static bool refuse_word(const char *command, const struct option_row *row, const char *value)
{
    struct text_buffer words = TEXT_BUFFER_INIT;
    for (const char *at = row->words; *at; at++)
        text_append_bytes(&words, *at == '|' ? ", " : at, *at == '|' ? 2 : 1);
    usage_error(command, "--%s: \"%s\" is none of %s", row->name, value, words.data);
    text_buffer_release(&words);
    return false;
}

static bool add_text(const char *command, const struct option_row *row, const char *value)
{
    struct option_texts *texts = row->target;
    size_t most = sizeof texts->items / sizeof *texts->items;
    if (texts->count == most)
        return !usage_error(command, "--%s: at most %zu are allowed", row->name, most);
    texts->items[texts->count++] = value;
    return true;
}

static unsigned long most_of(const struct option_row *row)
{
    unsigned long most = NUMBER_MAXIMUM;
    if (row->words)
        text_to_number(row->words, 1, NUMBER_MAXIMUM, &most);
    return most;
}

static bool store(const char *command, const struct option_row *row, const char *value)
{
    unsigned long number = 0;
    long milliseconds = 0;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)row->target = true;
        return true;
    case OPTION_TEXT:
        if (!*value)
            return !usage_error(command, "--%s: the value is empty", row->name);
        if (*(const char **)row->target)
            return !usage_error(command, "--%s is given twice", row->name);
        *(const char **)row->target = value;
        return true;
    case OPTION_TEXTS:
        return add_text(command, row, value);
    case OPTION_NUMBER:
        if (!text_to_number(value, 1, most_of(row), &number))
            return !usage_error(command, "--%s: \"%s\" is not a number from 1 to %lu", row->name,
                                value, most_of(row));
        *(long *)row->target = (long)number;
        return true;
    case OPTION_DURATION:
        if (!text_to_milliseconds(value, &milliseconds))
            return !usage_error(command,
                                "--%s: \"%s\" is not a time: a positive number with ms, s or m "
                                "(500ms, 10s, 2m), at "
                                "most 1440m",
                                row->name, value);
        *(long *)row->target = milliseconds;
        return true;
    case OPTION_WORD:
    default:
        if (!is_one_of(value, row->words))
            return refuse_word(command, row, value);
        *(const char **)row->target = value;
        return true;
    }
}

static const struct option_row *find_long(const struct option_row *rows, const char *name,
                                          size_t length)
{
    for (; rows->name; rows++)
        if (strlen(rows->name) == length && strncmp(rows->name, name, length) == 0)
            return rows;
    return NULL;
}

const struct option_row *options_find(const struct option_row *rows, const char *name)
{
    return find_long(rows, name, strlen(name));
}

bool options_is_set(const struct option_row *row)
{
    switch (row->kind) {
    case OPTION_FLAG:
        return *(const bool *)row->target;
    case OPTION_TEXTS:
        return ((const struct option_texts *)row->target)->count > 0;
    case OPTION_NUMBER:
    case OPTION_DURATION:
        return *(const long *)row->target != 0;
    case OPTION_TEXT:
    case OPTION_WORD:
    default:
        return *(const char *const *)row->target != NULL;
    }
}

bool options_set(const char *command, const struct option_row *row, const char *value)
{
    bool on = false;
    if (row->kind != OPTION_FLAG)
        return store(command, row, value);
    if (!text_equal_nocase(value, "true") && !text_equal_nocase(value, "false"))
        return !usage_error(command, "%s: \"%s\" is neither true nor false", row->name, value);
    on = text_equal_nocase(value, "true");
    *(bool *)row->target = on;
    return true;
}

void options_set_defaults(const char *command, const struct option_row *rows)
{
    for (; rows->name; rows++)
        if (rows->fallback && !options_is_set(rows))
            options_set(command, rows, rows->fallback);
}

static const struct option_row *find_letter(const struct option_row *rows, char letter)
{
    for (; rows->name; rows++)
        if (rows->letter && rows->letter == letter)
            return rows;
    return NULL;
}

/* The one option whose name begins with BEGINNING, or NULL. */
static const char *find_beginning(const struct option_row *rows, const char *beginning)
{
    const char *found = NULL;
    for (; rows->name && *beginning; rows++) {
        if (!text_starts(rows->name, beginning))
            continue;
        if (found)
            return NULL;
        found = rows->name;
    }
    return found;
}

const char *options_nearest(const struct option_row *rows, const char *name)
{
    const char *names[OPTIONS_MAXIMUM + 1] = {NULL};
    size_t count = 0;
    for (const struct option_row *row = rows; row->name && count < OPTIONS_MAXIMUM; row++)
        names[count++] = row->name;
    const char *nearest = find_beginning(rows, name);
    return nearest ? nearest : text_nearest(name, names);
}

static bool refuse(const char *command, const struct option_row *rows, const char *argument)
{
    const char *nearest = argument[1] == '-' ? options_nearest(rows, argument + 2) : NULL;
    usage_error(command, "unknown option %s%s%s%s", argument, nearest ? "; did you mean --" : "",
                nearest ? nearest : "", nearest ? " ?" : "");
    return false;
}

static bool take_value(const char *command, const struct option_row *row, const char *value,
                       int argc, char **argv, int *at)
{
    if (row->kind != OPTION_FLAG && !value) {
        if (*at + 1 >= argc)
            return !usage_error(command, "--%s needs a value: %s", row->name, row->value);
        value = argv[++*at];
    }
    return store(command, row, value);
}

/* "-v", "-vq", "-t5s", "-vt 5s": letters; the first that takes a value takes the rest. */
static bool read_letters(const char *command, const struct option_row *rows, int argc, char **argv,
                         int *at)
{
    const char *argument = argv[*at];
    for (const char *letter = argument + 1; *letter; letter++) {
        const struct option_row *row = find_letter(rows, *letter);
        if (!row)
            return refuse(command, rows, argument);
        if (row->kind != OPTION_FLAG)
            return take_value(command, row, letter[1] ? letter + 1 : NULL, argc, argv, at);
        store(command, row, NULL);
    }
    return true;
}

/* The option at argv[*AT]; *AT moves over its value. */
static bool read_option(const char *command, const struct option_row *rows, int argc, char **argv,
                        int *at)
{
    const char *argument = argv[*at];
    if (argument[1] != '-')
        return read_letters(command, rows, argc, argv, at);
    const char *equals = strchr(argument, '=');
    size_t length = equals ? (size_t)(equals - argument - 2) : strlen(argument) - 2;
    const struct option_row *row = find_long(rows, argument + 2, length);
    if (!row)
        return refuse(command, rows, argument);
    if (row->kind == OPTION_FLAG && equals)
        return !usage_error(command, "--%s takes no value", row->name);
    return take_value(command, row, equals ? equals + 1 : NULL, argc, argv, at);
}

bool options_read(const char *command, const struct option_row *rows, int argc, char **argv,
                  const char **rest, int *count)
{
    bool only_rest = false;
    *count = 0;
    for (int at = 0; at < argc; at++) {
        if (!only_rest && strcmp(argv[at], "--") == 0)
            only_rest = true;
        else if (only_rest || argv[at][0] != '-' || argv[at][1] == '\0')
            rest[(*count)++] = argv[at];
        else if (!read_option(command, rows, argc, argv, &at))
            return false;
    }
    return true;
}

static void print_row(const struct option_row *row)
{
    enum { COLUMN = 28 };
    char left[64];
    char letter[6] = "    ";
    char *help = row->fallback ? text_format("%s (default %s)", row->help, row->fallback)
                               : xstrdup(row->help);
    if (row->letter)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    snprintf(left, sizeof left, "  %s--%s%s%s", letter, row->name, row->value ? " " : "",
             row->value ? row->value : "");
    printf("%-*s", COLUMN, left);
    if (strlen(left) >= COLUMN)
        printf("\n%*s", COLUMN, "");
    columns_wrap(stdout, help, COLUMN, HELP_WIDTH, false);
    free(help);
}

static void print_parts(const struct command *parts)
{
    int width = 0;
    for (const struct command *part = parts; part->name; part++)
        width = (int)strlen(part->name) > width ? (int)strlen(part->name) : width;
    printf("\nCommands:\n");
    for (const struct command *part = parts; part->name; part++) {
        printf("  %-*s  ", width, part->name);
        columns_wrap(stdout, part->summary, width + 4, HELP_WIDTH, false);
    }
}

/* Filled to the width; a line that begins with blanks stays one. */
static void print_description(const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        while (text[length] && text[length + 1] && !strchr(" \n", text[length + 1]))
            length += 1 + strcspn(text + length + 1, "\n");
        int indent = (int)strspn(text, " ");
        char *paragraph = xstrndup(text, length);
        for (char *at = paragraph; *at; at++)
            *at = *at == '\n' ? ' ' : *at;
        printf("%*s", indent, "");
        columns_wrap(stdout, paragraph, indent, HELP_WIDTH, false);
        free(paragraph);
        text += length + (text[length] == '\n');
    }
}

bool options_help(const struct command *command, int argc, char **argv)
{
    bool wanted = false;
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        wanted = wanted || !strcmp(argv[i], "--help") || !strcmp(argv[i], "-h");
    if (!wanted)
        return false;
    printf("testconn %s%s%s\n\n", command->name, *command->arguments ? " " : "",
           command->arguments);
    print_description(command->description);
    if (command->parts)
        print_parts(command->parts);
    if (command->rows && command->rows->name)
        printf("\nOptions:\n");
    for (const struct option_row *row = command->rows; row && row->name; row++)
        print_row(row);
    return true;
}
