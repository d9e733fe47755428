/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_connections.c - `testconn connections`: a table of subcommands over one catalog. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog_choice.h"
#include "columns.h"
#include "commands.h"
#include "connections.h"
#include "text.h"

struct connections_settings connections_settings;

#define INPUT_ROW                                                                                  \
    {                                                                                              \
        "input", 'i', "FILE", OPTION_TEXT, &connections_settings.input, NULL, NULL,                \
            "definitions, JSON or YAML; - is standard input"                                       \
    }
#define OUTPUT_ROW                                                                                 \
    {                                                                                              \
        "output", 'o', "FORMAT", OPTION_WORD, &connections_settings.output, "text|json", "text",   \
            "text, or json in the API's own shape"                                                 \
    }
#define PASSWORD_ROW                                                                               \
    {                                                                                              \
        "show-password", 0, NULL, OPTION_FLAG, &connections_settings.show_password, NULL, NULL,    \
            "show passwords and other secrets, which are left out otherwise"                       \
    }
#define END_ROW                                                                                    \
    {                                                                                              \
        NULL, 0, NULL, OPTION_FLAG, NULL, NULL, NULL, NULL                                         \
    }

static const struct option_row plain_rows[] = {OUTPUT_ROW, CATALOG_CHOICE_ROWS, END_ROW};
static const struct option_row input_rows[] = {INPUT_ROW, CATALOG_ENCRYPT_ROW, OUTPUT_ROW,
                                               CATALOG_CHOICE_ROWS, END_ROW};
static const struct option_row get_rows[] = {OUTPUT_ROW, PASSWORD_ROW, CATALOG_CHOICE_ROWS,
                                             END_ROW};
static const struct option_row import_rows[] = {
    INPUT_ROW,
    {"replace", 0, NULL, OPTION_FLAG, &connections_settings.replace, NULL, NULL,
     "update connections that exist, instead of refusing the whole import"},
    CATALOG_ENCRYPT_ROW,
    OUTPUT_ROW,
    CATALOG_CHOICE_ROWS,
    END_ROW};
static const struct option_row list_rows[] = {
    {"type", 0, "TYPE", OPTION_TEXT, &connections_settings.type, NULL, NULL,
     "only connections of this ConnectionType"},
    {"match", 'm', "CRITERION", OPTION_TEXTS, &connections_settings.match, NULL, NULL,
     "only connections with this among their MatchCriteria; repeated: with all"},
    {"max-results", 0, "N", OPTION_NUMBER, &connections_settings.limit, "1000", NULL,
     "one page of at most N (1 to 1000), and a token for the next"},
    {"next-token", 0, "TOKEN", OPTION_TEXT, &connections_settings.token, NULL, NULL,
     "the page that goes on where the one with this token ended"},
    OUTPUT_ROW,
    PASSWORD_ROW,
    CATALOG_CHOICE_ROWS,
    END_ROW};

static const struct command parts[] = {
    {.name = "connections create",
     .arguments = "--input FILE [OPTION...]",
     .summary = "store new connections",
     .description =
         "Store the connections of FILE, all or none: ConnectionInputs, or a request of\n"
         "CreateConnection. They are kept verbatim, ${env:NAME} too, which a test then replaces.",
     .rows = input_rows},
    {.name = "connections get",
     .arguments = "NAME [OPTION...]",
     .summary = "show one",
     .description = "Show one stored connection, without its passwords and other secrets.",
     .rows = get_rows},
    {.name = "connections list",
     .arguments = "[OPTION...]",
     .summary = "list them",
     .description = "List the stored connections, ordered by name, without passwords.",
     .rows = list_rows},
    {.name = "connections update",
     .arguments = "[NAME] --input FILE [OPTION...]",
     .summary = "replace the definition of one",
     .description = "Replace the definition of a stored connection, whole. Its status is gone:\n"
                    "nobody has tested it.",
     .rows = input_rows},
    {.name = "connections delete",
     .arguments = "NAME [OPTION...]",
     .summary = "delete one",
     .description = "Delete one stored connection.",
     .rows = plain_rows},
    {.name = "connections batch-delete",
     .arguments = "NAME... [OPTION...]",
     .summary = "delete up to 25",
     .description = "Delete at most 25 stored connections. Those that are there are deleted,\n"
                    "whatever became of the others.",
     .rows = plain_rows},
    {.name = "connections import",
     .arguments = "--input FILE [OPTION...]",
     .summary = "store what aws glue get-connections printed",
     .description =
         "Store the connections of FILE, all or none: the output of aws glue get-connections, or\n"
         "any list of connections. Status and times are not taken over.",
     .rows = import_rows},
    {.name = NULL},
};

/* How each of the parts is called, in their order. */
static const struct {
    bool input; /* needs --input */
    size_t least, most;
    int (*run)(struct catalog *, const char *const *, size_t);
} calls[] = {
    {true, 0, 0, connections_create},  {false, 1, 1, connections_get},
    {false, 0, 0, connections_list},   {true, 0, 1, connections_update},
    {false, 1, 1, connections_delete}, {false, 1, SIZE_MAX, connections_batch_delete},
    {true, 0, 0, connections_import},
};
enum { PART_COUNT = sizeof calls / sizeof *calls };

static int run_part(int argc, char **argv);

const struct command command_connections = {
    .name = "connections",
    .arguments = "COMMAND [ARGUMENT...]",
    .summary = "keep named connections in a catalog",
    .description =
        "Keep named connections in a catalog, to be tested by name (testconn test NAME).\n"
        "Exit codes: 0 done; 1 refused, or the catalog or its key cannot be used; 2 wrong usage, "
        "a\n"
        "wrong definition, or a NAME that the catalog does not have; 3 no room, or locked.",
    .run = run_part,
    .parts = parts,
};

/* "create" of "connections create". */
static const char *word_of(int part)
{
    return strchr(parts[part].name, ' ') + 1;
}

bool connections_json(void)
{
    return strcmp(connections_settings.output, "json") == 0;
}

void connections_print(json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(16));
    putchar('\n');
    json_decref(value);
}

void connections_tell(const char *name, const char *what)
{
    char *shown = columns_text(name);
    printf("%s: %s\n", shown, what);
    free(shown);
}

int connections_fail(const char *command, enum catalog_result result, const struct error *err)
{
    catalog_complain(command, err);
    return catalog_exit_code(result, err);
}

static bool check(int part, const char *const *names, size_t count)
{
    const char *name = parts[part].name;
    if (count > calls[part].most)
        return !usage_error(name, "unexpected argument %s", names[calls[part].most]);
    if (count < calls[part].least)
        return !usage_error(name, "the NAME of a connection is missing");
    if (calls[part].input && !connections_settings.input)
        return !usage_error(name, "give the definition with --input FILE");
    return true;
}

static int call(int part, int argc, char **argv)
{
    const char **names = xcalloc((size_t)argc + 1, sizeof *names);
    struct error err = ERROR_INIT;
    int count = 0;
    int code = EXIT_USAGE;
    connections_settings.output = "text";
    if (options_help(&parts[part], argc, argv)) {
        code = 0;
    } else if (options_read(parts[part].name, parts[part].rows, argc, argv, names, &count) &&
               check(part, names, (size_t)count)) {
        struct catalog *catalog = catalog_choice_open(&err);
        if (catalog)
            catalog_leave_out_passwords(catalog, !connections_settings.show_password);
        code = catalog ? calls[part].run(catalog, names, (size_t)count)
                       : connections_fail(parts[part].name, CATALOG_FAILED, &err);
        catalog_close(catalog);
    }
    free(names);
    return code;
}

static int run_part(int argc, char **argv)
{
    const char *words[PART_COUNT + 1] = {NULL};
    const char *word = argc > 0 ? argv[0] : "";
    for (int i = 0; i < PART_COUNT; i++) {
        words[i] = word_of(i);
        if (strcmp(word, words[i]) == 0)
            return call(i, argc - 1, argv + 1);
    }
    if (options_help(&command_connections, argc, argv))
        return 0;
    if (!*word)
        return usage_error("connections", "what to do is missing: create, get, list, update, "
                                          "delete, batch-delete or import");
    const char *nearest = text_nearest(word, words);
    return usage_error("connections", "unknown command \"%s\"%s%s%s", word,
                       nearest ? "; did you mean " : "", nearest ? nearest : "",
                       nearest ? " ?" : "");
}
