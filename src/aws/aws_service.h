/* SPDX-License-Identifier: Apache-2.0 */
/* aws_service.h - AWS's services: how they are called and where they are. Pure. */
#ifndef AWS_SERVICE_H
#define AWS_SERVICE_H

#include <jansson.h>
#include <stdbool.h>

enum aws_service {
    AWS_ATHENA,
    AWS_GLUE,
    AWS_KMS,
    AWS_REDSHIFT,
    AWS_REDSHIFT_DATA,
    AWS_REDSHIFT_SERVERLESS,
    AWS_S3,
    AWS_SECRETS_MANAGER,
    AWS_STS,
};

enum aws_protocol { AWS_JSON, AWS_QUERY, AWS_REST };

struct aws_service_info {
    const char *name;    /* for people: "Secrets Manager" */
    const char *id;      /* in the settings: "secrets_manager" */
    const char *signing; /* "secretsmanager" */
    const char *host;    /* the first label */
    enum aws_protocol protocol;
    const char *target;  /* JSON: what stands before the operation in X-Amz-Target */
    const char *version; /* query */
};

const struct aws_service_info *aws_service_info(enum aws_service service);

/*
 * The base URL, without a slash at its end, of SERVICE in REGION as SETTINGS (aws_settings.h) say;
 * the caller frees it. NULL when REGION is no region's name. *CONFIGURED: SETTINGS name it.
 */
char *aws_service_url(enum aws_service service, const char *region, const json_t *settings,
                      bool *configured);

/* Whether REGION has the form of one: it becomes part of a host name. */
bool aws_is_region(const char *region);

/* The part of an ARN: 3 is the region, 5 the resource. The caller frees it. NULL: not an ARN, or
 * the part is empty. */
char *aws_arn_part(const char *arn, int part);

/* The proxy for URL by SETTINGS, or NULL; borrowed from SETTINGS. */
const char *aws_proxy(const char *url, const json_t *settings);

#endif
