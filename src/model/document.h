/* SPDX-License-Identifier: Apache-2.0 */
/* document.h - the text of an input file, JSON or YAML, made a JSON value. */
#ifndef DOCUMENT_H
#define DOCUMENT_H

#include <jansson.h>
#include <stddef.h>

#include "testconn/error.h"

/*
 * Parse LENGTH bytes as JSON or, when they are not, as YAML (one document, no aliases, at most 64
 * levels deep). Keys that stand twice, bytes that are not UTF-8 and NUL are refused. Plain YAML
 * scalars become strings, as Glue's properties are. NULL with ERR set to INVALID_INPUT, naming
 * NAME, line and column. The caller decrefs the value.
 */
json_t *document_parse(const char *text, size_t length, const char *name, struct error *err);

#endif
