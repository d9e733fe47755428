/* SPDX-License-Identifier: Apache-2.0 */
/* words.c - the API's words and limits. */
#include "words.h"

#include <string.h>

#include "text.h"

/* In the order of the API document; INSTANCE_URL is what Salesforce connections need besides, and
 * what begins with MONGODB_ is testconn's own; a MONGODB_CLIENT_CERT may hold a key. */
const struct property_word property_words[] = {
    {"HOST", VALUE_HOST, false},
    {"PORT", VALUE_PORT, false},
    {"USERNAME", VALUE_TEXT, false},
    {"PASSWORD", VALUE_TEXT, true},
    {"ENCRYPTED_PASSWORD", VALUE_TEXT, true},
    {"JDBC_DRIVER_JAR_URI", VALUE_LOCATION, false},
    {"JDBC_DRIVER_CLASS_NAME", VALUE_TEXT, false},
    {"JDBC_ENGINE", VALUE_TEXT, false},
    {"JDBC_ENGINE_VERSION", VALUE_TEXT, false},
    {"CONFIG_FILES", VALUE_TEXT, false},
    {"INSTANCE_ID", VALUE_TEXT, false},
    {"JDBC_CONNECTION_URL", VALUE_TEXT, false},
    {"JDBC_ENFORCE_SSL", VALUE_BOOLEAN, false},
    {"CUSTOM_JDBC_CERT", VALUE_LOCATION, false},
    {"SKIP_CUSTOM_JDBC_CERT_VALIDATION", VALUE_BOOLEAN, false},
    {"CUSTOM_JDBC_CERT_STRING", VALUE_TEXT, false},
    {"CONNECTION_URL", VALUE_TEXT, false},
    {"KAFKA_BOOTSTRAP_SERVERS", VALUE_TEXT, false},
    {"KAFKA_SSL_ENABLED", VALUE_BOOLEAN, false},
    {"KAFKA_CUSTOM_CERT", VALUE_LOCATION, false},
    {"KAFKA_SKIP_CUSTOM_CERT_VALIDATION", VALUE_BOOLEAN, false},
    {"KAFKA_CLIENT_KEYSTORE", VALUE_LOCATION, false},
    {"KAFKA_CLIENT_KEYSTORE_PASSWORD", VALUE_TEXT, true},
    {"KAFKA_CLIENT_KEY_PASSWORD", VALUE_TEXT, true},
    {"ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD", VALUE_TEXT, true},
    {"ENCRYPTED_KAFKA_CLIENT_KEY_PASSWORD", VALUE_TEXT, true},
    {"SECRET_ID", VALUE_TEXT, false},
    {"CONNECTOR_URL", VALUE_TEXT, false},
    {"CONNECTOR_TYPE", VALUE_TEXT, false},
    {"CONNECTOR_CLASS_NAME", VALUE_TEXT, false},
    {"KAFKA_SASL_MECHANISM", VALUE_TEXT, false},
    {"KAFKA_SASL_PLAIN_USERNAME", VALUE_TEXT, false},
    {"KAFKA_SASL_PLAIN_PASSWORD", VALUE_TEXT, true},
    {"ENCRYPTED_KAFKA_SASL_PLAIN_PASSWORD", VALUE_TEXT, true},
    {"KAFKA_SASL_SCRAM_USERNAME", VALUE_TEXT, false},
    {"KAFKA_SASL_SCRAM_PASSWORD", VALUE_TEXT, true},
    {"KAFKA_SASL_SCRAM_SECRETS_ARN", VALUE_TEXT, false},
    {"ENCRYPTED_KAFKA_SASL_SCRAM_PASSWORD", VALUE_TEXT, true},
    {"KAFKA_SASL_GSSAPI_KEYTAB", VALUE_LOCATION, false},
    {"KAFKA_SASL_GSSAPI_KRB5_CONF", VALUE_LOCATION, false},
    {"KAFKA_SASL_GSSAPI_SERVICE", VALUE_TEXT, false},
    {"KAFKA_SASL_GSSAPI_PRINCIPAL", VALUE_TEXT, false},
    {"ROLE_ARN", VALUE_TEXT, false},
    {"REGION", VALUE_TEXT, false},
    {"WORKGROUP_NAME", VALUE_TEXT, false},
    {"CLUSTER_IDENTIFIER", VALUE_TEXT, false},
    {"DATABASE", VALUE_TEXT, false},
    {"INSTANCE_URL", VALUE_TEXT, false},
    {"MONGODB_CLIENT_CERT", VALUE_LOCATION, true},
    {"MONGODB_CLIENT_KEY_PASSWORD", VALUE_TEXT, true},
    {"MONGODB_KEYTAB", VALUE_LOCATION, false},
    {"MONGODB_KRB5_CONF", VALUE_LOCATION, false},
    {NULL, VALUE_TEXT, false},
};

const struct property_word *property_word_find(const char *key)
{
    for (const struct property_word *word = property_words; word->name; word++)
        if (strcmp(word->name, key) == 0)
            return word;
    return NULL;
}

const char *property_word_nearest(const char *key)
{
    const char *names[sizeof property_words / sizeof *property_words];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        names[i] = property_words[i].name;
    return text_nearest(key, names);
}

bool location_is_pem(const char *value)
{
    return strstr(value, "-----BEGIN ") != NULL;
}

bool property_is_secret(const char *key)
{
    static const char *const parts[] = {"password", "passwd", "secret",     "token",
                                        "pwd",      "apikey", "credential", "private"};
    const struct property_word *word = property_word_find(key);
    if (word)
        return word->secret;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcasestr(key, parts[i]))
            return true;
    return false;
}

const char *const connection_types[] = {"JDBC",
                                        "SFTP",
                                        "MONGODB",
                                        "KAFKA",
                                        "NETWORK",
                                        "MARKETPLACE",
                                        "CUSTOM",
                                        "SALESFORCE",
                                        "VIEW_VALIDATION_REDSHIFT",
                                        "VIEW_VALIDATION_ATHENA",
                                        NULL};

static const char *const newer_types[] = {"GOOGLEADS",
                                          "GOOGLESHEETS",
                                          "GOOGLEANALYTICS4",
                                          "SERVICENOW",
                                          "MARKETO",
                                          "SAPODATA",
                                          "ZENDESK",
                                          "JIRACLOUD",
                                          "NETSUITEERP",
                                          "HUBSPOT",
                                          "FACEBOOKADS",
                                          "INSTAGRAMADS",
                                          "ZOHOCRM",
                                          "SALESFORCEPARDOT",
                                          "SALESFORCEMARKETINGCLOUD",
                                          "ADOBEANALYTICS",
                                          "SLACK",
                                          "LINKEDIN",
                                          "MIXPANEL",
                                          "ASANA",
                                          "STRIPE",
                                          "SMARTSHEET",
                                          "DATADOG",
                                          "WOOCOMMERCE",
                                          "INTERCOM",
                                          "SNAPCHATADS",
                                          "PAYPAL",
                                          "QUICKBOOKS",
                                          "FACEBOOKPAGEINSIGHTS",
                                          "FRESHDESK",
                                          "TWILIO",
                                          "DOCUSIGNMONITOR",
                                          "FRESHSALES",
                                          "ZOOM",
                                          "GOOGLESEARCHCONSOLE",
                                          "SALESFORCECOMMERCECLOUD",
                                          "SAPCONCUR",
                                          "DYNATRACE",
                                          "MICROSOFTDYNAMIC365FINANCEANDOPS",
                                          "MICROSOFTTEAMS",
                                          "BLACKBAUDRAISEREDGENXT",
                                          "MAILCHIMP",
                                          "GITLAB",
                                          "PENDO",
                                          "PRODUCTBOARD",
                                          "CIRCLECI",
                                          "PIPEDIVE",
                                          "SENDGRID",
                                          "AZURECOSMOS",
                                          "AZURESQL",
                                          "BIGQUERY",
                                          "BLACKBAUD",
                                          "CLOUDERAHIVE",
                                          "CLOUDERAIMPALA",
                                          "CLOUDWATCH",
                                          "CLOUDWATCHMETRICS",
                                          "CMDB",
                                          "DATALAKEGEN2",
                                          "DB2",
                                          "DB2AS400",
                                          "DOCUMENTDB",
                                          "DOMO",
                                          "DYNAMODB",
                                          "GOOGLECLOUDSTORAGE",
                                          "HBASE",
                                          "KUSTOMER",
                                          "MICROSOFTDYNAMICS365CRM",
                                          "MONDAY",
                                          "MYSQL",
                                          "OKTA",
                                          "OPENSEARCH",
                                          "ORACLE",
                                          "PIPEDRIVE",
                                          "POSTGRESQL",
                                          "SAPHANA",
                                          "SQLSERVER",
                                          "SYNAPSE",
                                          "TERADATA",
                                          "TERADATANOS",
                                          "TIMESTREAM",
                                          "TPCDS",
                                          "VERTICA",
                                          NULL};

static bool is_in(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

enum type_standing connection_type_standing(const char *type)
{
    if (is_in(type, connection_types))
        return TYPE_DOCUMENTED;
    return is_in(type, newer_types) ? TYPE_NEWER : TYPE_UNKNOWN;
}

/* Code points of the single-line pattern: 0x20..0xD7FF, 0xE000..0xFFFD, 0x10000..0x10FFFF and TAB.
 */
static bool has_lines(const char *text, size_t length, bool many)
{
    for (size_t at = 0, size = 0; at < length; at += size) {
        long point = text_code_point(text + at, length - at, &size);
        bool broken = many && (point == '\r' || point == '\n');
        if (point < 0 || (point < 0x20 && point != '\t' && !broken) || point == 0xFFFE ||
            point == 0xFFFF)
            return false;
    }
    return true;
}

bool pattern_single_line(const char *text, size_t length)
{
    return has_lines(text, length, false);
}

bool pattern_multi_line(const char *text, size_t length)
{
    return has_lines(text, length, true);
}

bool pattern_secret_arn(const char *text, size_t length)
{
    static const char *const partitions[] = {"aws",       "aws-cn",    "aws-us-gov", "aws-iso",
                                             "aws-iso-b", "aws-iso-e", "aws-iso-f",  NULL};
    if (memchr(text, '\n', length) || memchr(text, '\r', length) || !text_starts(text, "arn:"))
        return false;
    for (const char *const *partition = partitions; *partition; partition++) {
        size_t size = strlen(*partition);
        if (strncmp(text + 4, *partition, size) == 0 &&
            text_starts(text + 4 + size, ":secretsmanager:"))
            return true;
    }
    return false;
}

static const char *after_scheme(const char *text)
{
    if (text_starts(text, "https://"))
        return text + 8;
    return text_starts(text, "http://") ? text + 7 : NULL;
}

#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

bool pattern_token_url(const char *text, size_t length)
{
    const char *rest = after_scheme(text);
    if (!rest || !*rest || strlen(text) != length ||
        rest[strspn(rest, ALPHANUMERIC "-+&@#/%?=~_|!:,.;")])
        return false;
    return !strchr("?!:,.;", text[length - 1]);
}

/* Java's \s: blank, tab, line feed, vertical tab, form feed, carriage return. */
bool pattern_no_blank(const char *text, size_t length)
{
    return length > 0 && strcspn(text, " \t\n\v\f\r") == length && text_is_utf8(text, length);
}

bool pattern_redirect_uri(const char *text, size_t length)
{
    const char *rest = after_scheme(text);
    return rest && strlen(rest) >= 2 && !strchr("/$.?#", *rest) &&
           strcspn(rest, " \t\n\v\f\r") == strlen(rest) && strlen(text) == length &&
           rest[1] != '\0';
}

bool word_to_boolean(const char *text, bool *value)
{
    *value = text_equal_nocase(text, "true");
    return *value || text_equal_nocase(text, "false");
}
