/* SPDX-License-Identifier: Apache-2.0 */
/* validate.c - the fields that every definition has, whatever its type. */
#include "validate.h"

#include <stdlib.h>
#include <string.h>

#include "authentication.h"
#include "check.h"
#include "hide.h"
#include "reference.h"
#include "requirements.h"
#include "text.h"
#include "words.h"

/* PEM text in place of a location is ours, not the API's: its limit is, too. */
enum { PEM_MAXIMUM = 64 * 1024 };
enum { BUCKET_SHORTEST = 3, BUCKET_LONGEST = 63 };
enum {
    PROPERTIES_MAXIMUM = 100,
    VALUE_MAXIMUM = 1024,
    CRITERIA_MAXIMUM = 10,
    GROUPS_MAXIMUM = 50,
    TAGS_MAXIMUM = 50
};

static const struct text_rule name_rule = {1, 255, pattern_single_line,
                                           "a single line of text without control characters"};
static const struct text_rule description_rule = {0, 2048, pattern_multi_line,
                                                  "text without control characters"};
static const struct text_rule reason_rule = {1, 16384, NULL, NULL};
static const struct text_rule tag_key_rule = {1, 128, NULL, NULL};
static const struct text_rule tag_value_rule = {0, 256, NULL, NULL};
static const struct text_rule newer_key_rule = {1, 128, NULL, NULL};
static const struct text_rule newer_value_rule = {0, 2048, NULL, NULL};

static const json_t *member(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

static void check_type(const struct connection *connection, struct problems *problems)
{
    const json_t *type = member(connection->document, "ConnectionType");
    if (!type || json_is_null(type)) {
        problems_add(problems, "ConnectionType", "required", "is missing");
        return;
    }
    if (connection->type && strcmp(connection->type, "SFTP") == 0)
        problems_add(problems, "ConnectionType", "sftp", "SFTP is not supported by the API");
    else if (reference_in(connection->type, REFERENCE_FILE) ||
             reference_in(connection->type, REFERENCE_ENVIRONMENT))
        problems_add(problems, "ConnectionType", "enumeration", "%s",
                     "is a reference that is not replaced");
    else if (!connection->type || connection_type_standing(connection->type) == TYPE_UNKNOWN)
        check_word(type, "ConnectionType", connection_types, problems);
}

static void check_physical(const json_t *object, struct problems *problems)
{
    static const char *const members[] = {"SubnetId", "SecurityGroupIdList", "AvailabilityZone",
                                          NULL};
    if (!check_object(object, "PhysicalConnectionRequirements", problems))
        return;
    check_members(object, "PhysicalConnectionRequirements", members, problems);
    check_text(member(object, "SubnetId"), "PhysicalConnectionRequirements.SubnetId", &name_rule,
               problems);
    check_text(member(object, "AvailabilityZone"),
               "PhysicalConnectionRequirements.AvailabilityZone", &name_rule, problems);
    check_texts(member(object, "SecurityGroupIdList"),
                "PhysicalConnectionRequirements.SecurityGroupIdList", GROUPS_MAXIMUM, &name_rule,
                problems);
}

static bool has_control_byte(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return true;
    return false;
}

static bool is_pem(const char *key, const char *value)
{
    const struct property_word *word = property_word_find(key);
    return word && word->kind == VALUE_LOCATION && location_is_pem(value);
}

/* How VALUE is told: what came by a reference may be anything, and what stands before an @ a login;
 * both stay unsaid. */
static char *show(const struct connection *connection, const char *key, const char *value)
{
    const char *reference = json_string_value(json_object_get(connection->references, key));
    const char *at = strrchr(value, '@');
    if (!reference && at)
        return text_format("\"***%.100s\"", at);
    return reference ? text_format("the value of %s", reference) : text_format("\"%.100s\"", value);
}

static void check_value(const struct connection *connection, const char *key, const char *value,
                        const char *path, struct problems *problems)
{
    const struct property_word *word = property_word_find(key);
    bool is_boolean;
    unsigned long port;
    unsigned long least = text_equal(connection->type, "NETWORK") ? 1 : 1024;
    if (!property_is_secret(key) && !is_pem(key, value) && has_control_byte(value))
        problems_add(problems, path, "control-byte", "holds a control character");
    if (!word || !*value)
        return;
    if (*value == '{' &&
        (strcmp(key, "SECRET_ID") == 0 || strcmp(key, "KAFKA_SASL_SCRAM_SECRETS_ARN") == 0))
        problems_add(problems, path, "secret-content",
                     "holds what a secret holds, not the name or ARN of one");
    char *shown = show(connection, key, value);
    if (word->kind == VALUE_BOOLEAN && !word_to_boolean(value, &is_boolean))
        problems_add(problems, path, "boolean", "%s is neither true nor false", shown);
    if (word->kind == VALUE_PORT && !text_to_number(value, least, 65535, &port))
        problems_add(problems, path, "port", "%s is not a number between %lu and 65535", shown,
                     least);
    if (word->kind == VALUE_HOST && check_host(value))
        problems_add(problems, path, "host", "%s %s", shown, check_host(value));
    free(shown);
}

static void check_property(const struct connection *connection, const char *key,
                           const json_t *value, const char *path, bool strict,
                           struct problems *problems)
{
    const char *text = json_string_value(value);
    if (!property_word_find(key) && strcmp(key, "ENDPOINT") != 0 &&
        strcmp(key, "ENDPOINT_TYPE") != 0) {
        const char *nearest = property_word_nearest(key);
        (strict ? problems_add : problems_add_note)(
            problems, path, "unknown-property", "is not a known property%s%s%s%s",
            strict ? "" : " and is ignored", nearest ? "; did you mean " : "",
            nearest ? nearest : "", nearest ? " ?" : "");
    }
    if (!text) {
        problems_add(problems, path, "value-kind", "is %s, not a string%s", check_kind(value),
                     json_is_number(value) || json_is_boolean(value) ? ": put it in quotes" : "");
        return;
    }
    if (reference_in(text, REFERENCE_FILE) || reference_in(text, REFERENCE_ENVIRONMENT) ||
        strlen(text) != json_string_length(value))
        return; /* what it will be is not known yet, or it has been refused already */
    int maximum = is_pem(key, text) ? PEM_MAXIMUM : VALUE_MAXIMUM;
    if (json_string_length(value) > (size_t)maximum)
        problems_add(problems, path, "length", "is %zu bytes long; at most %d are allowed",
                     json_string_length(value), maximum);
    else
        check_value(connection, key, text, path, problems);
}

static void check_properties(const struct connection *connection, bool strict,
                             struct problems *problems)
{
    const json_t *properties = member(connection->document, "ConnectionProperties");
    const char *key;
    json_t *value;
    if (!properties || json_is_null(properties)) {
        problems_add(problems, "ConnectionProperties", "required", "is missing");
        return;
    }
    if (!check_object(properties, "ConnectionProperties", problems))
        return;
    if (json_object_size(properties) > PROPERTIES_MAXIMUM)
        problems_add(problems, "ConnectionProperties", "count",
                     "has %zu pairs; at most %d are allowed", json_object_size(properties),
                     PROPERTIES_MAXIMUM);
    json_object_foreach(connection->properties, key, value)
    {
        char *path = text_format("ConnectionProperties.%s", key);
        check_property(connection, key, value, path, strict, problems);
        free(path);
    }
}

static void check_stored(const json_t *document, struct problems *problems)
{
    static const char *const statuses[] = {"READY", "IN_PROGRESS", "FAILED", NULL};
    check_text(member(document, "LastUpdatedBy"), "LastUpdatedBy", &name_rule, problems);
    check_word(member(document, "Status"), "Status", statuses, problems);
    check_text(member(document, "StatusReason"), "StatusReason", &reason_rule, problems);
}

/* What a newer model than the API document knows, and we keep. */
static void check_newer(const json_t *document, struct problems *problems)
{
    static const char *const maps[] = {"SparkProperties", "AthenaProperties", "PythonProperties"};
    static const char *const environments[] = {"SPARK", "ATHENA", "PYTHON", NULL};
    const json_t *list = member(document, "ValidateForComputeEnvironments");
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        check_map(member(document, maps[i]), maps[i], 0, &newer_key_rule, &newer_value_rule,
                  problems);
    check_texts(list, "ValidateForComputeEnvironments", CRITERIA_MAXIMUM, &name_rule, problems);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_is_string(json_array_get(list, i)))
            check_word(json_array_get(list, i), "ValidateForComputeEnvironments", environments,
                       problems);
}

/* A password that a reader was not shown must not be stored as the marks in its place. */
static void check_hidden(const struct connection *connection, struct problems *problems)
{
    const char *key;
    json_t *value;
    json_object_foreach(connection->properties, key, value)
    {
        const char *text = json_string_value(value);
        char *path = text_format("ConnectionProperties.%s", key);
        if (text && strcasestr(key, "url") && hide_was_done(text))
            problems_add(problems, path, "hidden",
                         "holds *** where a password was hidden from its reader: give the password "
                         "itself");
        free(path);
    }
}

/* Every field by itself. */
static void check_fields(const struct connection *connection, bool strict,
                         struct problems *problems)
{
    static const char *const members[] = {"Name",
                                          "Description",
                                          "ConnectionType",
                                          "MatchCriteria",
                                          "ConnectionProperties",
                                          "PhysicalConnectionRequirements",
                                          "AuthenticationConfiguration",
                                          "ValidateCredentials",
                                          "CreationTime",
                                          "LastUpdatedTime",
                                          "LastUpdatedBy",
                                          "Status",
                                          "StatusReason",
                                          "LastConnectionValidationTime",
                                          "SparkProperties",
                                          "AthenaProperties",
                                          "PythonProperties",
                                          "ConnectionSchemaVersion",
                                          "CompatibleComputeEnvironments",
                                          "ValidateForComputeEnvironments",
                                          NULL};
    const json_t *document = connection->document;
    check_nul(document, "", problems);
    check_members(document, "", members, problems);
    if (connection->form == CONNECTION_FORM_INPUT && !member(document, "Name"))
        problems_add(problems, "Name", "required", "is missing");
    check_text(member(document, "Name"), "Name", &name_rule, problems);
    check_text(member(document, "Description"), "Description", &description_rule, problems);
    check_type(connection, problems);
    check_texts(member(document, "MatchCriteria"), "MatchCriteria", CRITERIA_MAXIMUM, &name_rule,
                problems);
    check_properties(connection, strict, problems);
    check_physical(member(document, "PhysicalConnectionRequirements"), problems);
    authentication_check(member(document, AUTHENTICATION), problems);
    check_boolean(member(document, "ValidateCredentials"), "ValidateCredentials", problems);
    check_stored(document, problems);
    check_newer(document, problems);
}

/* What is wrong with "s3://BUCKET/KEY"; NULL: nothing. */
static const char *check_s3(const char *location)
{
    static const char letters[] = "-.0123456789_"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const char *bucket = location + strlen("s3://");
    size_t length = strcspn(bucket, "/");
    if (length == 0)
        return "names no bucket: s3://BUCKET/KEY is needed";
    if (length < BUCKET_SHORTEST || length > BUCKET_LONGEST || strspn(bucket, letters) != length)
        return "names no bucket that S3 can have (3 to 63 letters, digits, dots and hyphens): "
               "s3://BUCKET/KEY is needed";
    return bucket[length] && bucket[length + 1] ? NULL
                                                : "names no key in its bucket: s3://BUCKET/KEY is "
                                                  "needed";
}

/* Files that cannot be had by anybody, before anybody is asked for credentials. */
static void check_locations(const struct connection *connection, struct problems *problems)
{
    const char *key;
    json_t *value;
    json_object_foreach(connection->properties, key, value)
    {
        const struct property_word *word = property_word_find(key);
        const char *text = json_string_value(value);
        if (!word || word->kind != VALUE_LOCATION || !text || !text_starts_nocase(text, "s3:") ||
            reference_in(text, REFERENCE_FILE) || reference_in(text, REFERENCE_ENVIRONMENT))
            continue;
        const char *wrong = text_starts_nocase(text, "s3://")
                                ? check_s3(text)
                                : "is not of the form s3://BUCKET/KEY";
        char *path = text_format("ConnectionProperties.%s", key);
        char *shown = show(connection, key, text);
        if (wrong)
            problems_add(problems, path, "s3-location", "%s %s", shown, wrong);
        free(shown);
        free(path);
    }
}

void validate(const struct connection *connection, bool strict, struct problems *problems)
{
    check_fields(connection, strict, problems);
    check_locations(connection, problems);
    if (connection->type && connection->properties)
        check_requirements(connection, problems);
}

void validate_to_store(const struct connection *connection, struct problems *problems)
{
    const json_t *name = member(connection->document, "Name");
    check_fields(connection, false, problems);
    if (json_is_null(name) || (!name && connection->form != CONNECTION_FORM_INPUT))
        problems_add(problems, "Name", "required", "is missing: a stored connection has one");
    /* A target is demanded of NETWORK when it is tested. */
    if (connection->type && connection->properties && strcmp(connection->type, "NETWORK") != 0)
        check_requirements(connection, problems);
    check_hidden(connection, problems);
    check_nul(connection->tags, "Tags", problems);
    check_map(connection->tags, "Tags", TAGS_MAXIMUM, &tag_key_rule, &tag_value_rule, problems);
}
