/* SPDX-License-Identifier: Apache-2.0 */
/* target.c - a target grows, and ends: what was secret in it is wiped. */
#include "testconn/target.h"

#include <stdlib.h>

#include "resolve.h"
#include "text.h"

void target_add_parameter(struct target *target, const char *name, const char *value)
{
    target->parameters =
        xrealloc(target->parameters, (target->parameter_count + 1) * sizeof *target->parameters);
    target->parameters[target->parameter_count++] =
        (struct parameter){.name = xstrdup(name), .value = xstrdup(value)};
}

void target_free(struct target *target)
{
    if (!target)
        return;
    for (size_t i = 0; i < target->endpoint_count; i++)
        free(target->endpoints[i].host);
    for (size_t i = 0; i < target->parameter_count; i++) {
        free(target->parameters[i].name);
        free(target->parameters[i].value);
    }
    for (size_t i = 0; i < target->file_count; i++) {
        free(target->files[i].location);
        if (target->files[i].content)
            text_wipe(target->files[i].content, target->files[i].length);
        free(target->files[i].content);
    }
    for (size_t i = 0; i < target->secret_count; i++)
        text_wipe_free(target->secrets[i].value);
    free(target->endpoints);
    free(target->parameters);
    free(target->files);
    free(target->secrets);
    free(target->driver);
    free(target->connection_type);
    free(target->subprotocol);
    free(target->database);
    free(target->user);
    text_wipe_free(target->password);
    free(target->secret_id);
    free(target->encrypted_password);
    text_wipe_free(target->secret_content);
    free(target->tls.ca_location);
    free(target->tls.ca_pem);
    free(target->tls.expected_name);
    free(target->tls.expected_dn);
    text_wipe_free(target->proxy);
    free(target->proxy_exceptions);
    free(target->role_arn);
    free(target->aws.access_key);
    text_wipe_free(target->aws.secret_key);
    text_wipe_free(target->aws.session_token);
    free(target->aws.region);
    free(target->aws.from);
    text_wipe_free(target->aws.document);
    free(target);
}
