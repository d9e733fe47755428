/* SPDX-License-Identifier: Apache-2.0 */
/* secrecy.h - a peer may say back what we sent it: secrets are taken out of its words. */
#ifndef SECRECY_H
#define SECRECY_H

#include "testconn/target.h"

/* From now on TARGET's secrets are taken out; it is kept. One test a process. */
void secrecy_begin(const struct target *target);

/*
 * Put *** in LINE, made by text_one_line(), wherever a secret of the target stands. What anybody
 * would guess, or what the definition shows elsewhere, stays: a word of small letters, a short
 * number, a password that is the user's name too.
 */
void secrecy_hide(char *line);

#endif
