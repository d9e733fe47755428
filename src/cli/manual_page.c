/* SPDX-License-Identifier: Apache-2.0 */
/* manual_page.c - the commands and their options in the language of man(7). */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "manual.h"
#include "text.h"

/* TEXT as roff takes it: no minus that is a hyphen, no escape, no line that is a request. */
static void write_text(FILE *out, const char *text)
{
    bool begins = true;
    for (; *text; text++) {
        if (begins && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        begins = *text == '\n';
        if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '\'')
            fputs("\\(aq", out);
        else if (begins && text[1] == ' ') { /* a line that is to stay one */
            fputs("\n.br\n", out);
            text += strspn(text + 1, " ");
        } else
            fputc(*text, out);
    }
}

static void write_row(FILE *out, const struct option_row *row)
{
    fputs(".TP\n", out);
    if (row->letter)
        fprintf(out, "\\fB\\-%c\\fR, ", row->letter);
    fputs("\\fB\\-\\-", out);
    write_text(out, row->name);
    fputs("\\fR", out);
    if (row->value)
        fprintf(out, " \\fI%s\\fR", row->value);
    fputc('\n', out);
    write_text(out, row->help);
    if (row->fallback) {
        fputs(" (default ", out);
        write_text(out, row->fallback);
        fputc(')', out);
    }
    fputc('\n', out);
}

static void write_command(FILE *out, const struct command *command)
{
    fputs(".SS \"testconn ", out);
    write_text(out, command->name);
    if (*command->arguments) {
        fputc(' ', out);
        write_text(out, command->arguments);
    }
    fputs("\"\n", out);
    write_text(out, command->description);
    fputc('\n', out);
    for (const struct option_row *row = command->rows; row && row->name; row++)
        write_row(out, row);
}

void manual_page(FILE *out)
{
    for (int i = 0; commands[i]; i++) {
        if (!commands[i]->parts)
            write_command(out, commands[i]);
        for (const struct command *part = commands[i]->parts; part && part->name; part++)
            write_command(out, part);
    }
}
