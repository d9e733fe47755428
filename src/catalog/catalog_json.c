/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_json.c - the API's Connection and ConnectionInput on one side, entries on the other. */
#include "catalog_json.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hide.h"
#include "text.h"

/* What a Connection takes over from its input, in the order of the API document and then of newer
 * models. */
static const char *const shared_members[] = {"Name",
                                             "Description",
                                             "ConnectionType",
                                             "MatchCriteria",
                                             "ConnectionProperties",
                                             "SparkProperties",
                                             "AthenaProperties",
                                             "PythonProperties",
                                             "PhysicalConnectionRequirements",
                                             "AuthenticationConfiguration",
                                             "ConnectionSchemaVersion",
                                             "CompatibleComputeEnvironments",
                                             NULL};

static void take_criteria(const struct connection *connection, struct catalog_entry *entry)
{
    const json_t *list = json_object_get(connection->document, "MatchCriteria");
    entry->criteria = xcalloc(json_array_size(list) + 1, sizeof *entry->criteria);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *criterion = json_string_value(json_array_get(list, i));
        if (criterion)
            entry->criteria[entry->criteria_count++] = xstrdup(criterion);
    }
}

void catalog_json_strip(json_t *connection)
{
    static const char *const members[] = {"CreationTime",
                                          "LastUpdatedTime",
                                          "LastUpdatedBy",
                                          "Status",
                                          "StatusReason",
                                          "LastConnectionValidationTime",
                                          NULL};
    for (const char *const *member = members; *member; member++)
        json_object_del(connection, *member);
}

void catalog_entry_from_connection(const struct connection *connection, const char *by,
                                   struct catalog_entry *entry)
{
    json_t *document = json_copy(connection->document);
    const char *name = json_string_value(json_object_get(document, "Name"));
    catalog_json_strip(document);
    *entry = (struct catalog_entry){0};
    entry->name = xstrdup(name ? name : "");
    entry->type = xstrdup(connection->type ? connection->type : "");
    entry->definition = json_dumps(document, JSON_COMPACT);
    entry->tags =
        json_object_size(connection->tags) ? json_dumps(connection->tags, JSON_COMPACT) : NULL;
    entry->updated_by = by ? xstrdup(by) : NULL;
    take_criteria(connection, entry);
    json_decref(document);
}

struct connection *catalog_entry_to_connection(const struct catalog_entry *entry, struct error *err)
{
    json_t *document = json_loads(entry->definition, JSON_REJECT_DUPLICATES, NULL);
    /* Stored, and not given with the command: its authorization code is not ours to use up. */
    if (json_is_object(document))
        return connection_new(document, CONNECTION_FORM_STORED);
    json_decref(document);
    error_set(err, REASON_INTERNAL, "the stored definition of \"%s\" is no connection",
              entry->name);
    return NULL;
}

void catalog_date(char *out, size_t size, int64_t since_1970_ms)
{
    struct tm parts;
    time_t seconds = (time_t)(since_1970_ms / 1000);
    char date[24];
    gmtime_r(&seconds, &parts);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out, size, "%s.%03dZ", date, (int)(since_1970_ms % 1000));
}

static json_t *time_to_json(int64_t since_1970_ms, unsigned show)
{
    char date[32];
    if (!(show & CATALOG_SHOW_DATES))
        return json_real((double)since_1970_ms / 1000);
    catalog_date(date, sizeof date, since_1970_ms);
    return json_string(date);
}

static void add_status(json_t *object, const struct catalog_entry *entry, unsigned show)
{
    bool failed = entry->status == CATALOG_STATUS_FAILED;
    json_object_set_new(object, "Status", json_string(failed ? "FAILED" : "READY"));
    if (entry->reason)
        json_object_set_new(object, "StatusReason", json_string(entry->reason));
    if (entry->validated_ms)
        json_object_set_new(object, "LastConnectionValidationTime",
                            time_to_json(entry->validated_ms, show));
}

/* What only an input has within its AuthenticationConfiguration. */
static void drop_input_only(json_t *object)
{
    json_t *authentication = json_object_get(object, "AuthenticationConfiguration");
    json_t *oauth = json_object_get(authentication, "OAuth2Properties");
    json_object_del(oauth, "AuthorizationCodeProperties");
    json_object_del(oauth, "OAuth2Credentials");
    json_object_del(authentication, "BasicAuthenticationCredentials");
    json_object_del(authentication, "CustomAuthenticationCredentials");
}

json_t *catalog_entry_to_json(const struct catalog_entry *entry, unsigned show)
{
    json_t *definition = entry->definition ? json_loads(entry->definition, 0, NULL) : json_object();
    json_t *object = json_object();
    json_object_set_new(object, "Name", json_string(entry->name));
    json_object_set_new(object, "ConnectionType", json_string(entry->type));
    for (const char *const *member = shared_members; *member; member++)
        json_object_set(object, *member, json_object_get(definition, *member));
    json_decref(definition);
    drop_input_only(object);
    if (!(show & CATALOG_SHOW_PASSWORDS))
        hide_passwords(object);
    json_object_set_new(object, "CreationTime", time_to_json(entry->created_ms, show));
    json_object_set_new(object, "LastUpdatedTime", time_to_json(entry->updated_ms, show));
    if (entry->updated_by)
        json_object_set_new(object, "LastUpdatedBy", json_string(entry->updated_by));
    add_status(object, entry, show);
    return object;
}

json_t *catalog_deletions_to_json(const char *const *names, const enum catalog_result *results,
                                  size_t count)
{
    json_t *succeeded = json_array();
    json_t *errors = json_object();
    json_t *seen = json_object();
    for (size_t i = 0; i < count; i++) {
        if (json_object_get(seen, names[i]))
            continue;
        json_object_set_new(seen, names[i], json_true());
        if (results[i] == CATALOG_OK) {
            json_array_append_new(succeeded, json_string(names[i]));
            continue;
        }
        char *message = text_format("Connection %s not found.", names[i]);
        json_object_set_new(errors, names[i],
                            json_pack("{s:s, s:s}", "ErrorCode",
                                      catalog_result_exception(results[i]), "ErrorMessage",
                                      message));
        free(message);
    }
    json_decref(seen);
    return json_pack("{s:o, s:o}", "Succeeded", succeeded, "Errors", errors);
}

char *catalog_status_reason(const char *stage, enum reason code, const char *reason,
                            const char *remedy)
{
    size_t length = strlen(reason);
    bool asks = length && reason[length - 1] == '?'; /* "did you mean JDBC ?" */
    return text_format("%s at %s: %s%s%s%s", reason_name(code), stage, reason,
                       remedy && *remedy && !asks ? "." : "",
                       remedy && *remedy ? " To fix it: " : "", remedy ? remedy : "");
}
