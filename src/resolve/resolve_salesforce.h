/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_salesforce.h - connections of type SALESFORCE. */
#ifndef RESOLVE_SALESFORCE_H
#define RESOLVE_SALESFORCE_H

#include "resolving.h"

/*
 * AuthenticationConfiguration and INSTANCE_URL into the target: its endpoint is the token's host.
 *   parameters  grant, token_url, and where given client_id, managed_client, redirect_uri,
 *               instance_url; exchange_code=true where the code may be used up
 *   secrets     code, client_secret, access_token, refresh_token, jwt_token, and token_parameters,
 *               which is TokenUrlParametersMap as JSON
 *   secret_id or secret_content: SecretArn
 * What a test needs beyond what the API demands of a definition is a problem. False where there is
 * no target.
 */
bool resolve_salesforce(struct resolving *resolving);

#endif
