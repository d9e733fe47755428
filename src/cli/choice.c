/* SPDX-License-Identifier: Apache-2.0 */
/* choice.c - names, filters, a file: one of them. */
#include "choice.h"

#include <stdlib.h>

#include "commands.h"
#include "input.h"
#include "stored.h"

struct choice choice_options;

bool choice_check(const char *command, const char *const *names, size_t count,
                  struct choice *choice)
{
    *choice = choice_options;
    choice->names = names;
    choice->count = count;
    bool filtered = choice->all || choice->type || choice->match.count;
    if (count && choice->input)
        return !usage_error(command, "a NAME (%s) and --input cannot be given together", names[0]);
    if (filtered && choice->input)
        return !usage_error(command, "--all, --type and --match choose among stored connections: "
                                     "they cannot be given with --input");
    if (count && filtered)
        return !usage_error(
            command, "a NAME (%s) and --all, --type or --match cannot be given together", names[0]);
    if (!count && !filtered && !choice->input)
        return !usage_error(command,
                            "nothing to test: give the NAME of a stored connection, --all, "
                            "or --input FILE");
    return true;
}

int choice_read(const char *command, const struct choice *choice, struct input *input,
                struct stored **stored)
{
    *input = (struct input){0};
    *stored = NULL;
    if (!choice->input)
        return stored_read(command, choice, input, stored);
    if (!input_read(choice->input, INPUT_EXPANDED, input))
        return EXIT_USAGE;
    if (!input->catalog_name)
        return 0;
    /* A request that names a stored connection. */
    char *name = input->catalog_name;
    const char *names[] = {name};
    struct choice by_name = {.names = names, .count = 1};
    input->catalog_name = NULL;
    input_release(input);
    int code = stored_read(command, &by_name, input, stored);
    free(name);
    return code;
}
