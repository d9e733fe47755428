/* SPDX-License-Identifier: Apache-2.0 */
/* output_wait.c - a change of state while `wait` waits, on a line. */
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "output.h"
#include "text.h"

enum {
    WORD_WIDTH = 8,
    STAGE_WIDTH = 11,
    TIME_WIDTH = 7,
    GAP = 2,
    LINE_WIDTH = 80,
    ROOM_LEAST = 20
};

/* "DNS_NOT_FOUND: db does not resolve"; the caller frees it. */
static char *describe(const struct report *report, const char *note)
{
    const char *what = report->brief ? report->brief : report->reason;
    if (report->status == REPORT_SKIPPED)
        return xstrdup(what);
    return text_format("%s: %s%s%s%s", reason_name(report->code), what ? what : "",
                       *note ? " (" : "", note, *note ? ")" : "");
}

/* TEXT and blanks up to WIDTH columns; CUT: no more than that. */
static void print_padded(FILE *out, const char *text, int width, bool cut)
{
    char *shown = columns_text(text);
    char *part = cut ? columns_cut(shown, width) : xstrdup(shown);
    int columns = columns_of(part);
    fprintf(out, "%s%*s", part, columns < width ? width - columns : 0, "");
    free(part);
    free(shown);
}

void output_wait_line(FILE *out, const struct report *report, const char *word, const char *note,
                      double elapsed_ms, int name_width, const struct text_style *style)
{
    char elapsed[32];
    char took[32];
    bool ok = report->status == REPORT_OK;
    int room = LINE_WIDTH - name_width - WORD_WIDTH - STAGE_WIDTH - TIME_WIDTH - 4 * GAP;
    if (elapsed_ms < 50)
        snprintf(elapsed, sizeof elapsed, "0 s");
    else
        snprintf(elapsed, sizeof elapsed, "%.1f s", elapsed_ms / 1000);
    text_duration(took, sizeof took, report->duration_ms);
    print_padded(out, *report->name ? report->name : "connection", name_width, true);
    fprintf(out, "%*s", GAP, "");
    style_put(out, style, ok ? COLOR_GOOD : *note ? COLOR_BAD : COLOR_WARNING, word);
    fprintf(out, "%*s%-*s%*s", WORD_WIDTH - (int)strlen(word) + GAP, "", STAGE_WIDTH,
            ok ? took : stage_name(report->stage), GAP, "");
    char *text = ok ? xstrdup("") : describe(report, note);
    /* Of the cause nothing is cut off: the time then stands beyond the 80 columns. */
    print_padded(out, text, room > 0 ? room : 0, false);
    fprintf(out, "%*s%*s\n", GAP, "", TIME_WIDTH, elapsed);
    free(text);
}
