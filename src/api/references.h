/* SPDX-License-Identifier: Apache-2.0 */
/* references.h - what a caller's definition may refer to on this host. */
#ifndef REFERENCES_H
#define REFERENCES_H

#include "connection.h"

/* Folders that definitions of callers may name files in. */
struct references_allowed {
    const char *const *folders;
    size_t count;
};

/*
 * Refuse in PROBLEMS every variable of the environment, and every file outside of ALLOWED, that
 * CONNECTION refers to: ${env:}, ${file:}, paths.
 */
void references_check(const struct connection *connection, const struct references_allowed *allowed,
                      struct problems *problems);

#endif
