/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_aws.c - secrets, ciphertexts, files and roles that are AWS's. */
#include "resolve_aws.h"

#include <string.h>

#include "resolve_connector.h"
#include "text.h"

static bool is_s3(const char *location)
{
    return location && text_starts_nocase(location, "s3://");
}

static bool has_aws_files(const struct target *target)
{
    for (size_t i = 0; i < target->file_count; i++)
        if (is_s3(target->files[i].location))
            return true;
    return is_s3(target->tls.ca_location);
}

static bool has_ciphertext(const struct target *target)
{
    for (size_t i = 0; i < target->secret_count; i++)
        if (target->secrets[i].encrypted)
            return true;
    return target->encrypted_password != NULL;
}

void resolve_aws(struct resolving *resolving)
{
    struct target *target = resolving->target;
    const char *region = resolving_property(resolving, "REGION");
    const char *role = resolving_property(resolving, "ROLE_ARN");
    target->needs_aws = target->needs_aws || (target->secret_id && !target->secret_content) ||
                        has_ciphertext(target) || has_aws_files(target);
    if (!target->needs_aws)
        return;
    if (region && !target->aws.region) {
        target->aws.region = xstrdup(region);
        resolving_origin(resolving, "aws region", region, PROPERTIES "REGION");
    }
    if (role)
        target->role_arn = xstrdup(role);
    resolving_origin(resolving, "aws identity",
                     role ? role : "credentials of the environment, the profile or the host",
                     role ? PROPERTIES "ROLE_ARN" : "default");
}

/* What a target that is not known yet may turn out to need. */
static bool may_need_aws(const struct connection *connection)
{
    const char *key;
    json_t *value;
    bool user = connection_property(connection, "USERNAME");
    json_object_foreach(connection->properties, key, value)
    {
        const char *text = json_string_value(value);
        if (!text || !*text)
            continue;
        if (is_s3(text) || text_starts(key, "ENCRYPTED_") ||
            strcmp(key, "KAFKA_SASL_SCRAM_SECRETS_ARN") == 0 ||
            (strcmp(key, "SECRET_ID") == 0 && !user))
            return true;
    }
    return json_object_get(connection->authentication, "SecretArn") != NULL ||
           resolve_connector_secret(connection) != NULL;
}

bool resolution_needs_aws(const struct resolution *resolution, const struct connection *connection)
{
    return resolution->target ? resolution->target->needs_aws : may_need_aws(connection);
}
