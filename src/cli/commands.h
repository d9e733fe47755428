/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - the commands of the program; each returns its exit code. */
#ifndef COMMANDS_H
#define COMMANDS_H

int cmd_test(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_drivers(int argc, char **argv);
int cmd_version(int argc, char **argv);

enum { EXIT_USAGE = 2, EXIT_ERROR = 3, EXIT_INTERRUPTED = 130, EXIT_TERMINATED = 143 };

#endif
