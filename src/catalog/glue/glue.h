/* SPDX-License-Identifier: Apache-2.0 */
/* glue.h - a catalog that lies in AWS Glue, as the parts of its module share it. */
#ifndef GLUE_H
#define GLUE_H

#include <jansson.h>

#include "catalog_backend.h"

/* connection.c: The API's CONNECTION as ENTRY, which the caller releases; false: it has no name. */
bool glue_read_connection(const json_t *connection, struct catalog_entry *entry);

/* What ConnectionType the properties of CONNECTION belong to, where the answer does not say it (as
 * moto's); NULL: that cannot be known. */
const char *glue_infer_type(const json_t *connection);

#endif
