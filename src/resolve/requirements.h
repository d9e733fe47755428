/* SPDX-License-Identifier: Apache-2.0 */
/* requirements.h - what each connection type must have. */
#ifndef REQUIREMENTS_H
#define REQUIREMENTS_H

#include "connection.h"

/* Add a problem for each required property of CONNECTION's type that is missing or contradicts. */
void check_requirements(const struct connection *connection, struct problems *problems);

#endif
