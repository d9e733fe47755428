/* SPDX-License-Identifier: Apache-2.0 */
/* validate.h - a definition held against the API document: every problem at once, each at its path.
 */
#ifndef VALIDATE_H
#define VALIDATE_H

#include "connection.h"
#include "problems.h"

/*
 * Check every field of the API document: types, lengths in bytes, counts, patterns, enumerations,
 * the required properties of each connection type, values of known properties. Values that hold
 * ${file:} or ${env:} are taken as given and are not looked into. STRICT makes unknown property
 * keys a problem, otherwise they are notes that name the nearest known word.
 */
void validate(const struct connection *connection, bool strict, struct problems *problems);

/* Check what is to be stored, its tags too: as validate(), but it has a Name, and a NETWORK
 * connection needs no target until it is tested. */
void validate_to_store(const struct connection *connection, struct problems *problems);

#endif
