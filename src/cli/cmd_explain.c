/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_explain.c - `testconn explain`: how a definition was understood and where each value came
 * from. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "input.h"
#include "options.h"
#include "output.h"
#include "resolve.h"
#include "text.h"

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

static const struct command command = {
    "explain", "--input FILE [OPTION...]",
    "Show how each definition of FILE is understood and where each value comes from. Nothing is\n"
    "connected to, no file it names is read, and secrets are shown as ***.",
    cmd_explain};

static void print_text(const struct connection *connection, const struct resolution *resolution,
                       const char *file)
{
    printf("%s: %s\n", *connection->label ? connection->label : "connection",
           connection->type ? connection->type : "no type");
    for (size_t i = 0; i < resolution->origin_count; i++)
        printf("  %-17s %-34s %s\n", resolution->origins[i].field, resolution->origins[i].value,
               resolution->origins[i].source);
    if (resolution->reason == REASON_UNSUPPORTED_TYPE ||
        resolution->reason == REASON_DRIVER_MISSING)
        printf("  %s: %s\n", reason_name(resolution->reason), resolution->error.message);
    if (resolution->problems.count) {
        putchar('\n');
        json_t *findings = problems_to_json(&resolution->problems);
        output_problems(stdout, file, connection->label, connection->root, findings);
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
    if (resolution->reason != REASON_NONE)
        json_object_set_new(object, "code", json_string(reason_name(resolution->reason)));
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
        else
            print_text(input->list.items[i], &resolution, input->name);
        resolution_release(&resolution);
    }
    if (strcmp(settings.output, "json") == 0) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(all);
    return refused ? EXIT_USAGE : 0;
}

int cmd_explain(int argc, char **argv)
{
    const char **names = xcalloc((size_t)argc + 1, sizeof *names);
    struct input input;
    int count = 0;
    int code = EXIT_USAGE;
    settings.output = "text";
    if (options_help(&command, rows, argc, argv)) {
        code = 0;
    } else if (options_read("explain", rows, argc, argv, names, &count)) {
        if (count || !settings.input) {
            usage_error("explain", "give the definitions with --input FILE");
        } else if (input_read(settings.input, &input)) {
            char *folder = settings.drivers ? xstrdup(settings.drivers) : registry_default_folder();
            struct registry *registry = registry_new(folder);
            code = explain(&input, registry);
            registry_free(registry);
            input_release(&input);
            free(folder);
        }
    }
    free(names);
    return code;
}
