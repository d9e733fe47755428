/* SPDX-License-Identifier: Apache-2.0 */
/* resolve.h - connection -> target, pure: no file, no network, no clock. */
#ifndef RESOLVE_H
#define RESOLVE_H

#include <stdbool.h>

#include "connection.h"
#include "problems.h"
#include "registry.h"
#include "testconn/target.h"

/* Where one value of the target came from, for `testconn explain`. */
struct origin {
    const char *field; /* "host", "port", "tls", ...; static */
    char *value;       /* as shown: secrets are "***" */
    char *source; /* "ConnectionProperties.JDBC_CONNECTION_URL", "default of postgresql", ... */
};

/* How a definition was understood. Begin with resolution_init(), end with resolution_release(). */
struct resolution {
    struct target *target; /* NULL when the definition is refused or nothing claims it */
    enum reason reason;    /* REASON_NONE, INVALID_INPUT, UNSUPPORTED_TYPE, DRIVER_MISSING, or BUSY:
                              out    of descriptors, the drivers are not known */
    struct error error;    /* for all but INVALID_INPUT */
    struct problems problems; /* of validation and of resolving, notes included */
    struct origin *origins;
    size_t origin_count;
};
void resolution_init(struct resolution *resolution);
void resolution_release(struct resolution *resolution);

/*
 * Validate CONNECTION and understand it. True when there is a target. Values that hold ${file:} are
 * taken as they stand (the worker resolves again once they are replaced); where that is the URL
 * there is no target yet and REASON_NONE. Validation comes first: INVALID_INPUT goes before
 * UNSUPPORTED_TYPE and DRIVER_MISSING.
 */
bool resolve(const struct connection *connection, const struct registry *registry, bool strict,
             struct resolution *resolution);

/* Whether a test of CONNECTION needs AWS, as far as that can be known before its ${file:} values
 * are there. */
bool resolution_needs_aws(const struct resolution *resolution, const struct connection *connection);

/* One more parameter for the driver; both are copied. */
void target_add_parameter(struct target *target, const char *name, const char *value);

void target_free(struct target *target); /* wipes its secrets; NULL is allowed */

#endif
