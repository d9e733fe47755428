/* SPDX-License-Identifier: Apache-2.0 */
/* aws_settings.h - how the operator wants AWS called: environment first, then the profile. */
#ifndef AWS_SETTINGS_H
#define AWS_SETTINGS_H

#include <jansson.h>
#include <stdbool.h>

#include "shared_config.h"

/* The operator's configuration; everything is borrowed. */
struct operator_config {
    const json_t *environment;          /* {"AWS_REGION": "eu-west-1", ...} */
    const struct shared_config *shared; /* both files */
    const char *config_path;            /* for messages */
    const char *credentials_path;
};

/* The variables of AWS's SDKs that count, and the proxies'; NULL-ended. No other reaches a worker.
 */
extern const char *const operator_variables[];

/* The variable NAME, NULL when it is not set or empty. */
const char *operator_variable(const struct operator_config *config, const char *name);

/* The profile in use: AWS_PROFILE, AWS_DEFAULT_PROFILE, "default". */
const char *operator_profile(const struct operator_config *config);

/* The setting KEY of a profile, or NULL. */
const char *operator_setting(const struct operator_config *config, const char *profile,
                             const char *key);

/*
 * What calls to AWS need to know beside the identity, no secret but what a proxy's URL holds:
 *   {"region"?, "endpoints": {"*"?, "secrets_manager"?, ...}, "fips", "dual_stack", "sts_global",
 *    "ca_bundle"?, "proxy"?, "proxy_plain"?, "no_proxy"?, "attempts"}
 */
json_t *aws_settings(const struct operator_config *config);

#endif
