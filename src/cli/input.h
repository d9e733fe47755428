/* SPDX-License-Identifier: Apache-2.0 */
/* input.h - the definitions of an input file, as the user gave them. */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>

#include "connection.h"

struct input {
    const char *name; /* of the file, or "standard input" */
    struct connection_list list;
    struct problems *unset; /* per connection: variables that are not set */
};

/*
 * Read PATH ("-": standard input), put environment variables in, and take the definitions out.
 * False after a line on stderr: nothing readable, neither JSON nor YAML, no connection in it.
 */
bool input_read(const char *path, struct input *input);
void input_release(struct input *input);

#endif
