/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_iam.h - database logins whose password is made by AWS: jdbc:redshift:iam://, and RDS
 * where the URL says so as the JDBC drivers do (credentialType=AWS-IAM, wrapperPlugins=iam). */
#ifndef RESOLVE_IAM_H
#define RESOLVE_IAM_H

#include "resolving.h"

/* Whether a login by URL needs no password of the definition. */
bool resolve_iam_is_url(const char *url);

/*
 * Take what the login needs to know out of URL (which stands in the property PATH), host and
 * properties: for Redshift the parameter "cluster" or "workgroup", the user (NULL: the caller's own
 * identity); the region for both. Does nothing for other URLs.
 */
void resolve_iam(struct resolving *resolving, const struct jdbc_url *url, const char *path);

#endif
