/* SPDX-License-Identifier: Apache-2.0 */
/* authentication.h - AuthenticationConfiguration held against the API document, member by member.
 */
#ifndef AUTHENTICATION_H
#define AUTHENTICATION_H

#include <jansson.h>
#include <stdbool.h>

#include "problems.h"

#define AUTHENTICATION "AuthenticationConfiguration"
#define OAUTH AUTHENTICATION ".OAuth2Properties"
#define OAUTH_CLIENT OAUTH ".OAuth2ClientApplication"
#define OAUTH_CODE OAUTH ".AuthorizationCodeProperties"
#define OAUTH_CREDENTIALS OAUTH ".OAuth2Credentials"

/*
 * Check OBJECT (NULL: absent, which is fine): types, lengths in bytes, patterns, enumerations. The
 * members of the newer Glue model are accepted with a note. In place of an ARN, SecretArn may hold
 * what the secret would: a JSON object, by ${file:PATH} or ${env:NAME}.
 */
void authentication_check(const json_t *object, struct problems *problems);

/* The SecretArn of OBJECT (NULL: absent) whose secret holds user and password: that of BASIC and
 * CUSTOM authentication. NULL: there is none. */
const char *authentication_login_secret(const json_t *object);

/* Whether SECRET, a SecretArn (or NULL), is no ARN but the content of a secret. */
bool authentication_is_content(const char *secret);

#endif
