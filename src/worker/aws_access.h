/* SPDX-License-Identifier: Apache-2.0 */
/* aws_access.h - a test's access to AWS: the identity that the front handed over, and the module
 * that fetches by it. */
#ifndef AWS_ACCESS_H
#define AWS_ACCESS_H

#include <jansson.h>

#include "testconn/error.h"
#include "testconn/probe.h"
#include "testconn/secrets.h"
#include "testconn/target.h"

/*
 * Take ACCESS, {"settings", "identity"} or {"error": {code, message, remedy?, property?}}, into
 * TARGET. False with ERR set to why there is no identity.
 */
bool aws_access_take(struct target *target, const json_t *access, struct error *err);

/* Whether TARGET refers to something that the module has to fetch. */
bool aws_access_is_needed(const struct target *target);

/* Fetch it. DRIVERS is the folder of the drivers: the module lies beside it. */
bool aws_access_fetch(struct probe *probe, struct target *target, const char *drivers,
                      struct error *err);

/* Write CONTENT to the secret of TARGET's secret_id. False with ERR set. */
bool aws_access_store(struct probe *probe, const struct target *target, const char *drivers,
                      const char *content, struct error *err);

/* Get the password of a login by AWS's service, before the driver logs in with it. False with ERR
 * set. */
bool aws_access_log_in(struct probe *probe, struct target *target, const char *drivers,
                       struct error *err);

/* The module, loaded; NULL with ERR set to DRIVER_MISSING. */
const struct secrets *aws_module_load(const char *drivers, struct error *err);

#endif
