/* SPDX-License-Identifier: Apache-2.0 */
/* written.h - host names as people write them, beside their ASCII form. */
#ifndef WRITTEN_H
#define WRITTEN_H

#include "testconn/target.h"

/* From now on hosts of TARGET in ASCII form ("xn--bcher-kva.example") are told as they are written
 * ("bücher.example"). One test a process. */
void written_begin(const struct target *target);

/*
 * LINE with those hosts as they are written, and behind the first mention of each its ASCII form:
 * "bücher.example:5432 (xn--bcher-kva.example)". NULL where there is none; the caller frees it.
 */
char *written_tell(const char *line);

#endif
