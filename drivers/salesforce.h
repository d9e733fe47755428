/* SPDX-License-Identifier: Apache-2.0 */
/* salesforce.h - Salesforce's answers: what they mean, and the instance behind a token. */
#ifndef SALESFORCE_H
#define SALESFORCE_H

#include "oauth2.h"

#define INSTANCE_URL_PROPERTY "ConnectionProperties.INSTANCE_URL"

/* What Salesforce's refusals of a token request mean; ended by a REASON_NONE. */
extern const struct oauth2_hint salesforce_token_hints[];

/* What a REST errorCode means; NULL: nothing more is known. The row's error is that code. */
const struct oauth2_hint *salesforce_rest_hint(const char *code);

/*
 * Prove OAUTH2's access token by authorised calls on the instance of TARGET, or the one that the
 * token's answer names if the token may be shown to it. All of it is `query`.
 */
bool salesforce_ask_instance(struct probe *probe, const struct target *target,
                             struct oauth2 *oauth2, struct error *err);

#endif
