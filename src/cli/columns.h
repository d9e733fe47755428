/* SPDX-License-Identifier: Apache-2.0 */
/* columns.h - text as a terminal shows it: what the locale can print, how wide it is, lines broken
 * and cut. */
#ifndef COLUMNS_H
#define COLUMNS_H

#include <stdbool.h>
#include <stdio.h>

/*
 * TEXT, one line, as the locale can show it; the caller frees it. What it cannot - every character
 * beyond ASCII where the locale is not UTF-8, and what has no width - is escaped as \u00e9.
 */
char *columns_text(const char *text);

/* How many columns TEXT, made by columns_text(), takes. */
int columns_of(const char *text);

/* The most of TEXT that takes at most WIDTH columns, ending in "..." where it was cut; the caller
 * frees it. */
char *columns_cut(const char *text, int width);

/* Write TEXT, escaped, and blanks up to WIDTH columns. */
void columns_pad(FILE *out, const char *text, int width);

/*
 * Write TEXT, escaped, broken by words into lines of at most WIDTH columns, and end the line. The
 * first begins at column INDENT already, the others are indented to it. A word that is too long
 * for a line is left whole, or broken too when HARD.
 */
void columns_wrap(FILE *out, const char *text, int indent, int width, bool hard);

#endif
