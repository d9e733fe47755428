/* SPDX-License-Identifier: Apache-2.0 */
/* resolve.c - a connection understood: which driver, where to, as whom, with what TLS. */
#include "resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jdbc_url.h"
#include "mongodb_url.h"
#include "reference.h"
#include "resolve_aws.h"
#include "resolve_iam.h"
#include "resolve_kafka.h"
#include "resolve_mongodb.h"
#include "resolve_salesforce.h"
#include "resolve_view.h"
#include "resolving.h"
#include "text.h"
#include "validate.h"
#include "words.h"

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
    free(target->role_arn);
    free(target->aws.access_key);
    text_wipe_free(target->aws.secret_key);
    text_wipe_free(target->aws.session_token);
    free(target->aws.region);
    free(target->aws.from);
    text_wipe_free(target->aws.document);
    free(target);
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
        resolving_refuse(resolving, REASON_UNSUPPORTED_TYPE, path, message);
        free(message);
    } else {
        taken = resolving_take_driver(resolving, manifest, what, path);
    }
    free(what);
    for (size_t i = 0; url->region && i < url->endpoint_count; i++)
        resolving_add_service(resolving, "(the cluster's)", path, "told by DescribeClusters");
    for (size_t i = 0; !url->region && i < url->endpoint_count; i++) {
        unsigned port = url->endpoints[i].port;
        resolving_add_endpoint(resolving, url->endpoints[i].host,
                               port ? port : jdbc_default_port(url->subprotocol), path,
                               port ? path : "default of the driver");
    }
    resolving_take_database(
        resolving, url->database ? url->database : resolving_property(resolving, "DATABASE"),
        url->database ? path : PROPERTIES "DATABASE");
    if (url->endpoint_count)
        resolving_note_ignored(resolving, "HOST", url->endpoints[0].host, key);
    if (url->database)
        resolving_note_ignored(resolving, "DATABASE", url->database, key);
    return taken;
}

static bool resolve_url(struct resolving *resolving, const char *value, const char *key,
                        const char *path)
{
    struct jdbc_url url = JDBC_URL_INIT;
    struct problems *problems = &resolving->out->problems;
    bool usable = jdbc_url_parse(value, path, &url, problems);
    resolving->target->host_property = path;
    resolving_take_tls(resolving);
    if (url.subprotocol)
        resolving_take_parameters(resolving, &url, path);
    usable = usable && problems->refused == 0;
    if (usable) {
        resolving_take_login(resolving);
        usable = use_url(resolving, &url, key, path);
        resolve_iam(resolving, &url, path);
        usable = usable && problems->refused == 0;
        resolving_tell_tls(resolving);
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
    const char *engine = resolving_property(resolving, "JDBC_ENGINE");
    const char *host = resolving_property(resolving, "HOST");
    const char *port = resolving_property(resolving, "PORT");
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
    resolving_take_tls(resolving);
    resolving_take_login(resolving);
    if (!resolving_take_driver(resolving, manifest, engine, PROPERTIES "JDBC_ENGINE"))
        return false;
    if (port && !reference_in(port, REFERENCE_FILE))
        text_to_number(port, 1, 65535, &number);
    char *ascii = host ? host_to_ascii(host) : NULL;
    if (host && !ascii) {
        problems_add(&resolving->out->problems, PROPERTIES "HOST", "host",
                     "\"%.100s\" cannot be written in ASCII (IDNA)", host);
        return false;
    }
    resolving->target->host_in_secret = !host;
    resolving->target->port_in_secret = !port;
    resolving_add_endpoint(resolving, ascii ? ascii : "(from the secret)",
                           number ? (unsigned)number : jdbc_default_port(subprotocol),
                           host ? PROPERTIES "HOST" : PROPERTIES "SECRET_ID",
                           port ? PROPERTIES "PORT" : "default of the driver");
    free(ascii);
    resolving_take_database(resolving, resolving_property(resolving, "DATABASE"),
                            PROPERTIES "DATABASE");
    resolving_tell_tls(resolving);
    return true;
}

/* What a file will say is known in the worker only, which resolves again; a variable that is not
 * set is told by whoever looked for it. */
static bool is_open(const char *url)
{
    return reference_in(url, REFERENCE_FILE) || reference_in(url, REFERENCE_ENVIRONMENT);
}

static bool resolve_jdbc(struct resolving *resolving)
{
    const char *url = resolving_property(resolving, "JDBC_CONNECTION_URL");
    if (is_open(url))
        return false;
    return url ? resolve_url(resolving, url, "JDBC_CONNECTION_URL",
                             PROPERTIES "JDBC_CONNECTION_URL")
               : resolve_parts(resolving);
}

static bool is_connector(const char *type)
{
    return strcmp(type, "CUSTOM") == 0 || strcmp(type, "MARKETPLACE") == 0;
}

/* The first ${key} in URL, which a secret would have to fill: the caller frees it. */
static char *find_placeholder(const char *url)
{
    const char *at = strstr(url, "${");
    const char *end = at ? strchr(at, '}') : NULL;
    return end ? xstrndup(at, (size_t)(end + 1 - at)) : NULL;
}

/* A ${key} in a connector's URL: nothing here fills it. */
static bool refuse_placeholder(struct resolving *resolving, const char *placeholder,
                               const char *path)
{
    if (resolving_property(resolving, "SECRET_ID")) {
        char *message =
            text_format("%s holds %s of the secret, which testconn does not put in: "
                        "write the URL out, the login comes from SECRET_ID all the same",
                        path, placeholder);
        resolving_refuse(resolving, REASON_UNSUPPORTED_TYPE, path, message);
        free(message);
    } else {
        problems_add(&resolving->out->problems, path, "placeholder",
                     "holds %.100s, a key of the secret, and SECRET_ID names none", placeholder);
    }
    return false;
}

/* A connector's URL, which stands in the property KEY. */
static bool resolve_connector_url(struct resolving *resolving, const char *url, const char *key,
                                  const char *path)
{
    if (is_open(url))
        return false;
    char *placeholder = find_placeholder(url);
    bool taken = placeholder ? refuse_placeholder(resolving, placeholder, path)
                             : resolve_url(resolving, url, key, path);
    free(placeholder);
    return taken;
}

/* What a test needs although a definition without it can be stored. */
static bool demand(struct resolving *resolving, const char *path, const char *why)
{
    if (!problems_at(&resolving->out->problems, path))
        problems_add(&resolving->out->problems, path, "required", "%s", why);
    return false;
}

static bool resolve_connector(struct resolving *resolving)
{
    static const char *const keys[] = {"CONNECTION_URL", "JDBC_CONNECTION_URL"};
    static const char *const paths[] = {PROPERTIES "CONNECTION_URL",
                                        PROPERTIES "JDBC_CONNECTION_URL"};
    const char *type = resolving_property(resolving, "CONNECTOR_TYPE");
    if (!type)
        return demand(resolving, PROPERTIES "CONNECTOR_TYPE",
                      "missing: a test has to know of which type the connector is: Jdbc");
    if (!text_equal_nocase(type, "Jdbc")) {
        char *message =
            text_format("connectors of type %s run inside Spark or Athena only; testconn tests "
                        "those of type Jdbc",
                        type);
        resolving_refuse(resolving, REASON_UNSUPPORTED_TYPE, PROPERTIES "CONNECTOR_TYPE", message);
        free(message);
        return false;
    }
    for (int i = 0; i < 2; i++) {
        const char *url = resolving_property(resolving, keys[i]);
        if (url)
            return resolve_connector_url(resolving, url, keys[i], paths[i]);
    }
    return demand(resolving, PROPERTIES "CONNECTION_URL",
                  "missing: it or JDBC_CONNECTION_URL is needed");
}

/* HOST and PORT, and nothing about the service behind them. */
static bool resolve_network(struct resolving *resolving)
{
    unsigned long port = 0;
    char *host = host_to_ascii(resolving_property(resolving, "HOST"));
    resolving->target->host_property = PROPERTIES "HOST";
    bool taken =
        host && resolving_take_driver(resolving, registry_find_type(resolving->registry, "NETWORK"),
                                      "connection type NETWORK", "ConnectionType");
    text_to_number(resolving_property(resolving, "PORT"), 1, 65535, &port);
    if (taken)
        resolving_add_endpoint(resolving, host, (unsigned)port, PROPERTIES "HOST",
                               PROPERTIES "PORT");
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
    bool taken = resolving_take_driver(
        resolving, registry_find_type(resolving->registry, resolving->connection->type), what,
        "ConnectionType");
    free(what);
    return taken;
}

/* The URL of a definition that is refused anyway: its own problems are told with the others. */
static void check_url(struct resolving *resolving)
{
    static const char *const keys[] = {"JDBC_CONNECTION_URL", "JDBC_ENGINE"};
    const char *url = resolving_property(resolving, keys[0]);
    const char *engine = resolving_property(resolving, keys[1]);
    const char *mongodb = resolving_property(resolving, "CONNECTION_URL");
    if (strcmp(resolving->connection->type, "MONGODB") == 0 && mongodb &&
        mongodb_url_is_one(mongodb))
        resolve_mongodb(resolving);
    if (strcmp(resolving->connection->type, "SALESFORCE") == 0)
        resolve_salesforce(resolving);
    if (resolve_view_is_one(resolving->connection->type))
        resolve_view_check(resolving->connection, &resolving->out->problems);
    if (is_connector(resolving->connection->type))
        resolve_connector(resolving);
    if (strcmp(resolving->connection->type, "JDBC") != 0)
        return;
    if (url && !is_open(url))
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
        resolving_refuse(resolving, REASON_UNSUPPORTED_TYPE, "ConnectionType", message);
        free(message);
        return false;
    }
    if (strcmp(type, "JDBC") == 0)
        return resolve_jdbc(resolving);
    if (is_connector(type))
        return resolve_connector(resolving);
    if (strcmp(type, "MONGODB") == 0)
        return resolve_mongodb(resolving);
    if (strcmp(type, "SALESFORCE") == 0)
        return resolve_salesforce(resolving);
    if (strcmp(type, "KAFKA") == 0)
        return resolve_kafka(resolving);
    if (resolve_view_is_one(type))
        return resolve_view(resolving);
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
    if (resolved) {
        resolve_aws(&resolving);
        resolution->target = resolving.target;
    } else {
        target_free(resolving.target);
    }
    return resolved;
}
