/* SPDX-License-Identifier: Apache-2.0 */
/* connections_write.c - create, import and update: definitions from a file into the catalog. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog_choice.h"
#include "catalog_json.h"
#include "commands.h"
#include "connections.h"
#include "input.h"
#include "output.h"
#include "text.h"
#include "validate.h"

/* Who writes, as the system names the user. */
static char *writer(void)
{
    char room[4096];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwuid_r(geteuid(), &entry, room, sizeof room, &found) == 0 && found)
        return xstrdup(found->pw_name);
    return text_format("user id %u", (unsigned)geteuid());
}

/* All that refuses CONNECTION, each at its place; or what is only worth knowing of it. */
static void print_problems(const struct input *input, const struct connection *connection,
                           const struct problems *problems)
{
    struct text_style style = style_for(STDERR_FILENO, false);
    struct report *report = report_new(connection->label, connection->type);
    report_add_problems(report, problems);
    if (problems->refused)
        output_problems(stderr, input->name, connection->label, connection->root,
                        report->stages[STAGE_INPUT].findings, &style);
    for (size_t i = 0; !problems->refused && i < problems->count; i++)
        fprintf(stderr, "%s: note: %s %s\n", connection->label, problems->items[i].path,
                problems->items[i].text);
    report_free(report);
}

/* Whether CONNECTION, to be stored under NAME (NULL: its own), may be; all that is wrong is told.
 */
static bool check(const struct input *input, const struct connection *connection, const char *name)
{
    struct problems problems = PROBLEMS_INIT;
    if (!connection->name && name)
        json_object_set_new(connection->document, "Name", json_string(name));
    validate_to_store(connection, &problems);
    if (connection->name && name && strcmp(connection->name, name) != 0)
        problems_add(&problems, "Name", "renamed",
                     "is \"%s\", not \"%s\": a connection keeps its name", connection->name, name);
    if (problems.count)
        print_problems(input, connection, &problems);
    bool right = problems.refused == 0;
    problems_release(&problems);
    return right;
}

/* Whether no name stands twice in INPUT. */
static bool check_names(const struct input *input)
{
    json_t *seen = json_object();
    bool unique = true;
    for (size_t i = 0; i < input->list.count && unique; i++) {
        const char *name = input->list.items[i]->name;
        unique = !name || !json_object_get(seen, name);
        if (name)
            json_object_set_new(seen, name, json_true());
        if (!unique)
            fprintf(stderr, "testconn: %s: the name \"%s\" stands twice\n", input->name, name);
    }
    json_decref(seen);
    return unique;
}

static bool check_all(const struct input *input, const char *name)
{
    bool right = check_names(input);
    for (size_t i = 0; i < input->list.count; i++)
        right = check(input, input->list.items[i], name) && right;
    return right;
}

static struct catalog_entry *make_entries(const struct input *input)
{
    struct catalog_entry *entries = xcalloc(input->list.count, sizeof *entries);
    char *by = writer();
    for (size_t i = 0; i < input->list.count; i++)
        catalog_entry_from_connection(input->list.items[i], by, &entries[i]);
    free(by);
    return entries;
}

static void free_entries(struct catalog_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        catalog_entry_release(&entries[i]);
    free(entries);
}

/* Read and check the input of COMMAND; NAME as for check(). */
static bool read_input(const char *command, const char *name, struct input *input)
{
    if (input_read(connections_settings.input, INPUT_VERBATIM, input) &&
        input_has_definitions(input, command) && check_all(input, name))
        return true;
    input_release(input);
    return false;
}

/* Store passwords as ciphertexts where that is wanted; the exit code. */
static int encrypt(const struct input *input, const char *command)
{
    struct error err = ERROR_INIT;
    const char *key = catalog_choice_encryption();
    if (!key || connections_encrypt(&input->list, key, &err))
        return 0;
    return connections_fail(command, CATALOG_FAILED, &err);
}

static int create(struct catalog *catalog, const struct input *input, bool replace,
                  const char *command)
{
    struct error err = ERROR_INIT;
    size_t at = 0;
    struct catalog_entry *entries = make_entries(input);
    enum catalog_result result =
        catalog_create(catalog, entries, input->list.count, replace, &at, &err);
    free_entries(entries, input->list.count);
    return result == CATALOG_OK ? 0 : connections_fail(command, result, &err);
}

int connections_create(struct catalog *catalog, const char *const *names, size_t count)
{
    struct input input;
    (void)names;
    (void)count;
    if (!read_input("connections create", NULL, &input))
        return EXIT_USAGE;
    int code = encrypt(&input, "connections create");
    if (code == 0)
        code = create(catalog, &input, false, "connections create");
    if (code == 0 && connections_json())
        connections_print(json_pack("{s:s}", "CreateConnectionStatus", "READY"));
    for (size_t i = 0; code == 0 && !connections_json() && i < input.list.count; i++)
        connections_tell(input.list.items[i]->name, "created");
    input_release(&input);
    return code;
}

int connections_import(struct catalog *catalog, const char *const *names, size_t count)
{
    struct input input;
    (void)names;
    (void)count;
    if (!read_input("connections import", NULL, &input))
        return EXIT_USAGE;
    int code = encrypt(&input, "connections import");
    if (code == 0)
        code = create(catalog, &input, connections_settings.replace, "connections import");
    if (code == 0 && connections_json())
        connections_print(json_pack("{s:i}", "Imported", (int)input.list.count));
    else if (code == 0)
        printf("%zu connection%s imported\n", input.list.count, input.list.count == 1 ? "" : "s");
    input_release(&input);
    return code;
}

static int update(struct catalog *catalog, const struct input *input)
{
    struct error err = ERROR_INIT;
    if (input->list.count != 1)
        return usage_error("connections update",
                           "%s holds %zu connections; one is updated at a time", input->name,
                           input->list.count);
    struct catalog_entry *entry = make_entries(input);
    enum catalog_result result = catalog_update(catalog, entry, &err);
    if (result == CATALOG_OK && connections_json())
        connections_print(json_object());
    else if (result == CATALOG_OK)
        connections_tell(entry->name, "updated");
    free_entries(entry, 1);
    return result == CATALOG_OK ? 0 : connections_fail("connections update", result, &err);
}

int connections_update(struct catalog *catalog, const char *const *names, size_t count)
{
    const char *name = count ? names[0] : NULL;
    struct input input;
    if (!read_input("connections update", name, &input))
        return EXIT_USAGE;
    int code = encrypt(&input, "connections update");
    if (code == 0)
        code = update(catalog, &input);
    input_release(&input);
    return code;
}
