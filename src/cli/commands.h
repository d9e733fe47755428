/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - the commands of the program, and the exit codes that they return. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "options.h"

extern const struct command command_test;
extern const struct command command_wait;
extern const struct command command_serve;
extern const struct command command_explain;
extern const struct command command_cert;
extern const struct command command_connections;
extern const struct command command_drivers;
extern const struct command command_completion;
extern const struct command command_version;

/* All of them, in the order of the help, ended by NULL. */
extern const struct command *const commands[];

enum {
    EXIT_REFUSED = 1,
    EXIT_USAGE = 2,
    EXIT_ERROR = 3,
    EXIT_DEADLINE = 124, /* of wait */
    EXIT_INTERRUPTED = 130,
    EXIT_TERMINATED = 143
};

#endif
