/* SPDX-License-Identifier: Apache-2.0 */
/* settings_file.c - a YAML mapping, each key at its place. */
#include "settings_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "fd.h"
#include "testconn/deadline.h"
#include "text.h"

enum { FILE_MAXIMUM = 1 << 20, READ_MS = 5000 };

struct reading {
    const char *command;
    const char *path;
    const struct option_row *rows;
    yaml_document_t document;
};

static bool refuse(const struct reading *reading, const yaml_node_t *node, const char *text)
{
    usage_error(reading->command, "%s: line %zu, column %zu: %s", reading->path,
                node->start_mark.line + 1, node->start_mark.column + 1, text);
    return false;
}

static char *scalar(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE
               ? xstrndup((const char *)node->data.scalar.value, node->data.scalar.length)
               : NULL;
}

/* For the life of the process: the settings refer to it. */
static char *keep(char *value)
{
    static char **kept;
    static size_t count;
    kept = xrealloc(kept, (count + 1) * sizeof *kept);
    return kept[count++] = value;
}

static bool set(const struct reading *reading, const struct option_row *row,
                const yaml_node_t *node)
{
    char *value = scalar(node);
    if (!value)
        return refuse(reading, node, "a single value is needed here");
    return options_set(reading->command, row, keep(value)) ||
           refuse(reading, node, "that is where the value stands");
}

static bool set_list(struct reading *reading, const struct option_row *row, const yaml_node_t *node)
{
    const yaml_node_item_t *item = node->data.sequence.items.start;
    for (; item < node->data.sequence.items.top; item++)
        if (!set(reading, row, yaml_document_get_node(&reading->document, *item)))
            return false;
    return true;
}

static bool take_pair(struct reading *reading, const yaml_node_t *key, const yaml_node_t *value)
{
    char *name = scalar(key);
    const struct option_row *row = name ? options_find(reading->rows, name) : NULL;
    bool right = true;
    if (!row || strcmp(row->name, "config") == 0 || strcmp(row->name, "check-config") == 0) {
        const char *nearest = name && !row ? options_nearest(reading->rows, name) : NULL;
        char *text = text_format("\"%s\" is no setting%s%s%s", name ? name : "",
                                 nearest ? "; did you mean " : "", nearest ? nearest : "",
                                 nearest ? " ?" : "");
        right = refuse(reading, key, text);
        free(text);
    } else if (!options_is_set(row)) {
        right = row->kind == OPTION_TEXTS && value->type == YAML_SEQUENCE_NODE
                    ? set_list(reading, row, value)
                    : set(reading, row, value);
    }
    free(name);
    return right;
}

static bool take_document(struct reading *reading)
{
    const yaml_node_t *root = yaml_document_get_root_node(&reading->document);
    if (!root)
        return true; /* an empty file sets nothing */
    if (root->type != YAML_MAPPING_NODE)
        return refuse(reading, root, "a mapping of settings is needed (max-tests: 64)");
    const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
    for (; pair < root->data.mapping.pairs.top; pair++)
        if (!take_pair(reading, yaml_document_get_node(&reading->document, pair->key),
                       yaml_document_get_node(&reading->document, pair->value)))
            return false;
    return true;
}

static bool parse(struct reading *reading, const char *text, size_t length)
{
    yaml_parser_t parser;
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    bool right = yaml_parser_load(&parser, &reading->document);
    if (right) {
        right = take_document(reading);
        yaml_document_delete(&reading->document);
    } else {
        usage_error(reading->command, "%s: line %zu, column %zu: %s", reading->path,
                    parser.problem_mark.line + 1, parser.problem_mark.column + 1,
                    parser.problem ? parser.problem : "not valid YAML");
    }
    yaml_parser_delete(&parser);
    return right;
}

bool settings_file_read(const char *command, const struct option_row *rows, const char *path)
{
    struct error err = ERROR_INIT;
    size_t length = 0;
    struct reading reading = {.command = command, .path = path, .rows = rows};
    char *text = fd_read_file(path, FILE_MAXIMUM, deadline_in_ms(READ_MS), &length, &err);
    if (!text)
        return !usage_error(command, "%s", err.message);
    bool right = parse(&reading, text, length);
    free(text);
    return right;
}
