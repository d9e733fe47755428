/* SPDX-License-Identifier: Apache-2.0 */
/* input.h - the definitions of an input file, as the user gave them. */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>

#include "connection.h"

struct input {
    const char *name; /* of the file, or "standard input" */
    struct connection_list list;
    struct problems *unset;  /* per connection: variables that are not set */
    struct problems refused; /* what is wrong with a file that holds no definition at all */
    char *catalog_name;      /* a request to test this stored connection; the list is empty then */
};

enum input_mode {
    INPUT_EXPANDED, /* environment variables put in */
    INPUT_VERBATIM  /* to be stored */
};

/*
 * Read PATH ("-": standard input) and take the definitions out. False after a line on stderr:
 * nothing readable, neither JSON nor YAML, no connection in it (then REFUSED says it, too). End
 * with input_release() in any case.
 */
bool input_read(const char *path, enum input_mode mode, struct input *input);
void input_release(struct input *input);

/* Put environment variables into CONNECTION; UNSET gets those that are not set. */
void input_expand(struct connection *connection, struct problems *unset);

/* Whether INPUT holds definitions; if not, a line on stderr: COMMAND needs them, and has a name. */
bool input_has_definitions(const struct input *input, const char *command);

#endif
