/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_jdbc.c - JDBC: by a URL, or by engine, host and port. */
#include "resolve_jdbc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference.h"
#include "resolve_iam.h"
#include "text.h"
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

static const char *engine_subprotocol(const char *engine)
{
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++)
        if (text_equal_nocase(engines[i].engine, engine))
            return engines[i].subprotocol;
    return NULL;
}

/* What stands beside the URL and says something else. */
static void note_parts(struct resolving *resolving, const struct jdbc_url *url, const char *key)
{
    const char *engine = resolving_property(resolving, "JDBC_ENGINE");
    const char *meant = engine ? engine_subprotocol(engine) : NULL;
    char port[8];
    if (url->endpoint_count) {
        unsigned number = url->endpoints[0].port;
        snprintf(port, sizeof port, "%u", number ? number : jdbc_default_port(url->subprotocol));
        resolving_note_ignored(resolving, "HOST", url->endpoints[0].host, key);
        resolving_note_ignored(resolving, "PORT", port, key);
    }
    if (url->database)
        resolving_note_ignored(resolving, "DATABASE", url->database, key);
    if (!meant || strcmp(meant, url->subprotocol) != 0)
        resolving_note_ignored(resolving, "JDBC_ENGINE", NULL, key);
}

/* Its vendor's driver in Java is what Glue would load. */
static void note_jar(struct resolving *resolving)
{
    static const char *const keys[] = {"JDBC_DRIVER_JAR_URI", "JDBC_DRIVER_CLASS_NAME"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char *path = text_format(PROPERTIES "%s", keys[i]);
        if (resolving_property(resolving, keys[i]))
            problems_add_note(&resolving->out->problems, path, "ignored",
                              "is not used: testconn tests with a driver of its own");
        free(path);
    }
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
    note_parts(resolving, url, key);
    return taken;
}

/* A secret may hold the login in the very URL: it is one, and no longer a parameter. */
static void take_filled_login(struct resolving *resolving, struct jdbc_url *url)
{
    static const char *const users[] = {"user", "username", "UID", NULL};
    static const char *const passwords[] = {"password", "PWD", NULL};
    char *user = jdbc_url_take_parameter(url, users);
    char *password = jdbc_url_take_parameter(url, passwords);
    if (user && password && !resolving_property(resolving, "USERNAME")) {
        resolving->target->user = user;
        resolving->target->password = password;
        resolving->target->secret_is_own = true; /* nothing else is looked for in it */
        return;
    }
    free(user);
    text_wipe_free(password);
}

bool resolve_jdbc_url(struct resolving *resolving, const char *value, const char *key,
                      const char *path)
{
    struct jdbc_url url = JDBC_URL_INIT;
    struct problems *problems = &resolving->out->problems;
    bool usable = jdbc_url_parse(value, path, &url, problems);
    resolving->target->host_property = path;
    resolving_take_tls(resolving);
    if (resolving->connection->filled)
        take_filled_login(resolving, &url);
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

bool resolve_jdbc_is_open(const char *url)
{
    return reference_in(url, REFERENCE_FILE) || reference_in(url, REFERENCE_ENVIRONMENT);
}

bool resolve_jdbc(struct resolving *resolving)
{
    const char *url = resolving_property(resolving, "JDBC_CONNECTION_URL");
    if (resolve_jdbc_is_open(url))
        return false;
    note_jar(resolving);
    return url ? resolve_jdbc_url(resolving, url, "JDBC_CONNECTION_URL",
                                  PROPERTIES "JDBC_CONNECTION_URL")
               : resolve_parts(resolving);
}

void resolve_jdbc_check(struct resolving *resolving)
{
    const char *url = resolving_property(resolving, "JDBC_CONNECTION_URL");
    const char *engine = resolving_property(resolving, "JDBC_ENGINE");
    if (url && !resolve_jdbc_is_open(url))
        resolve_jdbc_url(resolving, url, "JDBC_CONNECTION_URL", PROPERTIES "JDBC_CONNECTION_URL");
    else if (!url && engine && !engine_subprotocol(engine) &&
             !registry_find_engine(resolving->registry, engine))
        refuse_engine(resolving, engine);
}
