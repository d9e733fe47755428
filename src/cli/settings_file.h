/* SPDX-License-Identifier: Apache-2.0 */
/* settings_file.h - the options of a command out of a YAML file: the same names, the same table. */
#ifndef SETTINGS_FILE_H
#define SETTINGS_FILE_H

#include "options.h"

/*
 * Read the file at PATH, a mapping of option names, by ROWS. What is set already stays: a command
 * line goes before a file. What was read is kept for the life of the process. False after a line on
 * stderr that names line and column.
 */
bool settings_file_read(const char *command, const struct option_row *rows, const char *path);

#endif
