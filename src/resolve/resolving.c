/* SPDX-License-Identifier: Apache-2.0 */
/* resolving.c - what the ways of resolving have in common: properties and URLs into the target. */
#include "resolving.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authentication.h"
#include "hide.h"
#include "reference.h"
#include "resolve_connector.h"
#include "text.h"
#include "url_parameter.h"
#include "words.h"

const char *resolving_property(const struct resolving *resolving, const char *key)
{
    return connection_property(resolving->connection, key);
}

bool resolving_boolean(const struct resolving *resolving, const char *key)
{
    bool value = false;
    const char *text = resolving_property(resolving, key);
    return text && word_to_boolean(text, &value) && value;
}

void resolving_origin(struct resolving *resolving, const char *field, const char *value,
                      const char *source)
{
    struct resolution *out = resolving->out;
    out->origins = xrealloc(out->origins, (out->origin_count + 1) * sizeof *out->origins);
    out->origins[out->origin_count++] =
        (struct origin){.field = field, .value = xstrdup(value), .source = xstrdup(source)};
}

bool resolving_refuse(struct resolving *resolving, enum reason reason, const char *property,
                      const char *what)
{
    resolving->out->reason = reason;
    error_set(&resolving->out->error, reason, "%s", what);
    return error_property(&resolving->out->error, property);
}

bool resolving_missing_driver(struct resolving *resolving, const char *what, const char *property)
{
    const struct registry *registry = resolving->registry;
    enum reason reason = registry->unread ? REASON_BUSY : REASON_DRIVER_MISSING;
    char *message = registry->unread ? text_format("the drivers in %s cannot be read: %s",
                                                   registry->folder, strerror(registry->unread))
                                     : text_format("no driver for %s is installed in %s", what,
                                                   registry->folder);
    resolving_refuse(resolving, reason, property, message);
    free(message);
    return false;
}

bool resolving_take_driver(struct resolving *resolving, const struct manifest *manifest,
                           const char *what, const char *source)
{
    if (!manifest)
        return resolving_missing_driver(resolving, what, source);
    resolving->target->driver = xstrdup(manifest->name);
    resolving_origin(resolving, "driver", manifest->name, source);
    return true;
}

/* Port 0: not known yet. */
static void add_host(struct resolving *resolving, const char *host, unsigned port,
                     const char *source)
{
    struct target *target = resolving->target;
    target->endpoints =
        xrealloc(target->endpoints, (target->endpoint_count + 1) * sizeof *target->endpoints);
    target->endpoints[target->endpoint_count++] =
        (struct endpoint){.host = xstrdup(host), .port = (uint16_t)port};
    resolving_origin(resolving, "host", host, source);
}

void resolving_add_endpoint(struct resolving *resolving, const char *host, unsigned port,
                            const char *host_source, const char *port_source)
{
    char digits[16];
    add_host(resolving, host, port, host_source);
    snprintf(digits, sizeof digits, "%u", port);
    resolving_origin(resolving, "port", digits, port_source);
}

void resolving_add_service(struct resolving *resolving, const char *name, const char *source,
                           const char *hosts_come)
{
    add_host(resolving, name, 0, source);
    resolving_origin(resolving, "port", "not known yet", hosts_come);
}

/* SECRET_ID, else the secret of AuthenticationConfiguration, where the login is not given itself.
 */
static bool take_secret(struct resolving *resolving, bool user)
{
    struct target *target = resolving->target;
    const char *path = PROPERTIES "SECRET_ID";
    const char *secret = resolving_property(resolving, "SECRET_ID");
    if (!secret) {
        secret = authentication_login_secret(resolving->connection->authentication);
        path = AUTHENTICATION ".SecretArn";
    }
    if (secret && user && !resolve_connector_secret(resolving->connection) &&
        !resolving->connection->filled)
        problems_add_note(&resolving->out->problems, path, "ignored",
                          "is not used: USERNAME goes before it");
    if (!secret || user)
        return false;
    target->secret_id = xstrdup(secret);
    target->user_property = target->password_property = path;
    resolving_origin(resolving, "user", "from the secret", path);
    resolving_origin(resolving, "password", "***", path);
    return true;
}

/* USERNAME beats a secret, ENCRYPTED_PASSWORD beats PASSWORD, as in Glue. */
void resolving_take_login(struct resolving *resolving)
{
    struct target *target = resolving->target;
    const char *user = resolving_property(resolving, "USERNAME");
    const char *encrypted = resolving_property(resolving, "ENCRYPTED_PASSWORD");
    const char *password = resolving_property(resolving, "PASSWORD");
    target->user_property = PROPERTIES "USERNAME";
    target->password_property = PROPERTIES "PASSWORD";
    if (take_secret(resolving, user != NULL))
        return;
    if (user) {
        target->user = xstrdup(user);
        resolving_origin(resolving, "user", user, PROPERTIES "USERNAME");
    }
    if (encrypted && password)
        problems_add_note(&resolving->out->problems, PROPERTIES "PASSWORD", "ignored",
                          "is not used: ENCRYPTED_PASSWORD goes before it");
    if (encrypted) {
        target->encrypted_password = xstrdup(encrypted);
        target->password_property = PROPERTIES "ENCRYPTED_PASSWORD";
        resolving_origin(resolving, "password", "***", PROPERTIES "ENCRYPTED_PASSWORD");
    } else if (password) {
        target->password = xstrdup(password);
        resolving_origin(resolving, "password", "***",
                         reference_in(password, REFERENCE_FILE) ? "file, by " PROPERTIES "PASSWORD"
                                                                : PROPERTIES "PASSWORD");
    }
}

static const char *describe_tls(const struct tls_policy *tls)
{
    if (!tls->attempt)
        return "off";
    if (!tls->require)
        return "tried first, in the clear if it fails; verification only reported";
    if (!tls->verify_chain)
        return "required; verification only reported";
    return tls->verify_name ? "required, chain and host name verified" : "required, chain verified";
}

static void take_certificate_string(struct resolving *resolving)
{
    const char *text = resolving_property(resolving, "CUSTOM_JDBC_CERT_STRING");
    if (!text)
        return;
    if (strchr(text, '='))
        resolving->target->tls.expected_dn = xstrdup(text);
    else if (!(resolving->target->tls.expected_name = host_to_ascii(text)))
        resolving->target->tls.expected_name = xstrdup(text);
    resolving_origin(resolving, "certificate name", text, PROPERTIES "CUSTOM_JDBC_CERT_STRING");
}

void resolving_take_tls(struct resolving *resolving)
{
    bool enforced = resolving_boolean(resolving, "JDBC_ENFORCE_SSL");
    const char *ca = resolving_property(resolving, "CUSTOM_JDBC_CERT");
    struct tls_policy *tls = &resolving->target->tls;
    *tls = (struct tls_policy){.attempt = true,
                               .require = enforced,
                               .verify_chain = enforced,
                               .verify_name = enforced,
                               .property = PROPERTIES "JDBC_ENFORCE_SSL",
                               .ca_property = PROPERTIES "CUSTOM_JDBC_CERT",
                               .name_property = resolving->target->host_property};
    if (ca)
        tls->ca_location = xstrdup(ca);
    tls->skip_ca_rules = resolving_boolean(resolving, "SKIP_CUSTOM_JDBC_CERT_VALIDATION");
    take_certificate_string(resolving);
}

void resolving_tell_tls(struct resolving *resolving)
{
    const struct tls_policy *tls = &resolving->target->tls;
    const char *source = resolving_property(resolving, "JDBC_ENFORCE_SSL")
                             ? PROPERTIES "JDBC_ENFORCE_SSL"
                             : "default of JDBC_ENFORCE_SSL (false)";
    resolving_origin(resolving, "tls", describe_tls(tls),
                     resolving->tls_source ? resolving->tls_source : source);
    if (!tls->ca_location)
        resolving_origin(resolving, "ca", "this system's CA certificates", "default");
    else
        resolving_origin(resolving, "ca",
                         location_is_pem(tls->ca_location) ? "inline PEM" : tls->ca_location,
                         PROPERTIES "CUSTOM_JDBC_CERT");
    if (tls->skip_ca_rules)
        resolving_origin(resolving, "ca rules", "skipped",
                         PROPERTIES "SKIP_CUSTOM_JDBC_CERT_VALIDATION");
}

void resolving_take_database(struct resolving *resolving, const char *database, const char *source)
{
    if (!database)
        return;
    resolving->target->database = xstrdup(database);
    resolving_origin(resolving, "database", database, source);
}

void resolving_note_ignored(struct resolving *resolving, const char *key, const char *used,
                            const char *url_key)
{
    const char *value = resolving_property(resolving, key);
    if (!value || text_equal(value, used))
        return;
    char *path = text_format(PROPERTIES "%s", key);
    problems_add_note(&resolving->out->problems, path, "ignored", "is not used: %s goes before it",
                      url_key);
    free(path);
}

static bool is_same_level(const struct tls_policy *a, const struct tls_policy *b)
{
    return a->attempt == b->attempt && a->require == b->require &&
           a->verify_chain == b->verify_chain && a->verify_name == b->verify_name;
}

/* The URL's parameters, which may tighten what the properties say of TLS. */
void resolving_take_parameters(struct resolving *resolving, const struct jdbc_url *url,
                               const char *path)
{
    struct target *target = resolving->target;
    const struct tls_policy before = target->tls;
    url_parameters_apply(url, path, resolving_boolean(resolving, "JDBC_ENFORCE_SSL"), target,
                         &resolving->out->problems);
    if (!is_same_level(&before, &target->tls))
        resolving->tls_source = target->tls.property = path;
    for (size_t i = 0; i < target->parameter_count; i++) {
        const struct parameter *parameter = &target->parameters[i];
        bool secret = parameter_is_secret(parameter->name, parameter->value);
        char *text = text_format("%s=%s", parameter->name, secret ? "***" : parameter->value);
        resolving_origin(resolving, "parameter", text, path);
        free(text);
    }
}
