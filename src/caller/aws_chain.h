/* SPDX-License-Identifier: Apache-2.0 */
/* aws_chain.h - where the agent's own AWS credentials come from: AWS's chain, decided without
 * asking anybody. */
#ifndef AWS_CHAIN_H
#define AWS_CHAIN_H

#include <jansson.h>

#include "aws_settings.h"

/*
 * What CONFIG amounts to:
 *   {"source": {"kind": KIND, "from": "the environment", ...}, "roles": [...]}   or   {"error":
 * WHY}
 *
 *   KIND          members
 *   keys          access_key, secret_key, session_token?
 *   process       command
 *   web_identity  token_file, role_arn, session_name?
 *   container     url, authorization?, authorization_file?
 *   metadata      endpoint, v1 (boolean), timeout_s, attempts
 *
 * ROLES are then assumed, the first first: {"role_arn", "session_name"?, "external_id"?,
 * "duration_s"?}. A source that has been chosen is not given up for a later one, as in AWS's own
 * SDKs. "from" is for people; "tried" (text) says what stood before a container's or the host's
 * role. WHY names file, profile and key.
 */
json_t *aws_chain(const struct operator_config *config);

/*
 * The identity in what a credential process printed, as "keys" with an "expires" (Unix time) when
 * it says so; or {"error": WHY}, which quotes none of it.
 */
json_t *aws_chain_process_output(const char *output, size_t length, const char *command);

/* Unix time of "2024-10-01T12:00:00Z" (fractions and +hh:mm too); -1 when it is none. */
long long aws_time(const char *text);

#endif
