/* SPDX-License-Identifier: Apache-2.0 */
/* placeholder.h - ${key} in the URLs of connectors: a key of the definition's secret. */
#ifndef PLACEHOLDER_H
#define PLACEHOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "connection.h"

/* The keys that stand in the URLs of a connector, each once, in their order. Begin with
 * PLACEHOLDERS_INIT, end with placeholders_release(). */
struct placeholders {
    char **keys;
    size_t count;
};
#define PLACEHOLDERS_INIT ((struct placeholders){.keys = NULL})
void placeholders_find(const struct connection *connection, struct placeholders *found);
void placeholders_release(struct placeholders *placeholders);

/* "${host}, ${port}" of those for which PICK (NULL: all) is true. The caller frees it. */
char *placeholders_list(const struct placeholders *placeholders, const bool *pick);

/* The value of KEY, borrowed, or NULL: it stays as it is. */
typedef const char *placeholder_value(const void *argument, const char *key);

/* TEXT with its ${key} replaced by VALUE of them; the caller wipes and frees it. */
char *placeholder_replace(const char *text, placeholder_value *value, const void *argument);

/* The same in every URL of CONNECTION, which is filled from now on. */
void placeholders_fill(struct connection *connection, placeholder_value *value,
                       const void *argument);

#endif
