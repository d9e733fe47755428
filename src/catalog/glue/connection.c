/* SPDX-License-Identifier: Apache-2.0 */
/* connection.c - a Connection of the API as an entry. */
#include <stdlib.h>
#include <string.h>

#include "catalog_json.h"
#include "glue.h"
#include "text.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value && *value ? value : NULL;
}

static bool has(const json_t *properties, const char *key)
{
    return text_of(properties, key) != NULL;
}

static bool is_salesforce(const char *url)
{
    return url && (strstr(url, ".salesforce.com") || strstr(url, ".force.com"));
}

const char *glue_infer_type(const json_t *connection)
{
    const json_t *properties = json_object_get(connection, "ConnectionProperties");
    const char *url = text_of(properties, "CONNECTION_URL");
    /* CUSTOM and MARKETPLACE have the same ones. */
    if (has(properties, "CONNECTOR_TYPE") || has(properties, "CONNECTOR_URL") ||
        has(properties, "CONNECTOR_CLASS_NAME"))
        return NULL;
    if (has(properties, "JDBC_CONNECTION_URL") || has(properties, "JDBC_ENGINE"))
        return "JDBC";
    if (has(properties, "KAFKA_BOOTSTRAP_SERVERS"))
        return "KAFKA";
    if (url && (text_starts(url, "mongodb://") || text_starts(url, "mongodb+srv://")))
        return "MONGODB";
    if (is_salesforce(text_of(properties, "INSTANCE_URL")))
        return "SALESFORCE";
    if (has(properties, "WORKGROUP_NAME"))
        return "VIEW_VALIDATION_ATHENA";
    if (has(properties, "CLUSTER_IDENTIFIER"))
        return "VIEW_VALIDATION_REDSHIFT";
    bool bare = json_object_size(properties) == 0 &&
                json_object_get(connection, "PhysicalConnectionRequirements");
    if (bare ||
        (has(properties, "HOST") && has(properties, "PORT") && json_object_size(properties) == 2))
        return "NETWORK";
    return NULL;
}

static int64_t time_of(const json_t *connection, const char *key)
{
    return (int64_t)(json_number_value(json_object_get(connection, key)) * 1000);
}

/* A number that is another whenever the definition is. */
static int64_t digest(const char *text)
{
    uint64_t hash = 14695981039346656037U;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211U;
    return (int64_t)(hash >> 1);
}

static char *copy(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

bool glue_read_connection(const json_t *connection, struct catalog_entry *entry)
{
    const char *name = text_of(connection, "Name");
    const char *type = text_of(connection, "ConnectionType");
    const char *status = text_of(connection, "Status");
    *entry = (struct catalog_entry){0};
    if (!name)
        return false;
    if (!type)
        type = glue_infer_type(connection);
    json_t *definition = json_copy((json_t *)(uintptr_t)connection);
    catalog_json_strip(definition);
    if (type)
        json_object_set_new(definition, "ConnectionType", json_string(type));
    entry->name = xstrdup(name);
    entry->type = xstrdup(type ? type : "?");
    entry->definition = json_dumps(definition, JSON_COMPACT);
    entry->updated_by = copy(text_of(connection, "LastUpdatedBy"));
    entry->version = digest(entry->definition);
    entry->created_ms = time_of(connection, "CreationTime");
    entry->updated_ms = time_of(connection, "LastUpdatedTime");
    entry->validated_ms = time_of(connection, "LastConnectionValidationTime");
    entry->reason = copy(text_of(connection, "StatusReason"));
    if (text_equal(status, "FAILED"))
        entry->status = CATALOG_STATUS_FAILED;
    else if (text_equal(status, "READY") && entry->validated_ms)
        entry->status = CATALOG_STATUS_READY;
    json_decref(definition);
    return true;
}
