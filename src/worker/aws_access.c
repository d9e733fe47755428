/* SPDX-License-Identifier: Apache-2.0 */
/* aws_access.c - the AWS module, loaded by who needs it and nobody else. */
#include "aws_access.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value && *value ? value : NULL;
}

static char *copy_of(const json_t *object, const char *key)
{
    const char *value = text_of(object, key);
    return value ? xstrdup(value) : NULL;
}

static bool is_s3(const char *location)
{
    return location && text_starts_nocase(location, "s3://");
}

/* Whether the login is to come out of a secret, fetched already or not. */
static bool awaits_secret(const struct target *target)
{
    bool read = target->secret_content && (target->secret_is_own || target->password);
    return target->secret_id && !read;
}

/* What stands in the definition for what is to be fetched. */
static const char *property_of(const struct target *target)
{
    if (awaits_secret(target) || target->encrypted_password || target->aws_login != AWS_LOGIN_NONE)
        return target->password_property;
    for (size_t i = 0; i < target->secret_count; i++)
        if (target->secrets[i].encrypted)
            return target->secrets[i].property;
    for (size_t i = 0; i < target->file_count; i++)
        if (is_s3(target->files[i].location))
            return target->files[i].property;
    if (is_s3(target->tls.ca_location))
        return target->tls.ca_property;
    return text_equal(target->connection_type, "KAFKA")
               ? "ConnectionProperties.KAFKA_SASL_MECHANISM"
               : "ConnectionType";
}

static bool tell_error(const struct target *target, const json_t *error, struct error *err)
{
    enum reason reason = reason_find(json_string_value(json_object_get(error, "code")));
    const char *remedy = text_of(error, "remedy");
    const char *property = text_of(error, "property");
    const char *message = text_of(error, "message");
    const char *because = property ? property : property_of(target);
    error_set(err, reason == REASON_NONE ? REASON_INTERNAL : reason,
              "%s (AWS is asked because of %s)", message ? message : "", because);
    if (reason == REASON_AWS_CREDENTIALS_MISSING)
        error_brief(err, "no AWS credentials");
    if (remedy)
        error_remedy(err, "%s", remedy);
    return error_property(err, because);
}

bool aws_access_take(struct target *target, const json_t *access, struct error *err)
{
    const json_t *identity = json_object_get(access, "identity");
    const json_t *error = json_object_get(access, "error");
    json_t *settings = json_object_get(access, "settings");
    if (error)
        return tell_error(target, error, err);
    if (!identity) {
        error_set(err, REASON_AWS_CREDENTIALS_MISSING,
                  "that AWS is needed came out only when a ${file:} was read: write what lies in "
                  "AWS into the definition itself");
        return error_property(err, property_of(target));
    }
    if (target->aws.region)
        json_object_set_new(settings, "region", json_string(target->aws.region));
    else
        target->aws.region = copy_of(settings, "region");
    target->aws.access_key = copy_of(identity, "access_key");
    target->aws.secret_key = copy_of(identity, "secret_key");
    target->aws.session_token = copy_of(identity, "session_token");
    target->aws.from = copy_of(identity, "from");
    target->aws.document = json_dumps(access, JSON_COMPACT);
    return true;
}

bool aws_access_is_needed(const struct target *target)
{
    bool needed =
        awaits_secret(target) || target->encrypted_password || is_s3(target->tls.ca_location);
    for (size_t i = 0; !needed && i < target->file_count; i++)
        needed = is_s3(target->files[i].location);
    for (size_t i = 0; !needed && i < target->secret_count; i++)
        needed = target->secrets[i].encrypted;
    return needed || target->aws_login == AWS_LOGIN_RDS;
}

const struct secrets *aws_module_load(const char *drivers, struct error *err)
{
    char *path = text_format("%s/../secrets/aws.so", drivers);
    bool there = access(path, F_OK) == 0;
    void *module = there ? dlopen(path, RTLD_LAZY | RTLD_LOCAL) : NULL;
    const struct secrets *secrets = module ? dlsym(module, TESTCONN_SECRETS_SYMBOL) : NULL;
    free(path);
    if (secrets && secrets->abi == TESTCONN_DRIVER_ABI)
        return secrets;
    error_set(err, REASON_DRIVER_MISSING, "the AWS module (secrets/aws.so) %s%s%s",
              there ? "cannot be loaded" : "is not installed", there ? ": " : "",
              !there   ? ""
              : module ? "it is of another version of testconn"
                       : dlerror());
    error_remedy(err, there ? "install the package libcurl4 (apt-get install libcurl4)"
                            : "install the module, or give user, password and files without AWS "
                              "(${env:NAME}, ${file:PATH}, a path)");
    return NULL;
}

bool aws_access_fetch(struct probe *probe, struct target *target, const char *drivers,
                      struct error *err)
{
    const char *property = property_of(target);
    const struct secrets *secrets = aws_module_load(drivers, err);
    if (secrets) {
        if (target->aws.from)
            probe_note(probe, "aws_identity", "%s", target->aws.from);
        if (secrets->fetch(probe, target, err))
            return true;
    }
    return err->property[0] ? false : error_property(err, property);
}

bool aws_access_store(struct probe *probe, const struct target *target, const char *drivers,
                      const char *content, struct error *err)
{
    const struct secrets *secrets = aws_module_load(drivers, err);
    return secrets && secrets->store(probe, target, content, err);
}

bool aws_access_log_in(struct probe *probe, struct target *target, const char *drivers,
                       struct error *err)
{
    const struct secrets *secrets = aws_module_load(drivers, err);
    return secrets && secrets->log_in(probe, target, err);
}
