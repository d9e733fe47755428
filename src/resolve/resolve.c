/* SPDX-License-Identifier: Apache-2.0 */
/* resolve.c - a connection understood: which driver, where to, as whom, with what TLS. */
#include "resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jdbc_url.h"
#include "reference.h"
#include "text.h"
#include "url_parameter.h"
#include "validate.h"
#include "words.h"

#define PROPERTIES "ConnectionProperties."

/* What JDBC_ENGINE may say, and the subprotocol that it means. */
static const struct {
    const char *engine;
    const char *subprotocol;
} engines[] = {
    {"postgresql", "postgresql"},
    {"postgres", "postgresql"},
    {"aurora-postgresql", "postgresql"},
    {"redshift", "redshift"},
    {"mysql", "mysql"},
    {"mariadb", "mariadb"},
    {"aurora", "mysql"},
    {"aurora-mysql", "mysql"},
    {"oracle", "oracle"},
    {"oracle-ee", "oracle"},
    {"oracle-se2", "oracle"},
    {"sqlserver", "sqlserver"},
    {"sqlserver-ex", "sqlserver"},
    {"sqlserver-web", "sqlserver"},
    {"sqlserver-se", "sqlserver"},
    {"sqlserver-ee", "sqlserver"},
    {"snowflake", "snowflake"},
};

/* A definition being resolved. */
struct resolving {
    const struct connection *connection;
    const struct registry *registry;
    struct resolution *out;
    struct target *target;
    const char *tls_source; /* what decided about TLS; NULL: JDBC_ENFORCE_SSL or its default */
};

void resolution_init(struct resolution *resolution)
{
    *resolution = (struct resolution){.problems = PROBLEMS_INIT, .error = ERROR_INIT};
}

void resolution_release(struct resolution *resolution)
{
    target_free(resolution->target);
    problems_release(&resolution->problems);
    for (size_t i = 0; i < resolution->origin_count; i++) {
        free(resolution->origins[i].value);
        free(resolution->origins[i].source);
    }
    free(resolution->origins);
    resolution_init(resolution);
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
    free(target->endpoints);
    free(target->parameters);
    free(target->driver);
    free(target->connection_type);
    free(target->subprotocol);
    free(target->database);
    free(target->user);
    text_wipe_free(target->password);
    free(target->secret_id);
    free(target->encrypted_password);
    free(target->tls.ca_location);
    free(target->tls.ca_pem);
    free(target->tls.expected_name);
    free(target->tls.expected_dn);
    free(target);
}

static const char *property(const struct resolving *resolving, const char *key)
{
    return connection_property(resolving->connection, key);
}

static bool boolean(const struct resolving *resolving, const char *key)
{
    bool value = false;
    const char *text = property(resolving, key);
    return text && word_to_boolean(text, &value) && value;
}

static void origin(struct resolving *resolving, const char *field, const char *value,
                   const char *source)
{
    struct resolution *out = resolving->out;
    out->origins = xrealloc(out->origins, (out->origin_count + 1) * sizeof *out->origins);
    out->origins[out->origin_count++] =
        (struct origin){.field = field, .value = xstrdup(value), .source = xstrdup(source)};
}

static bool refuse(struct resolving *resolving, enum reason reason, const char *what)
{
    resolving->out->reason = reason;
    return error_set(&resolving->out->error, reason, "%s", what);
}

static bool missing_driver(struct resolving *resolving, const char *what)
{
    char *message =
        text_format("no driver for %s is installed in %s", what, resolving->registry->folder);
    refuse(resolving, REASON_DRIVER_MISSING, message);
    free(message);
    return false;
}

static bool take_driver(struct resolving *resolving, const struct manifest *manifest,
                        const char *what, const char *source)
{
    if (!manifest)
        return missing_driver(resolving, what);
    resolving->target->driver = xstrdup(manifest->name);
    origin(resolving, "driver", manifest->name, source);
    return true;
}

static void add_endpoint(struct resolving *resolving, const char *host, unsigned port,
                         const char *host_source, const char *port_source)
{
    struct target *target = resolving->target;
    char digits[16];
    target->endpoints =
        xrealloc(target->endpoints, (target->endpoint_count + 1) * sizeof *target->endpoints);
    target->endpoints[target->endpoint_count++] =
        (struct endpoint){.host = xstrdup(host), .port = (uint16_t)port};
    origin(resolving, "host", host, host_source);
    snprintf(digits, sizeof digits, "%u", port);
    origin(resolving, "port", digits, port_source);
}

/* USERNAME beats SECRET_ID, ENCRYPTED_PASSWORD beats PASSWORD, as in Glue. */
static void take_login(struct resolving *resolving)
{
    struct target *target = resolving->target;
    const char *user = property(resolving, "USERNAME");
    const char *encrypted = property(resolving, "ENCRYPTED_PASSWORD");
    const char *password = property(resolving, "PASSWORD");
    const char *secret = property(resolving, "SECRET_ID");
    target->user_property = PROPERTIES "USERNAME";
    target->password_property = PROPERTIES "PASSWORD";
    if (!user && secret) {
        target->secret_id = xstrdup(secret);
        target->user_property = target->password_property = PROPERTIES "SECRET_ID";
        origin(resolving, "user", "from the secret", PROPERTIES "SECRET_ID");
        origin(resolving, "password", "***", PROPERTIES "SECRET_ID");
        return;
    }
    if (user && secret)
        problems_add_note(&resolving->out->problems, PROPERTIES "SECRET_ID", "ignored",
                          "is not used: USERNAME goes before it");
    if (user) {
        target->user = xstrdup(user);
        origin(resolving, "user", user, PROPERTIES "USERNAME");
    }
    if (encrypted && password)
        problems_add_note(&resolving->out->problems, PROPERTIES "PASSWORD", "ignored",
                          "is not used: ENCRYPTED_PASSWORD goes before it");
    if (encrypted) {
        target->encrypted_password = xstrdup(encrypted);
        origin(resolving, "password", "***", PROPERTIES "ENCRYPTED_PASSWORD");
    } else if (password) {
        target->password = xstrdup(password);
        origin(resolving, "password", "***",
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
    const char *text = property(resolving, "CUSTOM_JDBC_CERT_STRING");
    if (!text)
        return;
    if (strchr(text, '='))
        resolving->target->tls.expected_dn = xstrdup(text);
    else
        resolving->target->tls.expected_name = xstrdup(text);
    origin(resolving, "certificate name", text, PROPERTIES "CUSTOM_JDBC_CERT_STRING");
}

static void take_tls(struct resolving *resolving)
{
    bool enforced = boolean(resolving, "JDBC_ENFORCE_SSL");
    const char *ca = property(resolving, "CUSTOM_JDBC_CERT");
    struct tls_policy *tls = &resolving->target->tls;
    *tls = (struct tls_policy){.attempt = true,
                               .require = enforced,
                               .verify_chain = enforced,
                               .verify_name = enforced,
                               .ca_property = PROPERTIES "CUSTOM_JDBC_CERT",
                               .name_property = resolving->target->host_property};
    if (ca)
        tls->ca_location = xstrdup(ca);
    tls->skip_ca_rules = boolean(resolving, "SKIP_CUSTOM_JDBC_CERT_VALIDATION");
    take_certificate_string(resolving);
}

static void tell_tls(struct resolving *resolving)
{
    const struct tls_policy *tls = &resolving->target->tls;
    const char *source = property(resolving, "JDBC_ENFORCE_SSL")
                             ? PROPERTIES "JDBC_ENFORCE_SSL"
                             : "default of JDBC_ENFORCE_SSL (false)";
    origin(resolving, "tls", describe_tls(tls),
           resolving->tls_source ? resolving->tls_source : source);
    if (!tls->ca_location)
        origin(resolving, "ca", "this system's CA certificates", "default");
    else
        origin(resolving, "ca",
               text_starts(tls->ca_location, "-----BEGIN") ? "inline PEM" : tls->ca_location,
               PROPERTIES "CUSTOM_JDBC_CERT");
    if (tls->skip_ca_rules)
        origin(resolving, "ca rules", "skipped", PROPERTIES "SKIP_CUSTOM_JDBC_CERT_VALIDATION");
}

static void take_database(struct resolving *resolving, const char *database, const char *source)
{
    if (!database)
        return;
    resolving->target->database = xstrdup(database);
    origin(resolving, "database", database, source);
}

static void note_ignored(struct resolving *resolving, const char *key, const char *used,
                         const char *url_key)
{
    const char *value = property(resolving, key);
    if (!value || text_equal(value, used))
        return;
    char *path = text_format(PROPERTIES "%s", key);
    problems_add_note(&resolving->out->problems, path, "ignored", "is not used: %s goes before it",
                      url_key);
    free(path);
}

/* What the URL says, into the target. */
static bool use_url(struct resolving *resolving, const struct jdbc_url *url, const char *key,
                    const char *path)
{
    const struct manifest *manifest =
        registry_find_subprotocol(resolving->registry, url->subprotocol);
    char *what = text_format("jdbc:%s", url->subprotocol);
    bool taken = false;
    resolving->target->subprotocol = xstrdup(url->subprotocol);
    resolving->target->host_property = resolving->target->database_property = path;
    if (url->standing == JDBC_OTHER && !manifest) {
        char *message =
            text_format("testconn has no driver for jdbc:%s databases", url->subprotocol);
        refuse(resolving, REASON_UNSUPPORTED_TYPE, message);
        free(message);
    } else if (url->iam) {
        missing_driver(resolving, "jdbc:redshift:iam (the AWS module)");
    } else {
        taken = take_driver(resolving, manifest, what, path);
    }
    free(what);
    for (size_t i = 0; i < url->endpoint_count; i++) {
        unsigned port = url->endpoints[i].port;
        add_endpoint(resolving, url->endpoints[i].host,
                     port ? port : jdbc_default_port(url->subprotocol), path,
                     port ? path : "default of the driver");
    }
    take_database(resolving, url->database ? url->database : property(resolving, "DATABASE"),
                  url->database ? path : PROPERTIES "DATABASE");
    if (url->endpoint_count)
        note_ignored(resolving, "HOST", url->endpoints[0].host, key);
    if (url->database)
        note_ignored(resolving, "DATABASE", url->database, key);
    return taken;
}

static bool is_same_level(const struct tls_policy *a, const struct tls_policy *b)
{
    return a->attempt == b->attempt && a->require == b->require &&
           a->verify_chain == b->verify_chain && a->verify_name == b->verify_name;
}

/* The URL's parameters, which may tighten what the properties say of TLS. */
static void take_parameters(struct resolving *resolving, const struct jdbc_url *url,
                            const char *path)
{
    struct target *target = resolving->target;
    const struct tls_policy before = target->tls;
    url_parameters_apply(url, path, boolean(resolving, "JDBC_ENFORCE_SSL"), target,
                         &resolving->out->problems);
    if (!is_same_level(&before, &target->tls))
        resolving->tls_source = path;
    for (size_t i = 0; i < target->parameter_count; i++) {
        const struct parameter *parameter = &target->parameters[i];
        char *text = text_format("%s=%s", parameter->name, parameter->value);
        origin(resolving, "parameter", text, path);
        free(text);
    }
}

static bool resolve_url(struct resolving *resolving, const char *value, const char *key,
                        const char *path)
{
    struct jdbc_url url = JDBC_URL_INIT;
    struct problems *problems = &resolving->out->problems;
    bool usable = jdbc_url_parse(value, path, &url, problems);
    resolving->target->host_property = path;
    take_tls(resolving);
    if (usable)
        take_parameters(resolving, &url, path);
    usable = usable && problems->refused == 0;
    if (usable) {
        take_login(resolving);
        usable = use_url(resolving, &url, key, path);
        tell_tls(resolving);
    }
    jdbc_url_release(&url);
    return usable;
}

static const char *engine_subprotocol(const char *engine)
{
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++)
        if (text_equal_nocase(engines[i].engine, engine))
            return engines[i].subprotocol;
    return NULL;
}

static bool refuse_engine(struct resolving *resolving, const char *engine)
{
    const char *names[sizeof engines / sizeof *engines + 1] = {NULL};
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++)
        names[i] = engines[i].engine;
    const char *nearest = text_nearest(engine, names);
    problems_add(&resolving->out->problems, PROPERTIES "JDBC_ENGINE", "enumeration",
                 "\"%.60s\" names no database engine we know%s%s%s", engine,
                 nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? " ?" : "");
    return false;
}

static bool resolve_parts(struct resolving *resolving)
{
    const char *engine = property(resolving, "JDBC_ENGINE");
    const char *host = property(resolving, "HOST");
    const char *port = property(resolving, "PORT");
    const struct manifest *manifest = registry_find_engine(resolving->registry, engine);
    const char *subprotocol = engine_subprotocol(engine);
    unsigned long number = 0;
    if (!subprotocol && !manifest)
        return refuse_engine(resolving, engine);
    if (!subprotocol)
        subprotocol = manifest->name;
    resolving->target->subprotocol = xstrdup(subprotocol);
    resolving->target->host_property = PROPERTIES "HOST";
    resolving->target->database_property = PROPERTIES "DATABASE";
    take_tls(resolving);
    take_login(resolving);
    if (!take_driver(resolving, manifest, engine, PROPERTIES "JDBC_ENGINE"))
        return false;
    if (port && !reference_in(port, REFERENCE_FILE))
        text_to_number(port, 1, 65535, &number);
    char *ascii = host ? host_to_ascii(host) : NULL;
    if (host && !ascii) {
        problems_add(&resolving->out->problems, PROPERTIES "HOST", "host",
                     "\"%.100s\" cannot be written in ASCII (IDNA)", host);
        return false;
    }
    add_endpoint(resolving, ascii ? ascii : "(from the secret)",
                 number ? (unsigned)number : jdbc_default_port(subprotocol),
                 host ? PROPERTIES "HOST" : PROPERTIES "SECRET_ID",
                 port ? PROPERTIES "PORT" : "default of the driver");
    free(ascii);
    take_database(resolving, property(resolving, "DATABASE"), PROPERTIES "DATABASE");
    tell_tls(resolving);
    return true;
}

static bool resolve_jdbc(struct resolving *resolving)
{
    const char *url = property(resolving, "JDBC_CONNECTION_URL");
    /* What a file will say is known in the worker only, which resolves again. */
    if (url && reference_in(url, REFERENCE_FILE))
        return false;
    return url ? resolve_url(resolving, url, "JDBC_CONNECTION_URL",
                             PROPERTIES "JDBC_CONNECTION_URL")
               : resolve_parts(resolving);
}

static bool resolve_connector(struct resolving *resolving)
{
    const char *type = property(resolving, "CONNECTOR_TYPE");
    const char *url = property(resolving, "CONNECTION_URL");
    if (!type || !text_equal_nocase(type, "Jdbc")) {
        char *message =
            text_format("connectors of type %s run inside Spark or Athena only; testconn tests "
                        "those of type Jdbc",
                        type ? type : "(none given)");
        refuse(resolving, REASON_UNSUPPORTED_TYPE, message);
        free(message);
        return false;
    }
    if (url)
        return resolve_url(resolving, url, "CONNECTION_URL", PROPERTIES "CONNECTION_URL");
    url = property(resolving, "JDBC_CONNECTION_URL");
    if (url)
        return resolve_url(resolving, url, "JDBC_CONNECTION_URL", PROPERTIES "JDBC_CONNECTION_URL");
    problems_add(&resolving->out->problems, PROPERTIES "CONNECTION_URL", "required",
                 "missing: it or JDBC_CONNECTION_URL is needed");
    return false;
}

/* HOST and PORT, and nothing about the service behind them. */
static bool resolve_network(struct resolving *resolving)
{
    unsigned long port = 0;
    char *host = host_to_ascii(property(resolving, "HOST"));
    resolving->target->host_property = PROPERTIES "HOST";
    bool taken = host && take_driver(resolving, registry_find_type(resolving->registry, "NETWORK"),
                                     "connection type NETWORK", "ConnectionType");
    text_to_number(property(resolving, "PORT"), 1, 65535, &port);
    if (taken)
        add_endpoint(resolving, host, (unsigned)port, PROPERTIES "HOST", PROPERTIES "PORT");
    else if (!host)
        problems_add(&resolving->out->problems, PROPERTIES "HOST", "host",
                     "cannot be written in ASCII (IDNA)");
    free(host);
    return taken;
}

/* Types whose driver reads its own properties. */
static bool resolve_other(struct resolving *resolving)
{
    char *what = text_format("connection type %s", resolving->connection->type);
    bool taken =
        take_driver(resolving, registry_find_type(resolving->registry, resolving->connection->type),
                    what, "ConnectionType");
    free(what);
    return taken;
}

/* The URL of a definition that is refused anyway: its own problems are told with the others. */
static void check_url(struct resolving *resolving)
{
    static const char *const keys[] = {"JDBC_CONNECTION_URL", "JDBC_ENGINE"};
    const char *url = property(resolving, keys[0]);
    const char *engine = property(resolving, keys[1]);
    if (strcmp(resolving->connection->type, "JDBC") != 0)
        return;
    if (url && !reference_in(url, REFERENCE_FILE))
        resolve_url(resolving, url, keys[0], PROPERTIES "JDBC_CONNECTION_URL");
    else if (!url && engine && !engine_subprotocol(engine) &&
             !registry_find_engine(resolving->registry, engine))
        refuse_engine(resolving, engine);
}

static bool resolve_by_type(struct resolving *resolving)
{
    const char *type = resolving->connection->type;
    if (connection_type_standing(type) == TYPE_NEWER) {
        char *message =
            text_format("connection type %s is known to Glue, but testconn cannot test it", type);
        refuse(resolving, REASON_UNSUPPORTED_TYPE, message);
        free(message);
        return false;
    }
    if (strcmp(type, "JDBC") == 0)
        return resolve_jdbc(resolving);
    if (strcmp(type, "CUSTOM") == 0 || strcmp(type, "MARKETPLACE") == 0)
        return resolve_connector(resolving);
    return strcmp(type, "NETWORK") == 0 ? resolve_network(resolving) : resolve_other(resolving);
}

bool resolve(const struct connection *connection, const struct registry *registry, bool strict,
             struct resolution *resolution)
{
    struct resolving resolving = {
        .connection = connection, .registry = registry, .out = resolution};
    validate(connection, strict, &resolution->problems);
    bool resolved = false;
    /* Problems of the URL are told beside those of the fields. */
    if (connection->type && connection->properties) {
        resolving.target = xcalloc(1, sizeof *resolving.target);
        resolving.target->connection_type = xstrdup(connection->type);
        if (resolution->problems.refused == 0)
            resolved = resolve_by_type(&resolving);
        else
            check_url(&resolving);
    }
    if (resolution->problems.refused) {
        resolution->reason = REASON_INVALID_INPUT;
        resolved = false;
    }
    if (resolved)
        resolution->target = resolving.target;
    else
        target_free(resolving.target);
    return resolved;
}
