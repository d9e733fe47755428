/* SPDX-License-Identifier: Apache-2.0 */
/* output_problems.c - a wrong definition for a person: everything at once, each at its place. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "output.h"
#include "text.h"

enum { INDENT = 2, GAP = 3 };

static const char *text_of(const json_t *finding, const char *key)
{
    const char *text = json_string_value(json_object_get(finding, key));
    return text ? text : "";
}

static bool is_refusal(const json_t *finding)
{
    return strcmp(text_of(finding, "severity"), "error") == 0;
}

/* Where FINDING points to, as it is shown; the caller frees it. */
static char *path_of(const char *root, const json_t *finding)
{
    const char *property = text_of(finding, "property");
    char *path = text_format("%s%s", *property ? root : "", property);
    char *shown = columns_text(path);
    free(path);
    return shown;
}

static void print_note(FILE *out, const char *path, const json_t *finding,
                       const struct text_style *style)
{
    const char *severity = text_of(finding, "severity");
    char *text = text_format("%s%s%s", path, *path ? " " : "", text_of(finding, "message"));
    fprintf(out, "%*s", INDENT, "");
    style_put(out, style, COLOR_WARNING, severity);
    fputs(": ", out);
    columns_wrap(out, text, INDENT + columns_of(severity) + 2, style->width, style->terminal > 0);
    free(text);
}

static void print_problem(FILE *out, const char *path, const json_t *finding, int width,
                          const struct text_style *style)
{
    const char *message = text_of(finding, "message");
    bool hard = style->terminal > 0;
    int column = INDENT + width + GAP;
    if (!*path) {
        fprintf(out, "%*s", INDENT, "");
        columns_wrap(out, message, INDENT, style->width, hard);
        return;
    }
    if (columns_of(path) > width) {
        /* Too long to stand beside its message. */
        fprintf(out, "%*s", INDENT, "");
        columns_wrap(out, path, INDENT, style->width, hard);
        fprintf(out, "%*s", column, "");
    } else {
        fprintf(out, "%*s", INDENT, "");
        columns_pad(out, path, width + GAP);
    }
    columns_wrap(out, message, column, style->width, hard);
}

/* The widest path that leaves its message room beside it. */
static int path_width(const char *root, const json_t *findings, const struct text_style *style)
{
    size_t index;
    json_t *finding;
    int most = style->width * 11 / 20;
    int width = 0;
    json_array_foreach((json_t *)(uintptr_t)findings, index, finding)
    {
        char *path = path_of(root, finding);
        int columns = columns_of(path);
        if (is_refusal(finding) && columns <= most && columns > width)
            width = columns;
        free(path);
    }
    return width ? width : INDENT;
}

static int count_refusals(const json_t *findings)
{
    size_t index;
    json_t *finding;
    int count = 0;
    json_array_foreach((json_t *)(uintptr_t)findings, index, finding) count += is_refusal(finding);
    return count;
}

void output_problems(FILE *out, const char *file, const char *label, const char *root,
                     const json_t *findings, const struct text_style *style)
{
    size_t index;
    json_t *finding;
    char *shown_file = columns_text(file);
    char *shown_label = columns_text(label);
    int width = path_width(root, findings, style);
    int count = count_refusals(findings);
    char *many = text_format("%d problem%s", count, count == 1 ? "" : "s");
    fprintf(out, "%s: ", shown_file);
    style_put(out, style, count ? COLOR_BAD : COLOR_WARNING, count ? many : "notes");
    if (*label)
        fprintf(out, " in connection \"%s\"\n\n", shown_label);
    else
        fputs(" in the connection\n\n", out);
    for (int notes = 0; notes < 2; notes++)
        json_array_foreach((json_t *)(uintptr_t)findings, index, finding)
        {
            char *path = path_of(root, finding);
            if (!notes && is_refusal(finding))
                print_problem(out, path, finding, width, style);
            else if (notes && !is_refusal(finding))
                print_note(out, path, finding, style);
            free(path);
        }
    free(many);
    free(shown_file);
    free(shown_label);
}
