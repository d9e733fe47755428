/* SPDX-License-Identifier: Apache-2.0 */
/* aws_service.c - the table of services, endpoints and proxies. */
#include "aws_service.h"

#include <stdlib.h>
#include <string.h>

#include "https.h"
#include "text.h"

static const struct aws_service_info services[] = {
    [AWS_ATHENA] = {"Athena", "athena", "athena", "athena", AWS_JSON, "AmazonAthena", NULL},
    [AWS_GLUE] = {"Glue", "glue", "glue", "glue", AWS_JSON, "AWSGlue", NULL},
    [AWS_KMS] = {"KMS", "kms", "kms", "kms", AWS_JSON, "TrentService", NULL},
    [AWS_REDSHIFT] = {"Redshift", "redshift", "redshift", "redshift", AWS_QUERY, NULL,
                      "2012-12-01"},
    [AWS_REDSHIFT_DATA] = {"the Redshift Data API", "redshift_data", "redshift-data",
                           "redshift-data", AWS_JSON, "RedshiftData", NULL},
    [AWS_REDSHIFT_SERVERLESS] = {"Redshift Serverless", "redshift_serverless",
                                 "redshift-serverless", "redshift-serverless", AWS_JSON,
                                 "RedshiftServerless", NULL},
    [AWS_S3] = {"S3", "s3", "s3", "s3", AWS_REST, NULL, NULL},
    [AWS_SECRETS_MANAGER] = {"Secrets Manager", "secrets_manager", "secretsmanager",
                             "secretsmanager", AWS_JSON, "secretsmanager", NULL},
    [AWS_STS] = {"STS", "sts", "sts", "sts", AWS_QUERY, NULL, "2011-06-15"},
};

/* What hosts of a region end in. */
static const struct {
    const char *prefix; /* of the region's name; the last matches all */
    const char *suffix;
    const char *dual_stack;
} partitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"", "amazonaws.com", "api.aws"},
};

const struct aws_service_info *aws_service_info(enum aws_service service)
{
    return &services[service];
}

bool aws_is_region(const char *region)
{
    enum { REGION_MAXIMUM = 40 };
    size_t length = strlen(region);
    return length > 0 && length <= REGION_MAXIMUM && region[0] != '-' &&
           region[length - 1] != '-' &&
           strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* A configured URL without slashes at its end. */
static char *take_url(const char *url)
{
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/')
        length--;
    return xstrndup(url, length);
}

static char *default_url(enum aws_service service, const char *region, const json_t *settings)
{
    const char *host = services[service].host;
    const char *fips = json_is_true(json_object_get(settings, "fips")) ? "-fips" : "";
    bool dual_stack = json_is_true(json_object_get(settings, "dual_stack"));
    size_t at = 0;
    while (!text_starts(region, partitions[at].prefix))
        at++;
    if (service == AWS_STS && json_is_true(json_object_get(settings, "sts_global")) && !*fips &&
        !*partitions[at].prefix)
        return xstrdup("https://sts.amazonaws.com");
    if (service == AWS_S3 && dual_stack)
        return text_format("https://s3%s.dualstack.%s.%s", fips, region, partitions[at].suffix);
    return text_format("https://%s%s.%s.%s", host, fips, region,
                       dual_stack ? partitions[at].dual_stack : partitions[at].suffix);
}

char *aws_service_url(enum aws_service service, const char *region, const json_t *settings,
                      bool *configured)
{
    const json_t *endpoints = json_object_get(settings, "endpoints");
    const char *url = text_of(endpoints, services[service].id);
    if (!aws_is_region(region))
        return NULL;
    if (!url)
        url = text_of(endpoints, "*");
    *configured = url != NULL;
    return url ? take_url(url) : default_url(service, region, settings);
}

char *aws_arn_part(const char *arn, int part)
{
    enum { RESOURCE = 5 };
    const char *at = arn;
    if (!text_starts(arn, "arn:"))
        return NULL;
    for (int i = 0; i < part; i++) {
        at = strchr(at, ':');
        if (!at)
            return NULL;
        at++;
    }
    size_t length = part == RESOURCE ? strlen(at) : strcspn(at, ":");
    return length ? xstrndup(at, length) : NULL;
}

const char *aws_proxy(const char *url, const json_t *settings)
{
    bool is_tls = text_starts_nocase(url, "https://");
    const char *proxy = text_of(settings, is_tls ? "proxy" : "proxy_plain");
    return https_proxy_of(url, proxy, text_of(settings, "no_proxy"));
}
