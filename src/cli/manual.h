/* SPDX-License-Identifier: Apache-2.0 */
/* manual.h - what the tables of the commands say, for shells and for man. */
#ifndef MANUAL_H
#define MANUAL_H

#include <stdio.h>

/* Completion scripts. */
void manual_bash(FILE *out);
void manual_zsh(FILE *out);

/* The commands and their options as a section of a manual page (man(7)). */
void manual_page(FILE *out);

#endif
