/* SPDX-License-Identifier: Apache-2.0 */
/* requirements.c - the required properties of the connection types (Connection API,
 * ConnectionInput). */
#include "requirements.h"

#include <stdlib.h>
#include <string.h>

#include "authentication.h"
#include "bootstrap.h"
#include "check.h"
#include "mongodb_url.h"
#include "reference.h"
#include "resolve_iam.h"
#include "text.h"
#include "words.h"

static bool has(const struct connection *connection, const char *key)
{
    return connection_property(connection, key) != NULL;
}

/* The property that seems to be KEY misspelt; NULL: none. */
static const char *misspelt(const struct connection *connection, const char *key)
{
    const char *given;
    json_t *value;
    json_object_foreach(connection->properties, given, value)
    {
        const char *nearest = property_word_find(given) ? NULL : property_word_nearest(given);
        if (nearest && strcmp(nearest, key) == 0)
            return given;
    }
    return NULL;
}

static void missing(const struct connection *connection, const char *key, const char *why,
                    struct problems *problems)
{
    char *path = text_format("ConnectionProperties.%s", key);
    const char *given = misspelt(connection, key);
    /* One that is there but of no use has been told already. */
    if (!problems_at(problems, path))
        problems_add(problems, path, "required", "missing: %s%s%.60s%s", why, given ? " (is " : "",
                     given ? given : "", given ? " a misspelling of it?)" : "");
    free(path);
}

static void demand(const struct connection *connection, const char *key, const char *why,
                   struct problems *problems)
{
    if (!has(connection, key))
        missing(connection, key, why, problems);
}

/* SECRET_ID, or the secret of AuthenticationConfiguration. */
static bool has_secret(const struct connection *connection)
{
    return has(connection, "SECRET_ID") || authentication_login_secret(connection->authentication);
}

/* USERNAME and PASSWORD, or a secret. */
static void check_login(const struct connection *connection, struct problems *problems)
{
    bool password = has(connection, "PASSWORD") || has(connection, "ENCRYPTED_PASSWORD");
    if (resolve_iam_is_url(connection_property(connection, "JDBC_CONNECTION_URL")))
        return;
    if (has(connection, "USERNAME")) {
        if (!password)
            missing(connection, "PASSWORD", "USERNAME is given without it", problems);
    } else if (!has_secret(connection)) {
        missing(connection, "USERNAME",
                password ? "PASSWORD is given without it"
                         : "USERNAME and PASSWORD, or SECRET_ID, are needed",
                problems);
    }
}

static void check_jdbc(const struct connection *connection, struct problems *problems)
{
    bool secret = has_secret(connection) && !has(connection, "USERNAME");
    check_login(connection, problems);
    if (has(connection, "JDBC_CONNECTION_URL"))
        return;
    bool any = has(connection, "HOST") || has(connection, "PORT") || has(connection, "JDBC_ENGINE");
    if (!any && !secret) {
        missing(connection, "JDBC_CONNECTION_URL", "it, or HOST, PORT and JDBC_ENGINE, is needed",
                problems);
        return;
    }
    /* A secret managed by RDS may name host and port; what the engine is has to be said here. */
    if (!secret)
        demand(connection, "HOST", "needed where there is no JDBC_CONNECTION_URL", problems);
    if (!secret)
        demand(connection, "PORT", "needed where there is no JDBC_CONNECTION_URL", problems);
    demand(connection, "JDBC_ENGINE", "needed where there is no JDBC_CONNECTION_URL", problems);
}

static void check_mongodb(const struct connection *connection, struct problems *problems)
{
    const char *url = connection_property(connection, "CONNECTION_URL");
    check_login(connection, problems);
    demand(connection, "CONNECTION_URL",
           "mongodb://HOST:PORT/DATABASE or mongodb+srv://HOST/DATABASE", problems);
    if (url && !mongodb_url_is_one(url) && !strstr(url, "${"))
        mongodb_url_refuse(url, "ConnectionProperties.CONNECTION_URL", problems);
}

static void check_bootstrap(const char *list, struct problems *problems)
{
    struct endpoint *servers = NULL;
    struct problems found = PROBLEMS_INIT;
    size_t count = bootstrap_read(list, &servers, &found);
    bootstrap_release(servers, count);
    for (size_t i = 0; i < found.count; i++)
        if (!found.items[i].note) /* notes are told by who uses the list */
            problems_add(problems, found.items[i].path, found.items[i].rule, "%s",
                         found.items[i].text);
    problems_release(&found);
}

static void check_sasl(const struct connection *connection, const char *mechanism,
                       struct problems *problems)
{
    bool secret = has(connection, "SECRET_ID");
    bool plain_user = has(connection, "KAFKA_SASL_PLAIN_USERNAME");
    bool scram_user = has(connection, "KAFKA_SASL_SCRAM_USERNAME");
    bool scram_secret = secret || has(connection, "KAFKA_SASL_SCRAM_SECRETS_ARN");
    if (strcmp(mechanism, "PLAIN") == 0 && (plain_user || !secret)) {
        demand(connection, "KAFKA_SASL_PLAIN_USERNAME", "needed by the mechanism PLAIN", problems);
        if (!has(connection, "ENCRYPTED_KAFKA_SASL_PLAIN_PASSWORD"))
            demand(connection, "KAFKA_SASL_PLAIN_PASSWORD", "needed by the mechanism PLAIN",
                   problems);
    } else if (text_starts(mechanism, "SCRAM-") && (scram_user || !scram_secret)) {
        demand(connection, "KAFKA_SASL_SCRAM_USERNAME", "needed by the mechanism SCRAM", problems);
        if (!has(connection, "ENCRYPTED_KAFKA_SASL_SCRAM_PASSWORD"))
            demand(connection, "KAFKA_SASL_SCRAM_PASSWORD", "needed by the mechanism SCRAM",
                   problems);
    } else if (strcmp(mechanism, "GSSAPI") == 0) {
        demand(connection, "KAFKA_SASL_GSSAPI_KEYTAB", "needed by the mechanism GSSAPI", problems);
        demand(connection, "KAFKA_SASL_GSSAPI_KRB5_CONF", "needed by the mechanism GSSAPI",
               problems);
        demand(connection, "KAFKA_SASL_GSSAPI_SERVICE", "needed by the mechanism GSSAPI", problems);
        demand(connection, "KAFKA_SASL_GSSAPI_PRINCIPAL", "needed by the mechanism GSSAPI",
               problems);
    }
}

static void check_kafka(const struct connection *connection, struct problems *problems)
{
    /* SCRAM-SHA-256 is Kafka's own; the API document lists the four others. */
    static const char *const mechanisms[] = {"SCRAM-SHA-512", "GSSAPI",        "AWS_MSK_IAM",
                                             "PLAIN",         "SCRAM-SHA-256", NULL};
    const char *servers = connection_property(connection, "KAFKA_BOOTSTRAP_SERVERS");
    const char *mechanism = connection_property(connection, "KAFKA_SASL_MECHANISM");
    demand(connection, "KAFKA_BOOTSTRAP_SERVERS", "a list of HOST:PORT", problems);
    if (servers && !strstr(servers, "${"))
        check_bootstrap(servers, problems);
    if (mechanism && check_word(json_object_get(connection->properties, "KAFKA_SASL_MECHANISM"),
                                "ConnectionProperties.KAFKA_SASL_MECHANISM", mechanisms, problems))
        check_sasl(connection, mechanism, problems);
}

static void check_salesforce(const struct connection *connection, struct problems *problems)
{
    const json_t *given = json_object_get(connection->document, "AuthenticationConfiguration");
    if (!given || json_is_null(given))
        problems_add(problems, "AuthenticationConfiguration", "required",
                     "is missing: SALESFORCE needs it");
}

static void check_connector(const struct connection *connection, struct problems *problems)
{
    const char *type = connection_property(connection, "CONNECTOR_TYPE");
    bool is_jdbc = type && text_equal_nocase(type, "Jdbc");
    if (strcmp(connection->type, "MARKETPLACE") == 0) {
        demand(connection, "CONNECTOR_TYPE", "needed by MARKETPLACE", problems);
        demand(connection, "CONNECTOR_URL", "needed by MARKETPLACE", problems);
        demand(connection, "CONNECTOR_CLASS_NAME", "needed by MARKETPLACE", problems);
        if (!is_jdbc || !has(connection, "JDBC_CONNECTION_URL"))
            demand(connection, "CONNECTION_URL", "needed by MARKETPLACE", problems);
        if (is_jdbc)
            check_login(connection, problems);
    }
}

static void check_network(const struct connection *connection, struct problems *problems)
{
    const char *why = "a test needs HOST and PORT as its target";
    /* Subnet, security groups and availability zone are the end of the way that Glue starts from.
     */
    if (connection->physical)
        why =
            "a test needs HOST and PORT as its target; PhysicalConnectionRequirements names where "
            "Glue connects from (subnet, security groups, availability zone), and no host that "
            "could be reached";
    demand(connection, "HOST", why, problems);
    demand(connection, "PORT", why, problems);
}

void check_requirements(const struct connection *connection, struct problems *problems)
{
    static const struct {
        const char *type;
        void (*check)(const struct connection *, struct problems *);
    } checks[] = {
        {"JDBC", check_jdbc},
        {"MONGODB", check_mongodb},
        {"KAFKA", check_kafka},
        {"SALESFORCE", check_salesforce},
        {"MARKETPLACE", check_connector},
        {"CUSTOM", check_connector},
        {"NETWORK", check_network},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (strcmp(checks[i].type, connection->type) == 0)
            checks[i].check(connection, problems);
}
