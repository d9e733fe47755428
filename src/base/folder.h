/* SPDX-License-Identifier: Apache-2.0 */
/* folder.h - where the program's own files are. */
#ifndef FOLDER_H
#define FOLDER_H

/*
 * The folder of the modules of KIND ("drivers", "catalogs"): beside the program, as a build makes
 * it, or else where an installation has it. The caller frees it.
 */
char *folder_of_modules(const char *kind);

/* The path by which this very program is started once more. */
const char *folder_program(void);

#endif
