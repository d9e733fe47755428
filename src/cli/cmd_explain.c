/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_explain.c - `testconn explain`: how a definition was understood and where each value came
 * from. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "columns.h"
#include "commands.h"
#include "input.h"
#include "options.h"
#include "output.h"
#include "resolve.h"
#include "text.h"

enum { VALUE_WIDTH = 32 };

static struct {
    const char *input;
    const char *output;
    const char *drivers;
    bool strict;
} settings;

static const struct option_row rows[] = {
    {"input", 'i', "FILE", OPTION_TEXT, &settings.input, NULL, NULL,
     "definitions to explain, JSON or YAML; - is standard input"},
    {"output", 'o', "FORMAT", OPTION_WORD, &settings.output, "text|json", "text", "text or json"},
    {"strict", 0, NULL, OPTION_FLAG, &settings.strict, NULL, NULL, "refuse unknown property keys"},
    {"drivers", 0, "FOLDER", OPTION_TEXT, &settings.drivers, NULL, NULL,
     "where the driver modules are (default: beside the program)"},
    {NULL, 0, NULL, OPTION_FLAG, NULL, NULL, NULL, NULL},
};

static int run(int argc, char **argv);

const struct command command_explain = {
    .name = "explain",
    .arguments = "--input FILE [OPTION...]",
    .summary = "show how a definition is understood, without testing it",
    .description = "Show how each definition of FILE is understood and where each value comes "
                   "from. Nothing is\n"
                   "connected to, no file it names is read, and secrets are shown as ***.",
    .run = run,
    .rows = rows,
};

/* Where the eye looks for it: who, where, what, as whom, how. */
static int rank(const char *field)
{
    static const char *const order[] = {"driver",          "host",   "port", "database", "user",
                                        "password",        "secret", "tls",  "ca",       "ca rules",
                                        "certificate name"};
    int count = sizeof order / sizeof *order;
    for (int i = 0; i < count; i++)
        if (strcmp(order[i], field) == 0)
            return strcmp(field, "port") ? i : i - 1; /* ports stay with their hosts */
    return count;
}

static int compare(const void *a, const void *b)
{
    const struct origin *const *x = a;
    const struct origin *const *y = b;
    int difference = rank((*x)->field) - rank((*y)->field);
    return difference ? difference : (*x > *y) - (*x < *y);
}

/* "ConnectionProperties." goes without saying where every source has it. */
static const char *short_source(const char *source)
{
    static const char prefix[] = "ConnectionProperties.";
    return text_starts(source, prefix) ? source + strlen(prefix) : source;
}

static int widest_field(const struct resolution *resolution)
{
    int width = 0;
    for (size_t i = 0; i < resolution->origin_count; i++) {
        int columns = columns_of(resolution->origins[i].field);
        width = columns > width ? columns : width;
    }
    return width;
}

/* Columns of the values that leave their source room beside them. */
static int widest_value(const struct resolution *resolution)
{
    int width = 0;
    for (size_t i = 0; i < resolution->origin_count; i++) {
        char *value = columns_text(resolution->origins[i].value);
        int columns = columns_of(value);
        width = columns > width && columns <= VALUE_WIDTH ? columns : width;
        free(value);
    }
    return width;
}

static void print_origin(const struct origin *origin, int field_width, int value_width,
                         const struct text_style *style)
{
    int column = 2 + field_width + 2;
    char *value = columns_text(origin->value);
    fputs("  ", stdout);
    columns_pad(stdout, origin->field, field_width + 2);
    if (columns_of(value) <= value_width) {
        columns_pad(stdout, value, value_width + 2);
    } else {
        columns_wrap(stdout, value, column, style->width, style->terminal > 0);
        printf("%*s", column + value_width + 2, "");
    }
    columns_wrap(stdout, short_source(origin->source), column + value_width + 2, style->width,
                 style->terminal > 0);
    free(value);
}

static void print_origins(const struct resolution *resolution, const struct text_style *style)
{
    size_t count = resolution->origin_count;
    const struct origin **sorted = xcalloc(count, sizeof *sorted);
    int field_width = widest_field(resolution);
    int value_width = widest_value(resolution);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &resolution->origins[i];
    qsort(sorted, count, sizeof *sorted, compare);
    for (size_t i = 0; i < count; i++)
        print_origin(sorted[i], field_width, value_width, style);
    free(sorted);
}

static void print_text(const struct connection *connection, const struct resolution *resolution,
                       const char *file)
{
    struct text_style style = style_for(STDOUT_FILENO, false);
    columns_pad(stdout, *connection->label ? connection->label : "connection", 0);
    fputs(": ", stdout);
    columns_pad(stdout, connection->type ? connection->type : "no type", 0);
    putchar('\n');
    print_origins(resolution, &style);
    if (resolution->reason == REASON_UNSUPPORTED_TYPE ||
        resolution->reason == REASON_DRIVER_MISSING) {
        char *text =
            text_format("%s: %s", reason_name(resolution->reason), resolution->error.message);
        fputs("  ", stdout);
        columns_wrap(stdout, text, 2, style.width, style.terminal > 0);
        free(text);
    }
    if (resolution->problems.count) {
        json_t *findings = problems_to_json(&resolution->problems);
        putchar('\n');
        output_problems(stdout, file, connection->label, connection->root, findings, &style);
        json_decref(findings);
    }
}

static json_t *to_json(const struct connection *connection, const struct resolution *resolution)
{
    json_t *values = json_array();
    for (size_t i = 0; i < resolution->origin_count; i++)
        json_array_append_new(values,
                              json_pack("{s:s, s:s, s:s}", "field", resolution->origins[i].field,
                                        "value", resolution->origins[i].value, "source",
                                        resolution->origins[i].source));
    json_t *object = json_pack("{s:s, s:s?, s:o, s:o}", "name", connection->label,
                               "connection_type", connection->type, "values", values, "problems",
                               problems_to_json(&resolution->problems));
    enum reason reason = resolution->problems.refused ? REASON_INVALID_INPUT : resolution->reason;
    if (reason != REASON_NONE)
        json_object_set_new(object, "code", json_string(reason_name(reason)));
    if (resolution->error.message[0])
        json_object_set_new(object, "reason", json_string(resolution->error.message));
    return object;
}

static int explain(const struct input *input, const struct registry *registry)
{
    json_t *all = json_array();
    bool refused = false;
    for (size_t i = 0; i < input->list.count; i++) {
        struct resolution resolution;
        resolution_init(&resolution);
        resolve(input->list.items[i], registry, settings.strict, &resolution);
        for (size_t k = 0; k < input->unset[i].count; k++)
            problems_add(&resolution.problems, input->unset[i].items[k].path, "environment", "%s",
                         input->unset[i].items[k].text);
        refused = refused || resolution.problems.refused || resolution.reason != REASON_NONE;
        if (strcmp(settings.output, "json") == 0)
            json_array_append_new(all, to_json(input->list.items[i], &resolution));
        else {
            if (i)
                putchar('\n');
            print_text(input->list.items[i], &resolution, input->name);
        }
        resolution_release(&resolution);
    }
    if (strcmp(settings.output, "json") == 0) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(all);
    return refused ? EXIT_USAGE : 0;
}

static int explain_input(void)
{
    struct input input;
    int code = EXIT_USAGE;
    if (input_read(settings.input, INPUT_EXPANDED, &input) &&
        input_has_definitions(&input, "explain")) {
        char *folder = settings.drivers ? xstrdup(settings.drivers) : registry_default_folder();
        struct registry *registry = registry_new(folder);
        code = explain(&input, registry);
        registry_free(registry);
        free(folder);
    }
    input_release(&input);
    return code;
}

static int run(int argc, char **argv)
{
    const char **names = xcalloc((size_t)argc + 1, sizeof *names);
    int count = 0;
    int code = EXIT_USAGE;
    settings.output = "text";
    if (options_help(&command_explain, argc, argv)) {
        code = 0;
    } else if (options_read("explain", rows, argc, argv, names, &count)) {
        if (count || !settings.input)
            usage_error("explain", "give the definitions with --input FILE");
        else
            code = explain_input();
    }
    free(names);
    return code;
}
