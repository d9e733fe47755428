/* SPDX-License-Identifier: Apache-2.0 */
/* publish.h - a file that appears whole or not at all, made once by however many programs try. */
#ifndef PUBLISH_H
#define PUBLISH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Have a file of LENGTH bytes, mode 0600, at PATH, unless one is there: then that one stays, and it
 * is whole. It is on the disk when true is returned. False with errno set.
 */
bool publish(const char *path, const void *data, size_t length);

#endif
