/* SPDX-License-Identifier: Apache-2.0 */
/* style.h - how text is written to where it goes: colour, width, how much. */
#ifndef STYLE_H
#define STYLE_H

#include <stdbool.h>
#include <stdio.h>

struct text_style {
    bool color;
    bool verbose; /* the stages of a passed test too, and what only an expert reads */
    bool quiet;   /* failures only */
    int width;    /* of paragraphs, in columns */
    int terminal; /* columns of the terminal written to; 0: it is none */
};

enum text_color { COLOR_BAD, COLOR_GOOD, COLOR_WARNING, COLOR_FAINT };

/*
 * The style for FD. Colour: on a terminal that is not dumb, unless NO_COLOR is set and not empty.
 * Width: 80, or what COLUMNS or the terminal says if that is less.
 */
struct text_style style_for(int fd, bool no_color);

/* The columns of the terminal FD now, COLUMNS going before what it says itself; 0: not known. */
int style_columns(int fd);

/* Write TEXT in COLOR, if STYLE has any. */
void style_put(FILE *out, const struct text_style *style, enum text_color color, const char *text);

#endif
