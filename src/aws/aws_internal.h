/* SPDX-License-Identifier: Apache-2.0 */
/* aws_internal.h - what the files that call AWS share. */
#ifndef AWS_INTERNAL_H
#define AWS_INTERNAL_H

#include <jansson.h>

#include "aws.h"

struct aws {
    struct probe *probe;
    json_t *settings;
    json_t *identity; /* NULL: none */
    struct https *https;
    struct tls_policy tls;
    struct endpoint endpoint; /* of the test's own attempt */
};

#endif
