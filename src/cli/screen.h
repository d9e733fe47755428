/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen.h - standard output of a run. On a terminal what runs is shown live below what is final:
 * final lines are never touched again, the live ones are redrawn at most ten times a second and
 * only when they change. Anywhere else there are the final lines alone, each as it comes.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "style.h"
#include "testconn/probe.h"

struct screen;

/* TOTAL tests will run; LIVE allows the live lines. The caller ends with screen_free(). */
struct screen *screen_new(struct event_base *base, const struct text_style *style, size_t total,
                          int name_width, bool live);

/* Where final text is written to; screen_flush() brings it out. */
FILE *screen_out(struct screen *screen);

/* The style, which follows the size of the terminal. */
const struct text_style *screen_style(const struct screen *screen);

/* Test KEY, called NAME (borrowed until its end), is at STAGE now. */
void screen_stage(struct screen *screen, size_t key, const char *name, enum stage stage);

/* Test KEY is over. */
void screen_end(struct screen *screen, size_t key, bool passed);

/* Bring out what is final; with live lines it may wait for their next turn. 0, or the errno of
 * standard output that takes nothing more. */
int screen_flush(struct screen *screen);

/* Take the live lines away and bring everything out. As screen_flush(). */
int screen_close(struct screen *screen);
void screen_free(struct screen *screen);

#endif
