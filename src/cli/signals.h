/* SPDX-License-Identifier: Apache-2.0 */
/* signals.h - what this program does with signals, and what whoever started it had wanted. */
#ifndef SIGNALS_H
#define SIGNALS_H

/* At the start: writing to a closed pipe, or beyond the limit of a file's size, is an error and not
 * the end. */
void signals_prepare(void);

/* Before another program takes our place: everything as it was. */
void signals_restore(void);

#endif
