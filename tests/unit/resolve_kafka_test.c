/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_kafka_test.c - KAFKA definitions understood: TLS, mechanism, credentials, what is not
 * used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one_driver.h"

#define B "KAFKA_BOOTSTRAP_SERVERS\":\"b1:9092,b2:9093"

static int set_up(void **state)
{
    (void)state;
    return registry_set_up("kafka", "KAFKA", NULL);
}

static struct resolution understand(const char *properties)
{
    char text[4096];
    struct resolution resolution;
    snprintf(text, sizeof text,
             "{\"Name\":\"k\",\"ConnectionType\":\"KAFKA\",\"ConnectionProperties\":{\"%s\"}}",
             properties);
    struct connection *connection =
        connection_new(json_loads(text, 0, NULL), CONNECTION_FORM_INPUT);
    resolution_init(&resolution);
    resolve(connection, registry, false, &resolution);
    connection_free(connection);
    return resolution;
}

/* Whether PROPERTY has a problem (NOTE: a note) holding WORDS. */
static bool told(const struct resolution *resolution, const char *property, bool note,
                 const char *words)
{
    for (size_t i = 0; i < resolution->problems.count; i++) {
        const struct problem *one = &resolution->problems.items[i];
        const char *last = strrchr(one->path, '.');
        if (strcmp(last ? last + 1 : one->path, property) == 0 && one->note == note &&
            strstr(one->text, words))
            return true;
    }
    return false;
}

static void tls_is_on_unless_switched_off(void **state)
{
    (void)state;
    struct resolution on = understand(B "\",\"KAFKA_CUSTOM_CERT\":\"/ca.pem");
    const struct target *target = on.target;
    assert_int_equal(target->endpoint_count, 2);
    assert_string_equal(target->endpoints[1].host, "b2");
    assert_true(target->tls.attempt && target->tls.require && target->tls.verify_chain &&
                target->tls.verify_name);
    assert_string_equal(target->tls.ca_location, "/ca.pem");
    assert_null(target_parameter(target, "sasl_mechanism"));
    resolution_release(&on);
    struct resolution off =
        understand(B "\",\"KAFKA_SSL_ENABLED\":\"False\",\"KAFKA_CUSTOM_CERT\":\"/ca.pem\","
                     "\"KAFKA_CLIENT_KEYSTORE\":\"/k.jks");
    assert_false(off.target->tls.attempt || off.target->tls.require);
    assert_null(off.target->tls.ca_location);
    assert_null(target_file(off.target, "keystore"));
    assert_true(told(&off, "KAFKA_CUSTOM_CERT", true, "KAFKA_SSL_ENABLED is false"));
    assert_true(told(&off, "KAFKA_CLIENT_KEYSTORE", true, "KAFKA_SSL_ENABLED is false"));
    resolution_release(&off);
}

static void credentials_are_those_of_the_mechanism(void **state)
{
    (void)state;
    struct resolution plain =
        understand(B "\",\"KAFKA_SASL_MECHANISM\":\"PLAIN\",\"KAFKA_SASL_PLAIN_USERNAME\":\"p\","
                     "\"KAFKA_SASL_PLAIN_PASSWORD\":\"x\",\"KAFKA_SASL_SCRAM_USERNAME\":\"s\","
                     "\"USERNAME\":\"u");
    assert_string_equal(plain.target->user, "p");
    assert_string_equal(plain.target->password, "x");
    assert_true(told(&plain, "KAFKA_SASL_SCRAM_USERNAME", true, "mechanism is PLAIN"));
    assert_true(told(&plain, "USERNAME", true, "KAFKA_SASL_*"));
    resolution_release(&plain);
    struct resolution encrypted = understand(
        B "\",\"KAFKA_SASL_MECHANISM\":\"SCRAM-SHA-512\",\"KAFKA_SASL_SCRAM_USERNAME\":\"s\","
          "\"KAFKA_SASL_SCRAM_PASSWORD\":\"x\",\"ENCRYPTED_KAFKA_SASL_SCRAM_PASSWORD\":\"AQ==\","
          "\"KAFKA_SASL_SCRAM_SECRETS_ARN\":\"arn");
    assert_string_equal(encrypted.target->encrypted_password, "AQ==");
    assert_null(encrypted.target->password);
    assert_null(encrypted.target->secret_id);
    assert_true(told(&encrypted, "KAFKA_SASL_SCRAM_PASSWORD", true, "goes before it"));
    assert_true(told(&encrypted, "KAFKA_SASL_SCRAM_SECRETS_ARN", true, "goes before it"));
    resolution_release(&encrypted);
    struct resolution secret = understand(B "\",\"KAFKA_SASL_MECHANISM\":\"SCRAM-SHA-512\","
                                            "\"KAFKA_SASL_SCRAM_SECRETS_ARN\":\"AmazonMSK_a");
    assert_string_equal(secret.target->secret_id, "AmazonMSK_a");
    assert_string_equal(secret.target->user_property,
                        "ConnectionProperties.KAFKA_SASL_SCRAM_SECRETS_ARN");
    resolution_release(&secret);
    struct resolution nobody =
        understand(B "\",\"KAFKA_SASL_PLAIN_USERNAME\":\"p\",\"SECRET_ID\":\"s");
    assert_true(told(&nobody, "SECRET_ID", true, "KAFKA_SASL_MECHANISM is not given"));
    assert_null(nobody.target->secret_id);
    assert_null(nobody.target->user);
    assert_true(
        told(&nobody, "KAFKA_SASL_PLAIN_USERNAME", true, "KAFKA_SASL_MECHANISM is not given"));
    resolution_release(&nobody);
}

static void what_is_missing_or_wrong_is_all_told(void **state)
{
    (void)state;
    struct resolution gssapi = understand(B "\",\"KAFKA_SASL_MECHANISM\":\"GSSAPI");
    assert_int_equal(gssapi.reason, REASON_INVALID_INPUT);
    assert_int_equal(gssapi.problems.refused, 4);
    resolution_release(&gssapi);
    struct resolution half = understand(B "\",\"KAFKA_SASL_MECHANISM\":\"PLAIN\",\"SECRET_ID\":"
                                          "\"s\",\"KAFKA_SASL_PLAIN_USERNAME\":\"p");
    assert_true(told(&half, "KAFKA_SASL_PLAIN_PASSWORD", false, "missing"));
    resolution_release(&half);
    struct resolution iam =
        understand(B "\",\"KAFKA_SASL_MECHANISM\":\"AWS_MSK_IAM\",\"KAFKA_SSL_ENABLED\":\"false");
    assert_true(told(&iam, "KAFKA_SSL_ENABLED", false, "needs TLS"));
    resolution_release(&iam);
}

static void the_region_stands_in_the_broker_s_name(void **state)
{
    static const struct {
        const char *host;
        const char *region; /* NULL: none */
    } cases[] = {
        {"b-1.demo.abc.c2.kafka.us-east-1.amazonaws.com", "us-east-1"},
        {"boot-x.c1.kafka-serverless.eu-west-1.amazonaws.com", "eu-west-1"},
        {"b-1.demo.abc.c2.kafka.cn-north-1.amazonaws.com.cn", "cn-north-1"},
        {"b-1.demo.rds.us-east-1.amazonaws.com", NULL},
        {"kafka.example", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "KAFKA_BOOTSTRAP_SERVERS\":\"%s:9098\",\"KAFKA_SASL_MECHANISM\":\"AWS_MSK_IAM",
                 cases[i].host);
        struct resolution resolution = understand(text);
        const char *region = target_parameter(resolution.target, "region");
        assert_true(resolution.target->needs_aws);
        if (cases[i].region)
            assert_string_equal(region, cases[i].region);
        else
            assert_null(region);
        resolution_release(&resolution);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_is_on_unless_switched_off),
        cmocka_unit_test(credentials_are_those_of_the_mechanism),
        cmocka_unit_test(what_is_missing_or_wrong_is_all_told),
        cmocka_unit_test(the_region_stands_in_the_broker_s_name),
    };
    return cmocka_run_group_tests(tests, set_up, registry_tear_down);
}
