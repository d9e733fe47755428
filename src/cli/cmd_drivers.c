/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_drivers.c - `testconn drivers`: what is installed, by the manifests, and whether it would
 * load. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "fd.h"
#include "options.h"
#include "registry.h"
#include "text.h"

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

static const struct command command = {
    "drivers", "[OPTION...]",
    "List the installed drivers: what they test, and whether the libraries they need are there.",
    cmd_drivers};

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

static void print_words(const json_t *manifest, const char *key, const char *title)
{
    const json_t *list = json_object_get(manifest, key);
    if (json_array_size(list) == 0)
        return;
    printf("  %-14s", title);
    for (size_t i = 0; i < json_array_size(list); i++)
        printf("%s%s", i ? ", " : "", json_string_value(json_array_get(list, i)));
    putchar('\n');
}

static void print_libraries(const json_t *manifest)
{
    const json_t *list = json_object_get(manifest, "libraries");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *library = json_array_get(list, i);
        const char *soname = json_string_value(json_object_get(library, "soname"));
        bool there = loads(soname);
        printf("  %-14s%s %s%s\n", "library", soname,
               there ? "installed" : "MISSING: install the package ",
               there ? "" : json_string_value(json_object_get(library, "package")));
    }
}

static void print_text(const struct registry *registry)
{
    for (size_t i = 0; i < registry->count; i++) {
        const struct manifest *manifest = &registry->items[i];
        printf("%s: %s\n", manifest->name, manifest->summary);
        print_words(manifest->document, "types", "types");
        print_words(manifest->document, "subprotocols", "JDBC URLs");
        print_words(manifest->document, "engines", "JDBC_ENGINE");
        if (manifest->default_port)
            printf("  %-14s%u\n", "default port", manifest->default_port);
        print_libraries(manifest->document);
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

int cmd_drivers(int argc, char **argv)
{
    const char **names = xcalloc((size_t)argc + 1, sizeof *names);
    int count = 0;
    settings.output = "text";
    bool helped = options_help(&command, rows, argc, argv);
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
