/* SPDX-License-Identifier: Apache-2.0 */
/* locked.h - secrets kept for longer: in memory that is neither swapped out nor dumped. */
#ifndef LOCKED_H
#define LOCKED_H

/*
 * A copy of TEXT in pages of its own; where the limit on locked memory forbids locking, at least
 * left out of core files. The caller ends with locked_free(), which wipes it.
 */
char *locked_copy(const char *text);
void locked_free(char *text); /* NULL is allowed */

#endif
