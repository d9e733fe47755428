/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_drivers.c - `testconn drivers`: what is installed, by the manifests, and whether it would
 * load. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "columns.h"
#include "commands.h"
#include "fd.h"
#include "options.h"
#include "registry.h"
#include "style.h"
#include "text.h"

enum { TITLE_WIDTH = 14 };

static struct {
    const char *output;
    const char *drivers;
} settings;

static const struct option_row rows[] = {
    {"output", 'o', "FORMAT", OPTION_WORD, &settings.output, "text|json", "text", "text or json"},
    {"drivers", 0, "FOLDER", OPTION_TEXT, &settings.drivers, NULL, NULL,
     "where the driver modules are (default: beside the program)"},
    {NULL, 0, NULL, OPTION_FLAG, NULL, NULL, NULL, NULL},
};

static int run(int argc, char **argv);

const struct command command_drivers = {
    .name = "drivers",
    .arguments = "[OPTION...]",
    .summary = "list the installed drivers",
    .description = "List the installed drivers: what they test, and whether the libraries they "
                   "need are there.",
    .run = run,
    .rows = rows,
};

/* Whether the library SONAME can be loaded, tried in a child: this process stays slim. */
static bool loads(const char *soname)
{
    int status = 1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        fd_standard_to_null();
        _exit(dlopen(soname, RTLD_LAZY | RTLD_LOCAL) ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static void print_row(const char *title, const char *text, const struct text_style *style)
{
    fputs("  ", stdout);
    columns_pad(stdout, title, TITLE_WIDTH);
    columns_wrap(stdout, text, 2 + TITLE_WIDTH, style->width, style->terminal > 0);
}

static void print_words(const json_t *manifest, const char *key, const char *title,
                        const struct text_style *style)
{
    const json_t *list = json_object_get(manifest, key);
    struct text_buffer words = TEXT_BUFFER_INIT;
    for (size_t i = 0; i < json_array_size(list); i++)
        text_append_format(&words, "%s%s", i ? ", " : "",
                           json_string_value(json_array_get(list, i)));
    if (words.length)
        print_row(title, words.data, style);
    text_buffer_release(&words);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void print_properties(const json_t *manifest, const struct text_style *style)
{
    const json_t *list = json_object_get(manifest, "properties");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *property = json_array_get(list, i);
        char *text =
            text_format("%s: %s%s", text_of(property, "name"), text_of(property, "summary"),
                        json_is_true(json_object_get(property, "required")) ? " (required)" : "");
        print_row(i ? "" : "properties", text, style);
        free(text);
    }
}

static void print_libraries(const json_t *manifest, const struct text_style *style)
{
    const json_t *list = json_object_get(manifest, "libraries");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *library = json_array_get(list, i);
        const char *soname = text_of(library, "soname");
        bool there = loads(soname);
        fputs("  ", stdout);
        columns_pad(stdout, i ? "" : "library", TITLE_WIDTH);
        columns_pad(stdout, soname, 0);
        putchar(' ');
        style_put(stdout, style, there ? COLOR_GOOD : COLOR_BAD, there ? "installed" : "MISSING");
        if (!there)
            printf(": install the package %s", text_of(library, "package"));
        putchar('\n');
    }
}

static void print_text(const struct registry *registry)
{
    struct text_style style = style_for(STDOUT_FILENO, false);
    for (size_t i = 0; i < registry->count; i++) {
        const struct manifest *manifest = &registry->items[i];
        printf("%s%s: %s\n", i ? "\n" : "", manifest->name, manifest->summary);
        print_words(manifest->document, "types", "types", &style);
        print_words(manifest->document, "subprotocols", "JDBC URLs", &style);
        print_words(manifest->document, "engines", "JDBC_ENGINE", &style);
        if (manifest->default_port)
            printf("  %-*s%u\n", TITLE_WIDTH, "default port", manifest->default_port);
        print_properties(manifest->document, &style);
        print_libraries(manifest->document, &style);
    }
    if (registry->count == 0)
        printf("no driver is installed in %s\n", registry->folder);
}

static void print_json(const struct registry *registry)
{
    json_t *all = json_array();
    for (size_t i = 0; i < registry->count; i++) {
        json_t *one = json_deep_copy(registry->items[i].document);
        json_t *list = json_object_get(one, "libraries");
        for (size_t k = 0; k < json_array_size(list); k++) {
            json_t *library = json_array_get(list, k);
            json_object_set_new(
                library, "installed",
                json_boolean(loads(json_string_value(json_object_get(library, "soname")))));
        }
        json_array_append_new(all, one);
    }
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}

static int run(int argc, char **argv)
{
    const char **names = xcalloc((size_t)argc + 1, sizeof *names);
    int count = 0;
    settings.output = "text";
    bool helped = options_help(&command_drivers, argc, argv);
    bool read = !helped && options_read("drivers", rows, argc, argv, names, &count);
    if (read && count) {
        usage_error("drivers", "unexpected argument %s", names[0]);
        read = false;
    }
    if (read) {
        char *folder = settings.drivers ? xstrdup(settings.drivers) : registry_default_folder();
        struct registry *registry = registry_new(folder);
        if (strcmp(settings.output, "json") == 0)
            print_json(registry);
        else
            print_text(registry);
        registry_free(registry);
        free(folder);
    }
    free(names);
    return helped || read ? 0 : EXIT_USAGE;
}
