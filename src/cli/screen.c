/* SPDX-License-Identifier: Apache-2.0 */
/* screen.c - final text, and live lines below it on a terminal. */
#include "screen.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "columns.h"
#include "fd.h"
#include "text.h"

enum { TURN_MS = 100, QUIET_MS = 150, LINES_MAXIMUM = 8, ROWS_UNKNOWN = 24, NAME_COLUMN = 8 };

struct running {
    size_t key;
    const char *name;
    enum stage stage;
    int64_t began_us;
};

struct screen {
    struct text_style style;
    int name_width;
    bool live;
    FILE *out;
    char *final; /* what OUT holds when it is no file but memory, not brought out yet */
    size_t final_length;
    struct running *running; /* in the order they began */
    size_t count, room;
    size_t total, passed, failed;
    int64_t began_us;
    char *drawn; /* the live lines as they stand on the terminal */
    int drawn_rows;
    struct event *turn, *resized, *resumed;
    int error; /* of standard output */
};

/* The time since BEGAN_US in whole seconds: what changes with every look is nothing to look at. */
static void append_seconds(struct text_buffer *text, int64_t began_us, int width)
{
    char time[32];
    snprintf(time, sizeof time, "%lld s", (long long)((clock_now_us() - began_us) / 1000000));
    text_append_format(text, "%*s", width, time);
}

static void append_line(const struct screen *screen, struct text_buffer *text, const char *line)
{
    char *cut = columns_cut(line, screen->style.terminal - 1);
    text_append_format(text, "%s\n", cut);
    free(cut);
}

/* "...     vault-db    2 s   tcp" */
static void append_running(const struct screen *screen, const struct running *one,
                           struct text_buffer *text)
{
    struct text_buffer line = TEXT_BUFFER_INIT;
    char *shown = columns_text(one->name);
    char *name = columns_cut(shown, screen->name_width);
    int blanks = screen->name_width - columns_of(name);
    text_append_format(&line, "%-*s%s%*s  ", NAME_COLUMN, "...", name, blanks, "");
    append_seconds(&line, one->began_us, 8);
    text_append_format(&line, "   %s", stage_name(one->stage));
    append_line(screen, text, line.data);
    text_buffer_release(&line);
    free(name);
    free(shown);
}

static void append_sum(const struct screen *screen, struct text_buffer *text)
{
    struct text_buffer line = TEXT_BUFFER_INIT;
    size_t done = screen->passed + screen->failed;
    text_append_format(&line, "%zu of %zu tested: %zu ok, %zu failed; %zu running", done,
                       screen->total, screen->passed, screen->failed, screen->count);
    if (screen->total > done + screen->count)
        text_append_format(&line, ", %zu waiting", screen->total - done - screen->count);
    append_seconds(&line, screen->began_us, 6);
    append_line(screen, text, line.data);
    text_buffer_release(&line);
}

/* At most half of the rows: one that is made smaller then still shows all live lines, and those it
 * has pushed out cannot be taken back. */
static size_t lines_that_fit(void)
{
    enum { OTHER_ROWS = 2 }; /* "and more", and the sum */
    struct winsize size = {0};
    int rows = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row
                                                                               : ROWS_UNKNOWN;
    int fit = rows / 2 - OTHER_ROWS;
    return fit < 1 ? 1 : fit < LINES_MAXIMUM ? (size_t)fit : LINES_MAXIMUM;
}

/* The live lines as they are to be; the caller frees them. */
static char *compose(const struct screen *screen)
{
    struct text_buffer text = TEXT_BUFFER_INIT;
    size_t fit = lines_that_fit();
    if (screen->count == 0 || clock_now_us() - screen->began_us < QUIET_MS * 1000)
        return text_take(&text);
    for (size_t i = 0; i < screen->count && i < fit; i++)
        append_running(screen, &screen->running[i], &text);
    if (screen->count > fit) {
        char *more = text_format("%*sand %zu more", NAME_COLUMN, "", screen->count - fit);
        append_line(screen, &text, more);
        free(more);
    }
    if (screen->total > 1)
        append_sum(screen, &text);
    return text_take(&text);
}

static int count_rows(const char *text)
{
    int rows = 0;
    while ((text = strchr(text, '\n'))) {
        rows++;
        text++;
    }
    return rows;
}

/* Line by line: to clear the screen from its upper left corner on makes some terminals keep what
 * stood there as history. */
static void append_erasing(int rows, struct text_buffer *text)
{
    text_append(text, "\r\033[2K");
    while (rows-- > 0)
        text_append(text, "\033[A\033[2K");
}

/* One write: old live lines away, what is final, the live lines LINES. */
static void draw(struct screen *screen, char *lines)
{
    struct text_buffer all = TEXT_BUFFER_INIT;
    fflush(screen->out);
    if (screen->final_length > 0 || strcmp(lines, screen->drawn) != 0) {
        if (screen->drawn_rows > 0)
            append_erasing(screen->drawn_rows, &all);
        text_append_bytes(&all, screen->final, screen->final_length);
        text_append(&all, lines);
        if (!screen->error && !fd_write_all(STDOUT_FILENO, all.data, all.length))
            screen->error = errno;
        rewind(screen->out);
        fflush(screen->out);
        screen->final_length = 0;
        screen->drawn_rows = count_rows(lines);
    }
    text_buffer_release(&all);
    free(screen->drawn);
    screen->drawn = lines;
}

static void take_turn(evutil_socket_t fd, short what, void *argument)
{
    struct screen *screen = argument;
    (void)fd;
    (void)what;
    draw(screen, compose(screen));
}

static void see_resize(evutil_socket_t fd, short what, void *argument)
{
    struct screen *screen = argument;
    int columns = style_columns(STDOUT_FILENO);
    (void)fd;
    (void)what;
    if (columns > 0)
        screen->style.terminal = columns;
}

/* Others have written since: what was drawn is theirs now. */
static void see_resume(evutil_socket_t fd, short what, void *argument)
{
    struct screen *screen = argument;
    (void)fd;
    (void)what;
    screen->drawn_rows = 0;
    screen->drawn[0] = '\0';
}

static void go_live(struct screen *screen, struct event_base *base)
{
    struct timeval turn = {.tv_usec = TURN_MS * 1000};
    screen->out = open_memstream(&screen->final, &screen->final_length);
    screen->turn = event_new(base, -1, EV_PERSIST, take_turn, screen);
    screen->resized = evsignal_new(base, SIGWINCH, see_resize, screen);
    screen->resumed = evsignal_new(base, SIGCONT, see_resume, screen);
    event_add(screen->turn, &turn);
    event_add(screen->resized, NULL);
    event_add(screen->resumed, NULL);
}

struct screen *screen_new(struct event_base *base, const struct text_style *style, size_t total,
                          int name_width, bool live)
{
    struct screen *screen = xcalloc(1, sizeof *screen);
    const char *terminal = getenv("TERM");
    screen->style = *style;
    screen->total = total;
    screen->name_width = name_width;
    screen->live = live && style->terminal && terminal && strcmp(terminal, "dumb") != 0;
    screen->began_us = clock_now_us();
    screen->drawn = xstrdup("");
    screen->out = stdout;
    if (screen->live)
        go_live(screen, base);
    return screen;
}

FILE *screen_out(struct screen *screen)
{
    return screen->out;
}

const struct text_style *screen_style(const struct screen *screen)
{
    return &screen->style;
}

static struct running *find(struct screen *screen, size_t key)
{
    for (size_t i = 0; i < screen->count; i++)
        if (screen->running[i].key == key)
            return &screen->running[i];
    return NULL;
}

void screen_stage(struct screen *screen, size_t key, const char *name, enum stage stage)
{
    struct running *one = find(screen, key);
    if (!screen->live)
        return;
    if (!one) {
        if (screen->count == screen->room) {
            screen->room = screen->room ? 2 * screen->room : 32;
            screen->running = xrealloc(screen->running, screen->room * sizeof *screen->running);
        }
        one = &screen->running[screen->count++];
        *one = (struct running){.key = key, .name = name, .began_us = clock_now_us()};
    }
    one->stage = stage;
}

void screen_end(struct screen *screen, size_t key, bool passed)
{
    struct running *one = find(screen, key);
    if (passed)
        screen->passed++;
    else
        screen->failed++;
    if (!one)
        return;
    screen->count--;
    memmove(one, one + 1, (size_t)(screen->running + screen->count - one) * sizeof *one);
}

int screen_flush(struct screen *screen)
{
    if (!screen->live && !screen->error && (fflush(stdout) != 0 || ferror(stdout)))
        screen->error = errno;
    return screen->error;
}

int screen_close(struct screen *screen)
{
    if (screen->live)
        draw(screen, xstrdup(""));
    return screen_flush(screen);
}

void screen_free(struct screen *screen)
{
    if (screen->live) {
        event_free(screen->turn);
        event_free(screen->resized);
        event_free(screen->resumed);
        fclose(screen->out);
        free(screen->final);
    }
    free(screen->running);
    free(screen->drawn);
    free(screen);
}
