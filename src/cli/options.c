/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - command lines by table. */
#include "options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { OPTIONS_MAXIMUM = 32, NUMBER_MAXIMUM = 1000000 };

int usage_error(const char *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = text_vformat(format, arguments);
    va_end(arguments);
    fprintf(stderr, "testconn %s: %s\nTry: testconn %s --help\n", command, text, command);
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

static bool store(const char *command, const struct option_row *row, const char *value)
{
    unsigned long number = 0;
    long milliseconds = 0;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)row->target = true;
        return true;
    case OPTION_TEXT:
        *(const char **)row->target = value;
        return true;
    case OPTION_NUMBER:
        if (!text_to_number(value, 1, NUMBER_MAXIMUM, &number))
            return !usage_error(command, "--%s: \"%s\" is not a number from 1 up", row->name,
                                value);
        *(long *)row->target = (long)number;
        return true;
    case OPTION_DURATION:
        if (!text_to_milliseconds(value, &milliseconds))
            return !usage_error(
                command, "--%s: \"%s\" is not a time: a positive number with ms, s or m (10s)",
                row->name, value);
        *(long *)row->target = milliseconds;
        return true;
    case OPTION_WORD:
    default:
        if (!is_one_of(value, row->words))
            return !usage_error(command, "--%s: \"%s\" is none of %s", row->name, value,
                                row->words);
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

static const struct option_row *find_letter(const struct option_row *rows, char letter)
{
    for (; rows->name; rows++)
        if (rows->letter && rows->letter == letter)
            return rows;
    return NULL;
}

static bool refuse(const char *command, const struct option_row *rows, const char *argument)
{
    const char *names[OPTIONS_MAXIMUM + 1] = {NULL};
    size_t count = 0;
    for (const struct option_row *row = rows; row->name && count < OPTIONS_MAXIMUM; row++)
        names[count++] = row->name;
    const char *nearest = argument[1] == '-' ? text_nearest(argument + 2, names) : NULL;
    usage_error(command, "unknown option %s%s%s%s", argument, nearest ? "; did you mean --" : "",
                nearest ? nearest : "", nearest ? " ?" : "");
    return false;
}

/* The option at argv[*AT]; *AT moves over its value. */
static bool read_option(const char *command, const struct option_row *rows, int argc, char **argv,
                        int *at)
{
    const char *argument = argv[*at];
    bool is_long = argument[1] == '-';
    const char *equals = is_long ? strchr(argument, '=') : NULL;
    size_t length = equals ? (size_t)(equals - argument - 2) : strlen(argument) - (is_long ? 2 : 0);
    const struct option_row *row =
        is_long ? find_long(rows, argument + 2, length) : find_letter(rows, argument[1]);
    if (!row)
        return refuse(command, rows, argument);
    const char *value = equals ? equals + 1 : NULL;
    if (!is_long && argument[2])
        value = argument + 2;
    if (row->kind == OPTION_FLAG && value)
        return !usage_error(command, "--%s takes no value", row->name);
    if (row->kind != OPTION_FLAG && !value) {
        if (*at + 1 >= argc)
            return !usage_error(command, "--%s needs a value: %s", row->name, row->value);
        value = argv[++*at];
    }
    return store(command, row, value);
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
    char left[48];
    char letter[6] = "    ";
    if (row->letter)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    snprintf(left, sizeof left, "  %s--%s%s%s", letter, row->name, row->value ? " " : "",
             row->value ? row->value : "");
    printf("%-28s %s", left, row->help);
    if (row->fallback)
        printf(" (default %s)", row->fallback);
    putchar('\n');
}

bool options_help(const struct command *command, const struct option_row *rows, int argc,
                  char **argv)
{
    bool wanted = false;
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        wanted = wanted || !strcmp(argv[i], "--help") || !strcmp(argv[i], "-h");
    if (!wanted)
        return false;
    printf("testconn %s %s\n\n%s\n", command->name, command->arguments, command->summary);
    if (rows->name)
        printf("\nOptions:\n");
    for (; rows->name; rows++)
        print_row(rows);
    return true;
}
