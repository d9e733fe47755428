/* SPDX-License-Identifier: Apache-2.0 */
/* resolve.c - a connection understood: which driver, where to, as whom, with what TLS. */
#include "resolve.h"

#include <stdlib.h>
#include <string.h>

#include "mongodb_url.h"
#include "resolve_aws.h"
#include "resolve_connector.h"
#include "resolve_jdbc.h"
#include "resolve_kafka.h"
#include "resolve_mongodb.h"
#include "resolve_salesforce.h"
#include "resolve_view.h"
#include "resolving.h"
#include "text.h"
#include "validate.h"
#include "words.h"

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

/* A definition that is refused anyway: what is wrong with its URL is told with the rest. */
static void check_by_type(struct resolving *resolving)
{
    const char *type = resolving->connection->type;
    const char *mongodb = resolving_property(resolving, "CONNECTION_URL");
    if (strcmp(type, "JDBC") == 0)
        resolve_jdbc_check(resolving);
    if (strcmp(type, "MONGODB") == 0 && mongodb && mongodb_url_is_one(mongodb))
        resolve_mongodb(resolving);
    if (strcmp(type, "SALESFORCE") == 0)
        resolve_salesforce(resolving);
    if (resolve_view_is_one(type))
        resolve_view_check(resolving->connection, &resolving->out->problems);
    if (resolve_connector_is_one(type))
        resolve_connector(resolving);
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
    if (resolve_connector_is_one(type))
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
            check_by_type(&resolving);
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
