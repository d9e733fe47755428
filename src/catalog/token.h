/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h - the continuation of a listing by name, as an opaque word.
 *
 * It holds the last name that was given and a check over it and the filter: a token that was
 * damaged, or that belongs to a listing by another filter, is told from a good one. It needs no
 * state and holds no secret.
 */
#ifndef TOKEN_H
#define TOKEN_H

#include "catalog.h"

/* The token that goes on behind NAME; the caller frees it. */
char *token_make(const struct catalog_filter *filter, const char *name);

/* The name that TOKEN goes on behind, which the caller frees; NULL with ERR set to INVALID_INPUT.
 */
char *token_read(const struct catalog_filter *filter, const char *token, struct error *err);

#endif
