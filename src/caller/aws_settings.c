/* SPDX-License-Identifier: Apache-2.0 */
/* aws_settings.c - region, endpoints, proxies and their like. */
#include "aws_settings.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "web_proxies.h"

enum { ATTEMPTS = 3, ATTEMPTS_MAXIMUM = 10 };

/* Services as AWS_ENDPOINT_URL_NAME and the sections [services ...] call them, in lower case. */
static const char *const services[] = {"athena",   "glue",          "iam",
                                       "kafka",    "kms",           "rds",
                                       "redshift", "redshift_data", "redshift_serverless",
                                       "s3",       "sts",           "secrets_manager"};

const char *const operator_variables[] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_V1_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_METADATA_SERVICE_TIMEOUT",
    "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_ATHENA",
    "AWS_ENDPOINT_URL_GLUE",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_ENDPOINT_URL_KAFKA",
    "AWS_ENDPOINT_URL_KMS",
    "AWS_ENDPOINT_URL_RDS",
    "AWS_ENDPOINT_URL_REDSHIFT",
    "AWS_ENDPOINT_URL_REDSHIFT_DATA",
    "AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_CA_BUNDLE",
    "AWS_MAX_ATTEMPTS",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "NO_PROXY",
    "no_proxy",
    "HOME",
    NULL,
};

const char *operator_variable(const struct operator_config *config, const char *name)
{
    const char *value = json_string_value(json_object_get(config->environment, name));
    return value && *value ? value : NULL;
}

const char *operator_profile(const struct operator_config *config)
{
    const char *name = operator_variable(config, "AWS_PROFILE");
    if (!name)
        name = operator_variable(config, "AWS_DEFAULT_PROFILE");
    return name ? name : "default";
}

const char *operator_setting(const struct operator_config *config, const char *profile,
                             const char *key)
{
    return shared_config_value(config->shared, "profile", profile, key, NULL);
}

/* The first of the variables VARIABLE and SECOND (may be NULL), then the profile's KEY (likewise).
 */
static const char *setting(const struct operator_config *config, const char *variable,
                           const char *second, const char *key)
{
    const char *value = operator_variable(config, variable);
    if (!value && second)
        value = operator_variable(config, second);
    if (!value && key)
        value = operator_setting(config, operator_profile(config), key);
    return value;
}

static bool is_true(const char *value)
{
    return value && text_equal_nocase(value, "true");
}

static void set(json_t *object, const char *key, const char *value)
{
    if (value)
        json_object_set_new(object, key, json_string(value));
}

static const char *variable_of_service(const struct operator_config *config, const char *service)
{
    char *name = text_format("AWS_ENDPOINT_URL_%s", service);
    for (char *c = name; *c; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c & ~0x20);
    const char *value = operator_variable(config, name);
    free(name);
    return value;
}

/* AWS_ENDPOINT_URL_SERVICE, AWS_ENDPOINT_URL, the profile's services section, its endpoint_url. */
static json_t *endpoints(const struct operator_config *config)
{
    json_t *found = json_object();
    const char *profile = operator_profile(config);
    const char *section = operator_setting(config, profile, "services");
    const char *every = operator_variable(config, "AWS_ENDPOINT_URL");
    if (is_true(setting(config, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", NULL,
                        "ignore_configured_endpoint_urls")))
        return found;
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        const char *url = variable_of_service(config, services[i]);
        if (!url && !every && section)
            url = shared_config_value(config->shared, "services", section, services[i],
                                      "endpoint_url");
        set(found, services[i], url);
    }
    set(found, "*", every ? every : operator_setting(config, profile, "endpoint_url"));
    return found;
}

json_t *aws_settings(const struct operator_config *config)
{
    unsigned long attempts = 0;
    json_t *settings = json_object();
    const char *sts = setting(config, "AWS_STS_REGIONAL_ENDPOINTS", NULL, "sts_regional_endpoints");
    const char *maximum = setting(config, "AWS_MAX_ATTEMPTS", NULL, "max_attempts");
    if (!maximum || !text_to_number(maximum, 1, ATTEMPTS_MAXIMUM, &attempts))
        attempts = ATTEMPTS;
    set(settings, "region", setting(config, "AWS_REGION", "AWS_DEFAULT_REGION", "region"));
    json_object_set_new(settings, "endpoints", endpoints(config));
    json_object_set_new(
        settings, "fips",
        json_boolean(is_true(setting(config, "AWS_USE_FIPS_ENDPOINT", NULL, "use_fips_endpoint"))));
    json_object_set_new(settings, "dual_stack",
                        json_boolean(is_true(setting(config, "AWS_USE_DUALSTACK_ENDPOINT", NULL,
                                                     "use_dualstack_endpoint"))));
    json_object_set_new(settings, "sts_global",
                        json_boolean(sts && text_equal_nocase(sts, "legacy")));
    json_object_set_new(settings, "attempts", json_integer((json_int_t)attempts));
    set(settings, "ca_bundle", setting(config, "AWS_CA_BUNDLE", NULL, "ca_bundle"));
    json_t *proxies = web_proxies(config->environment);
    json_object_update(settings, proxies);
    json_decref(proxies);
    return settings;
}
