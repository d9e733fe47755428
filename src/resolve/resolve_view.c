/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_view.c - views are validated by the AWS APIs of Redshift and Athena. */
#include "resolve_view.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

#define REDSHIFT "VIEW_VALIDATION_REDSHIFT"
#define ATHENA "VIEW_VALIDATION_ATHENA"

enum { NAME_MAXIMUM = 128 };

bool resolve_view_is_one(const char *type)
{
    return strcmp(type, REDSHIFT) == 0 || strcmp(type, ATHENA) == 0;
}

static void missing(struct problems *problems, const char *path, const char *why)
{
    problems_add(problems, path, "required", "missing: %s", why);
}

/* A name as AWS allows it: it goes into a request. */
static void check_name(const char *name, const char *path, struct problems *problems)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (name && !strstr(name, "${") &&
        (strlen(name) > NAME_MAXIMUM || strspn(name, allowed) != strlen(name)))
        problems_add(problems, path, "name",
                     "\"%.140s\" is no name of AWS: letters, digits, \".\", \"_\" and \"-\", at "
                     "most %d of them",
                     name, NAME_MAXIMUM);
}

void resolve_view_check(const struct connection *connection, struct problems *problems)
{
    const char *cluster = connection_property(connection, "CLUSTER_IDENTIFIER");
    const char *workgroup = connection_property(connection, "WORKGROUP_NAME");
    bool redshift = strcmp(connection->type, REDSHIFT) == 0;
    check_name(cluster, PROPERTIES "CLUSTER_IDENTIFIER", problems);
    check_name(workgroup, PROPERTIES "WORKGROUP_NAME", problems);
    if (!redshift && !workgroup)
        missing(problems, PROPERTIES "WORKGROUP_NAME", "the workgroup of Athena to query in");
    if (redshift && !cluster && !workgroup)
        missing(problems, PROPERTIES "CLUSTER_IDENTIFIER",
                "it (a provisioned cluster) or WORKGROUP_NAME (Redshift Serverless) is needed");
    if (redshift && cluster && workgroup)
        problems_add(problems, PROPERTIES "WORKGROUP_NAME", "contradiction",
                     "is given beside CLUSTER_IDENTIFIER: one cluster or one workgroup is tested");
    if (redshift && !connection_property(connection, "DATABASE"))
        missing(problems, PROPERTIES "DATABASE", "the database to query");
}

static void take(struct resolving *resolving, const char *name, const char *key, const char *path)
{
    const char *value = resolving_property(resolving, key);
    if (!value)
        return;
    target_add_parameter(resolving->target, name, value);
    resolving_origin(resolving, name, value, path);
}

bool resolve_view(struct resolving *resolving)
{
    struct target *target = resolving->target;
    const char *type = resolving->connection->type;
    bool redshift = strcmp(type, REDSHIFT) == 0;
    resolve_view_check(resolving->connection, &resolving->out->problems);
    char *what = text_format("connection type %s", type);
    bool taken = resolving_take_driver(resolving, registry_find_type(resolving->registry, type),
                                       what, "ConnectionType");
    free(what);
    target->needs_aws = true;
    target->database_property = PROPERTIES "DATABASE";
    target->tls = (struct tls_policy){
        .attempt = true, .require = true, .verify_chain = true, .verify_name = true};
    if (redshift)
        take(resolving, "cluster", "CLUSTER_IDENTIFIER", PROPERTIES "CLUSTER_IDENTIFIER");
    take(resolving, "workgroup", "WORKGROUP_NAME", PROPERTIES "WORKGROUP_NAME");
    target->host_property =
        target->parameter_count && redshift && strcmp(target->parameters[0].name, "cluster") == 0
            ? PROPERTIES "CLUSTER_IDENTIFIER"
            : PROPERTIES "WORKGROUP_NAME";
    resolving_take_database(resolving, resolving_property(resolving, "DATABASE"),
                            PROPERTIES "DATABASE");
    return taken && resolving->out->problems.refused == 0;
}
