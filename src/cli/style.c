/* SPDX-License-Identifier: Apache-2.0 */
/* style.c - what the environment and the terminal say about how to write. */
#include "style.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "text.h"

enum { WIDTH = 80, NARROWEST = 40, WIDEST = 1000 };

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value && *value;
}

int style_columns(int fd)
{
    unsigned long columns = 0;
    struct winsize size = {0};
    const char *variable = getenv("COLUMNS");
    if (variable && text_to_number(variable, 1, WIDEST, &columns))
        return (int)columns;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

struct text_style style_for(int fd, bool no_color)
{
    const char *terminal = getenv("TERM");
    bool is_terminal = isatty(fd);
    bool is_dumb = !terminal || strcmp(terminal, "dumb") == 0;
    int columns = style_columns(fd);
    struct text_style style = {.color = is_terminal && !is_dumb && !no_color && !is_set("NO_COLOR"),
                               .width = columns > 0 && columns < WIDTH ? columns : WIDTH};
    if (style.width < NARROWEST)
        style.width = NARROWEST;
    if (is_terminal)
        style.terminal = columns > 0 ? columns : WIDTH;
    return style;
}

void style_put(FILE *out, const struct text_style *style, enum text_color color, const char *text)
{
    static const char *const codes[] = {[COLOR_BAD] = "\033[1;31m",
                                        [COLOR_GOOD] = "\033[32m",
                                        [COLOR_WARNING] = "\033[33m",
                                        [COLOR_FAINT] = "\033[2m"};
    if (style->color)
        fprintf(out, "%s%s\033[0m", codes[color], text);
    else
        fputs(text, out);
}
