/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_aws.h - what of a target lies in AWS. */
#ifndef RESOLVE_AWS_H
#define RESOLVE_AWS_H

#include "resolving.h"

/* REGION, ROLE_ARN, and whether the target needs AWS at all. Called last. */
void resolve_aws(struct resolving *resolving);

#endif
