/* SPDX-License-Identifier: Apache-2.0 */
/* validate_test.c - the limits of the API document, each at its edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"
#include "validate.h"

/* A ConnectionInput that has nothing wrong. */
static json_t *right(void)
{
    return json_pack("{s:s, s:s, s:{s:s, s:s, s:s}}", "Name", "orders", "ConnectionType", "JDBC",
                     "ConnectionProperties", "JDBC_CONNECTION_URL", "jdbc:postgresql://h:5432/d",
                     "USERNAME", "u", "PASSWORD", "p");
}

/* Validate and release DOCUMENT; the caller releases the problems. */
static struct problems check(json_t *document, bool strict)
{
    struct problems problems = PROBLEMS_INIT;
    enum connection_form form =
        json_object_get(document, "Status") ? CONNECTION_FORM_STORED : CONNECTION_FORM_INPUT;
    struct connection *connection = connection_new(document, form);
    validate(connection, strict, &problems);
    connection_free(connection);
    return problems;
}

static size_t refusals(json_t *document)
{
    struct problems problems = check(document, false);
    size_t refused = problems.refused;
    problems_release(&problems);
    return refused;
}

static char *repeated(char c, size_t count)
{
    char *text = xmalloc(count + 1);
    memset(text, c, count);
    text[count] = '\0';
    return text;
}

/* Put VALUE at the dotted PATH, making objects on the way. */
static json_t *with(json_t *document, const char *path, json_t *value)
{
    char *copy = xstrdup(path);
    char *rest = copy;
    json_t *at = document;
    for (char *key; (key = strsep(&rest, "."));) {
        if (!rest) {
            json_object_set_new(at, key, value);
            break;
        }
        if (!json_object_get(at, key))
            json_object_set_new(at, key, json_object());
        at = json_object_get(at, key);
    }
    free(copy);
    return document;
}

static json_t *text_of(size_t length)
{
    char *text = repeated('a', length);
    json_t *value = json_string(text);
    free(text);
    return value;
}

#define OAUTH "AuthenticationConfiguration.OAuth2Properties."

static void lengths_are_kept_in_bytes(void **state)
{
    static const struct {
        const char *path;
        size_t minimum;
        size_t maximum;
    } limits[] = {
        {"Name", 1, 255},
        {"Description", 0, 2048},
        {"ConnectionProperties.CUSTOM_JDBC_CERT_STRING", 0, 1024},
        {"PhysicalConnectionRequirements.SubnetId", 1, 255},
        {"PhysicalConnectionRequirements.AvailabilityZone", 1, 255},
        {OAUTH "OAuth2ClientApplication.UserManagedClientApplicationClientId", 1, 2048},
        {OAUTH "OAuth2ClientApplication.AWSManagedClientApplicationReference", 1, 2048},
        {OAUTH "AuthorizationCodeProperties.AuthorizationCode", 1, 4096},
        {OAUTH "TokenUrlParametersMap.key", 1, 512},
        {"StatusReason", 1, 16384},
        {"LastUpdatedBy", 1, 255},
    };
    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        assert_int_equal(refusals(with(right(), limits[i].path, text_of(limits[i].maximum))), 0);
        assert_int_equal(refusals(with(right(), limits[i].path, text_of(limits[i].maximum + 1))),
                         1);
        if (limits[i].minimum)
            assert_true(refusals(with(right(), limits[i].path, text_of(0))) >= 1);
    }
    /* PEM text in place of a location is longer than the API lets a location be. */
    char *pem = text_format("-----BEGIN CERTIFICATE-----\n%01500d", 0);
    assert_int_equal(
        refusals(with(right(), "ConnectionProperties.CUSTOM_JDBC_CERT", json_string(pem))), 0);
    assert_int_equal(refusals(with(right(), "ConnectionProperties.DATABASE", json_string(pem))), 1);
    free(pem);
    /* 128 two-byte characters are 256 bytes. */
    struct text_buffer umlauts = TEXT_BUFFER_INIT;
    for (int i = 0; i < 128; i++)
        text_append(&umlauts, "\xc3\xa4");
    assert_int_equal(refusals(with(right(), "Name", json_string(umlauts.data))), 1);
    text_buffer_release(&umlauts);
}

static void counts_are_kept(void **state)
{
    static const struct {
        const char *path;
        size_t maximum;
    } limits[] = {{"MatchCriteria", 10},
                  {"PhysicalConnectionRequirements.SecurityGroupIdList", 50}};
    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        for (size_t more = 0; more <= 1; more++) {
            json_t *list = json_array();
            while (json_array_size(list) < limits[i].maximum + more)
                json_array_append_new(list, json_string("x"));
            assert_int_equal(refusals(with(right(), limits[i].path, list)), more);
        }
    for (size_t more = 0; more <= 1; more++) {
        json_t *document = right();
        json_t *properties = json_object_get(document, "ConnectionProperties");
        for (int i = 0; json_object_size(properties) < 100 + more; i++) {
            char *key = text_format("EXTRA_%d", i);
            json_object_set_new(properties, key, json_string("x"));
            free(key);
        }
        assert_int_equal(refusals(document), more);
    }
}

static void patterns_are_kept(void **state)
{
    static const struct {
        const char *path;
        const char *value;
        bool right;
    } cases[] = {
        {"Name", "a\tb", true},
        {"Name", "a\nb", false},
        {"Name", "\x7f", true},
        {"Name", "\xef\xbf\xbf", false},
        {"Name", "\xf0\x9f\x98\x80", true},
        {"Description", "a\r\nb\t", true},
        {"Description", "a\x01", false},
        {"AuthenticationConfiguration.SecretArn", "arn:aws:secretsmanager:eu-central-1:1:secret:x",
         true},
        {"AuthenticationConfiguration.SecretArn", "arn:aws-cn:secretsmanager:", true},
        {"AuthenticationConfiguration.SecretArn", "arn:aws-iso-b:secretsmanager:x", true},
        {"AuthenticationConfiguration.SecretArn", "arn:aws-xx:secretsmanager:x", false},
        {"AuthenticationConfiguration.SecretArn", "orders", false},
        {OAUTH "TokenUrl", "https://login.example/token", true},
        {OAUTH "TokenUrl", "http://h", true},
        {OAUTH "TokenUrl", "https://h/?", false},
        {OAUTH "TokenUrl", "https://h/$", false},
        {OAUTH "TokenUrl", "ftp://h/", false},
        {OAUTH "AuthorizationCodeProperties.AuthorizationCode", "a b", false},
        {OAUTH "AuthorizationCodeProperties.RedirectUri", "https://ab", true},
        {OAUTH "AuthorizationCodeProperties.RedirectUri", "https://a", false},
        {OAUTH "AuthorizationCodeProperties.RedirectUri", "https:///ab", false},
        {OAUTH "OAuth2GrantType", "JWT_BEARER", true},
        {OAUTH "OAuth2GrantType", "PASSWORD", false},
        {"AuthenticationConfiguration.AuthenticationType", "BASIC", true},
        {"AuthenticationConfiguration.AuthenticationType", "IAM", false},
        {"Status", "READY", true},
        {"Status", "DONE", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t refused = refusals(with(right(), cases[i].path, json_string(cases[i].value)));
        if ((refused == 0) != cases[i].right)
            fail_msg("%s = \"%s\"", cases[i].path, cases[i].value);
    }
}

static void values_of_known_properties_are_held_to_their_kind(void **state)
{
    static const struct {
        const char *key;
        const char *value;
        bool right;
    } cases[] = {
        {"PORT", "1023", false},
        {"PORT", "1024", true},
        {"PORT", "65535", true},
        {"PORT", "65536", false},
        {"PORT", "5432 ", false},
        {"PORT", "0x1538", false},
        {"JDBC_ENFORCE_SSL", "TRUE", true},
        {"JDBC_ENFORCE_SSL", "False", true},
        {"JDBC_ENFORCE_SSL", "yes", false},
        {"JDBC_ENFORCE_SSL", " true", false},
        {"JDBC_ENFORCE_SSL", "1", false},
        {"HOST", "db.example", true},
        {"HOST", "db.example.", true},
        {"HOST", "192.0.2.7", true},
        {"HOST", "2001:db8::7", true},
        {"HOST", "a_b", true},
        {"HOST", "a..b", false},
        {"HOST", ".a", false},
        {"HOST", "a b", false},
        {"HOST", "a,b", false},
        {"HOST", "[::1]", false},
        {"HOST", "h:1", false},
        {"HOST", "1.2.3", false},
        {"HOST", "http://h", false},
        {"HOST", "h/p", false},
        {"USERNAME", "a\x01", false},
        {"PASSWORD", "a\x01\n", true},
        {"PASSWORD", "", true},
        {"HOST", "", true},
        {"CUSTOM_JDBC_CERT", "s3://bucket/ca.pem", true},
        {"CUSTOM_JDBC_CERT", "S3://a.b-c_1/x//y", true},
        {"CUSTOM_JDBC_CERT", "s3://", false},
        {"CUSTOM_JDBC_CERT", "s3:///ca.pem", false},
        {"CUSTOM_JDBC_CERT", "s3://bucket", false},
        {"CUSTOM_JDBC_CERT", "s3://bucket/", false},
        {"CUSTOM_JDBC_CERT", "s3://bu/ca.pem", false},
        {"CUSTOM_JDBC_CERT", "s3://my bucket/ca.pem", false},
        {"CUSTOM_JDBC_CERT", "s3:/bucket/ca.pem", false},
        {"CUSTOM_JDBC_CERT", "s3://${env:BUCKET}/ca.pem", true},
        {"CUSTOM_JDBC_CERT", "/s3/ca.pem", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = text_format("ConnectionProperties.%s", cases[i].key);
        size_t refused = refusals(with(right(), path, json_string(cases[i].value)));
        if ((refused == 0) != cases[i].right)
            fail_msg("%s = \"%s\"", cases[i].key, cases[i].value);
        free(path);
    }
}

static void each_type_has_its_required_properties(void **state)
{
    static const struct {
        const char *definition; /* without Name */
        size_t refused;
    } cases[] = {
        {"{\"ConnectionType\":\"JDBC\",\"ConnectionProperties\":{}}", 2},
        {"{\"ConnectionType\":\"JDBC\",\"ConnectionProperties\":{\"HOST\":\"h\",\"USERNAME\":\"u\","
         "\"PASSWORD\":\"p\"}}",
         2},
        {"{\"ConnectionType\":\"JDBC\",\"ConnectionProperties\":{\"JDBC_ENGINE\":\"mysql\","
         "\"SECRET_ID\":\"s\"}}",
         0},
        {"{\"ConnectionType\":\"JDBC\",\"ConnectionProperties\":{\"JDBC_CONNECTION_URL\":\"jdbc:x:"
         "\",\"PASSWORD\":\"p\"}}",
         1},
        {"{\"ConnectionType\":\"MONGODB\",\"ConnectionProperties\":{\"SECRET_ID\":\"s\"}}", 1},
        {"{\"ConnectionType\":\"MONGODB\",\"ConnectionProperties\":{\"SECRET_ID\":\"s\","
         "\"CONNECTION_URL\":\"http://h\"}}",
         1},
        {"{\"ConnectionType\":\"KAFKA\",\"ConnectionProperties\":{}}", 1},
        {"{\"ConnectionType\":\"KAFKA\",\"ConnectionProperties\":{\"KAFKA_BOOTSTRAP_SERVERS\":\"a:"
         "1, [::1]:2\"}}",
         0},
        {"{\"ConnectionType\":\"KAFKA\",\"ConnectionProperties\":{\"KAFKA_BOOTSTRAP_SERVERS\":\"a:"
         "1,b\"}}",
         1},
        {"{\"ConnectionType\":\"KAFKA\",\"ConnectionProperties\":{\"KAFKA_BOOTSTRAP_SERVERS\":\"a:"
         "1\",\"KAFKA_SASL_MECHANISM\":\"GSSAPI\"}}",
         4},
        {"{\"ConnectionType\":\"KAFKA\",\"ConnectionProperties\":{\"KAFKA_BOOTSTRAP_SERVERS\":\"a:"
         "1\",\"KAFKA_SASL_MECHANISM\":\"SCRAM-SHA-512\"}}",
         2},
        {"{\"ConnectionType\":\"KAFKA\",\"ConnectionProperties\":{\"KAFKA_BOOTSTRAP_SERVERS\":\"a:"
         "1\",\"KAFKA_SASL_MECHANISM\":\"DIGEST\"}}",
         1},
        {"{\"ConnectionType\":\"MARKETPLACE\",\"ConnectionProperties\":{}}", 4},
        {"{\"ConnectionType\":\"CUSTOM\",\"ConnectionProperties\":{}}", 0},
        {"{\"ConnectionType\":\"SALESFORCE\",\"ConnectionProperties\":{}}", 1},
        {"{\"ConnectionType\":\"NETWORK\",\"ConnectionProperties\":{\"HOST\":\"h\",\"PORT\":\"22\"}"
         "}",
         0},
        {"{\"ConnectionType\":\"VIEW_VALIDATION_ATHENA\",\"ConnectionProperties\":{}}", 0},
        {"{\"ConnectionType\":\"SFTP\",\"ConnectionProperties\":{}}", 1},
        {"{\"ConnectionType\":\"MYSQL\",\"ConnectionProperties\":{}}", 0},
        {"{\"ConnectionProperties\":{}}", 1},
        {"{\"ConnectionType\":\"JDBC\"}", 1},
        {"{\"ConnectionType\":5,\"ConnectionProperties\":[]}", 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *document = json_loads(cases[i].definition, 0, NULL);
        json_object_set_new(document, "Name", json_string("x"));
        size_t refused = refusals(document);
        if (refused != cases[i].refused)
            fail_msg("%s: %zu problems", cases[i].definition, refused);
    }
}

static void unknown_keys_are_notes_or_with_strict_problems(void **state)
{
    (void)state;
    for (int strict = 0; strict <= 1; strict++) {
        struct problems problems =
            check(with(right(), "ConnectionProperties.PASWORD", json_string("c4nary")), strict);
        assert_int_equal(problems.refused, strict);
        assert_int_equal(problems.count, 1);
        assert_string_equal(problems.items[0].path, "ConnectionProperties.PASWORD");
        assert_non_null(strstr(problems.items[0].text, "did you mean PASSWORD"));
        assert_null(strstr(problems.items[0].text, "c4nary"));
        problems_release(&problems);
    }
}

static void a_value_that_is_no_string_is_told(void **state)
{
    (void)state;
    assert_int_equal(refusals(with(right(), "ConnectionProperties.PORT", json_integer(5432))), 1);
    assert_int_equal(refusals(with(right(), "ConnectionProperties.PORT", json_null())), 1);
    assert_int_equal(refusals(with(right(), "Name", json_integer(1))), 1);
    assert_int_equal(refusals(with(right(), "MatchCriteria", json_string("x"))), 1);
}

static void files_are_not_looked_into(void **state)
{
    (void)state;
    assert_int_equal(
        refusals(with(right(), "ConnectionProperties.PORT", json_string("${file:/p}"))), 0);
    assert_int_equal(refusals(with(right(), "ConnectionProperties.PORT", json_string("${x}"))), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_kept_in_bytes),
        cmocka_unit_test(counts_are_kept),
        cmocka_unit_test(patterns_are_kept),
        cmocka_unit_test(values_of_known_properties_are_held_to_their_kind),
        cmocka_unit_test(each_type_has_its_required_properties),
        cmocka_unit_test(unknown_keys_are_notes_or_with_strict_problems),
        cmocka_unit_test(a_value_that_is_no_string_is_told),
        cmocka_unit_test(files_are_not_looked_into),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
