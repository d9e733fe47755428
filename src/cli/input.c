/* SPDX-License-Identifier: Apache-2.0 */
/* input.c - files and standard input. */
#include "input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "document.h"
#include "fd.h"
#include "reference.h"
#include "text.h"

enum { INPUT_MAXIMUM = 64 << 20, INPUT_WAIT_MS = 24 * 3600 * 1000 };

static char *read_text(const char *path, const char *name, size_t *length, struct error *err)
{
    struct deadline deadline = deadline_in_ms(INPUT_WAIT_MS);
    if (strcmp(path, "-") == 0)
        return fd_read_all(STDIN_FILENO, name, INPUT_MAXIMUM, deadline, length, err);
    return fd_read_file(path, INPUT_MAXIMUM, deadline, length, err);
}

/* What is wrong with the file as a whole, one line each. */
static void print_problems(const char *name, const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        fprintf(stderr, "testconn: %s: %s%s%s\n", name, problems->items[i].path,
                *problems->items[i].path ? ": " : "", problems->items[i].text);
}

static bool take_connections(json_t *document, struct input *input)
{
    struct problems problems = PROBLEMS_INIT;
    const char *catalog_name;
    bool taken = connection_list_read(document, &input->list, &catalog_name, &problems);
    if (taken) {
        if (catalog_name)
            input->catalog_name = xstrdup(catalog_name);
        problems_release(&problems);
    } else {
        print_problems(input->name, &problems);
        input->refused = problems;
    }
    return taken;
}

void input_expand(struct connection *connection, struct problems *unset)
{
    reference_replace(connection->document, REFERENCE_ENVIRONMENT, reference_from_environment, NULL,
                      unset);
    connection_refresh(connection);
}

static void expand(struct input *input)
{
    for (size_t i = 0; i < input->list.count; i++)
        input_expand(input->list.items[i], &input->unset[i]);
}

bool input_has_definitions(const struct input *input, const char *command)
{
    if (!input->catalog_name)
        return true;
    fprintf(stderr,
            "testconn %s: %s names the stored connection \"%s\" only; a definition is needed\n",
            command, input->name, input->catalog_name);
    return false;
}

bool input_read(const char *path, enum input_mode mode, struct input *input)
{
    struct error err = ERROR_INIT;
    size_t length = 0;
    *input = (struct input){.name = strcmp(path, "-") ? path : "standard input"};
    char *text = read_text(path, input->name, &length, &err);
    json_t *document = text ? document_parse(text, length, input->name, &err) : NULL;
    if (text)
        text_wipe(text, length);
    free(text);
    bool read = document && take_connections(document, input);
    if (!document)
        fprintf(stderr, "testconn: %s\n", err.message);
    json_decref(document);
    if (!read) {
        connection_list_release(&input->list);
        return false;
    }
    input->unset = xcalloc(input->list.count + 1, sizeof *input->unset);
    if (mode == INPUT_EXPANDED)
        expand(input);
    return true;
}

void input_release(struct input *input)
{
    for (size_t i = 0; input->unset && i < input->list.count; i++)
        problems_release(&input->unset[i]);
    free(input->unset);
    problems_release(&input->refused);
    free(input->catalog_name);
    connection_list_release(&input->list);
}
