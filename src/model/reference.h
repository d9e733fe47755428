/* SPDX-License-Identifier: Apache-2.0 */
/* reference.h - ${env:NAME} and ${file:PATH} in values. Any other $ is an ordinary character. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <jansson.h>
#include <stdbool.h>

#include "problems.h"

enum reference_kind { REFERENCE_ENVIRONMENT, REFERENCE_FILE };

/* Whether TEXT holds a reference of KIND. */
bool reference_in(const char *text, enum reference_kind kind);

/*
 * Replace each reference of KIND in every string value of DOCUMENT (not in keys), in place. FILL
 * gives the value of what stands after the colon (the caller frees it), or NULL after saying why to
 * PROBLEMS at PATH ("ConnectionProperties.PASSWORD"); then the reference stays. What was filled in
 * is not looked into again.
 */
typedef char *reference_fill(void *argument, const char *what, const char *path,
                             struct problems *problems);
void reference_replace(json_t *document, enum reference_kind kind, reference_fill *fill,
                       void *argument, struct problems *problems);

/*
 * Whether CONTENT, what a reference of the kind FROM stands for at PATH, can be taken as text. What
 * looks like a reference itself cannot: nobody replaces it any more, or somebody would who should
 * not. In a secret it is an ordinary part of it, unless the worker would take it for a file.
 */
bool reference_may_fill(const char *content, const char *path, enum reference_kind from);

/* A FILL for REFERENCE_ENVIRONMENT: a variable that is not set is a problem naming it. */
char *reference_from_environment(void *argument, const char *what, const char *path,
                                 struct problems *problems);

#endif
