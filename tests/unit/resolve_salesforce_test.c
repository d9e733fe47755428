/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_salesforce_test.c - SALESFORCE definitions understood: what a test needs, all problems at
 * once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one_driver.h"

#define ARN "arn:aws:secretsmanager:eu-central-1:123456789012:secret:crm"
#define OAUTH "AuthenticationConfiguration.OAuth2Properties"

static int set_up(void **state)
{
    (void)state;
    return registry_set_up("salesforce", "SALESFORCE", json_pack("{s:i}", "default_port", 443));
}

/* Resolve what has the JSON texts OAUTH2 as OAuth2Properties and PROPERTIES; SECRET is SecretArn or
 * NULL. */
static void understand(const char *oauth2, const char *properties, const char *secret,
                       enum connection_form form, struct resolution *resolution)
{
    json_t *document =
        json_pack("{s:s, s:s, s:o, s:{s:s, s:s*, s:o}}", "Name", "crm", "ConnectionType",
                  "SALESFORCE", "ConnectionProperties", json_loads(properties, 0, NULL),
                  "AuthenticationConfiguration", "AuthenticationType", "OAUTH2", "SecretArn",
                  secret, "OAuth2Properties", json_loads(oauth2, 0, NULL));
    assert_non_null(document);
    struct connection *connection = connection_new(document, form);
    resolution_init(resolution);
    resolve(connection, registry, false, resolution);
    connection_free(connection);
}

static const struct problem *find(const struct resolution *resolution, const char *path,
                                  const char *rule)
{
    for (size_t i = 0; i < resolution->problems.count; i++)
        if (strcmp(resolution->problems.items[i].path, path) == 0 &&
            strcmp(resolution->problems.items[i].rule, rule) == 0)
            return &resolution->problems.items[i];
    return NULL;
}

#define CLIENT "\"OAuth2ClientApplication\":{\"UserManagedClientApplicationClientId\":\"3MVG9\"}"
#define TOKEN(url) "\"TokenUrl\":\"" url "\""
#define MY_DOMAIN TOKEN("https://acme.my.salesforce.com/services/oauth2/token")

static void everything_reaches_the_target(void **state)
{
    struct resolution resolution;
    (void)state;
    understand("{\"OAuth2GrantType\":\"AUTHORIZATION_CODE\"," TOKEN(
                   "https://login.example:8443/t") "," CLIENT
                                                   ",\"TokenUrlParametersMap\":{\"scope\":\"api\"},"
                                                   "\"AuthorizationCodeProperties\":{"
                                                   "\"AuthorizationCode\":\"c0de\",\"RedirectUri\":"
                                                   "\"https://app/cb\"}}",
               "{\"INSTANCE_URL\":\"https://acme.my.salesforce.com\"}", ARN,
               CONNECTION_FORM_TEST_INPUT, &resolution);
    const struct target *target = resolution.target;
    assert_non_null(target);
    assert_string_equal(target->driver, "salesforce");
    assert_string_equal(target->endpoints[0].host, "login.example");
    assert_int_equal(target->endpoints[0].port, 8443);
    assert_true(target->tls.require && target->tls.verify_chain && target->tls.verify_name);
    assert_string_equal(target->secret_id, ARN);
    assert_null(target->secret_content);
    assert_string_equal(target_parameter(target, "grant"), "AUTHORIZATION_CODE");
    assert_string_equal(target_parameter(target, "client_id"), "3MVG9");
    assert_string_equal(target_parameter(target, "redirect_uri"), "https://app/cb");
    assert_string_equal(target_parameter(target, "exchange_code"), "true");
    assert_string_equal(target_secret(target, "code"), "c0de");
    assert_string_equal(target_secret(target, "token_parameters"), "{\"scope\":\"api\"}");
    for (size_t i = 0; i < resolution.origin_count; i++)
        assert_null(strstr(resolution.origins[i].value, "c0de"));
    resolution_release(&resolution);
}

static void a_stored_code_is_left_alone(void **state)
{
    struct resolution resolution;
    (void)state;
    understand("{\"OAuth2GrantType\":\"AUTHORIZATION_CODE\"," MY_DOMAIN "}", "{}", ARN,
               CONNECTION_FORM_STORED, &resolution);
    assert_non_null(resolution.target);
    assert_null(target_parameter(resolution.target, "exchange_code"));
    resolution_release(&resolution);
}

static void a_secret_may_stand_in_the_definition(void **state)
{
    struct resolution resolution;
    (void)state;
    understand("{\"OAuth2GrantType\":\"JWT_BEARER\"," MY_DOMAIN "}", "{}", " {\"JWT_TOKEN\":\"x\"}",
               CONNECTION_FORM_INPUT, &resolution);
    assert_string_equal(resolution.target->secret_content, " {\"JWT_TOKEN\":\"x\"}");
    assert_null(resolution.target->secret_id);
    resolution_release(&resolution);
    understand("{\"OAuth2GrantType\":\"REFRESH_TOKEN\"," MY_DOMAIN "," CLIENT
               ",\"OAuth2Credentials\":{\"RefreshToken\":\"r\"}}",
               "{}", NULL, CONNECTION_FORM_INPUT, &resolution);
    assert_string_equal(target_secret(resolution.target, "refresh_token"), "r");
    assert_non_null(find(&resolution, OAUTH ".OAuth2Credentials", "newer-member"));
    resolution_release(&resolution);
}

static void what_a_file_will_say_is_waited_for(void **state)
{
    struct resolution resolution;
    (void)state;
    understand("{\"OAuth2GrantType\":\"JWT_BEARER\"," TOKEN("${file:/run/url}") "}", "{}",
               "${file:/run/secret}", CONNECTION_FORM_INPUT, &resolution);
    assert_null(resolution.target);
    assert_int_equal(resolution.reason, REASON_NONE);
    resolution_release(&resolution);
}

static void all_problems_are_told_at_once(void **state)
{
    struct resolution resolution;
    (void)state;
    understand("{\"OAuth2GrantType\":\"CLIENT_CREDENTIALS\"," TOKEN("http://h/t") "}",
               "{\"INSTANCE_URL\":\"acme.my.salesforce.com\"}", NULL, CONNECTION_FORM_INPUT,
               &resolution);
    assert_int_equal(resolution.reason, REASON_INVALID_INPUT);
    assert_non_null(find(&resolution, OAUTH ".TokenUrl", "https"));
    assert_non_null(find(&resolution, "ConnectionProperties.INSTANCE_URL", "https"));
    assert_non_null(find(&resolution, "AuthenticationConfiguration.SecretArn", "required"));
    assert_non_null(find(&resolution,
                         OAUTH ".OAuth2ClientApplication.UserManagedClientApplicationClientId",
                         "required"));
    assert_int_equal(resolution.problems.refused, 4);
    resolution_release(&resolution);
    /* Beside those that the API's own rules find. */
    understand("{\"OAuth2GrantType\":\"PASSWORD\"}", "{}", "crm", CONNECTION_FORM_INPUT,
               &resolution);
    assert_non_null(find(&resolution, OAUTH ".OAuth2GrantType", "enumeration"));
    assert_non_null(find(&resolution, "AuthenticationConfiguration.SecretArn", "pattern"));
    assert_non_null(find(&resolution, OAUTH ".TokenUrl", "required"));
    assert_int_equal(resolution.problems.refused, 3);
    resolution_release(&resolution);
}

static void urls_are_held_to_https_and_a_host(void **state)
{
    static const struct {
        const char *url;
        bool right;
    } cases[] = {
        {"https://acme.my.salesforce.com", true},
        {"https://acme.my.salesforce.com/", true},
        {"HTTPS://h:8443/x", true},
        {"https://[::1]:8443", true},
        {"https://192.0.2.7", true},
        {"http://h", false},
        {"h", false},
        {"https://", false},
        {"https://u:p@h", false},
        {"https://h:0", false},
        {"https://h:x", false},
        {"https://a b", false},
        {"https://[::1", false},
        {"ftp://h", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct resolution resolution;
        char *properties = text_format("{\"INSTANCE_URL\":\"%s\"}", cases[i].url);
        understand("{\"OAuth2GrantType\":\"JWT_BEARER\"," MY_DOMAIN "}", properties, ARN,
                   CONNECTION_FORM_INPUT, &resolution);
        if ((resolution.target != NULL) != cases[i].right)
            fail_msg("%s", cases[i].url);
        resolution_release(&resolution);
        free(properties);
    }
}

static void common_mistakes_are_noted(void **state)
{
    static const struct {
        const char *oauth2;
        const char *properties;
        const char *path;
        const char *rule;
    } cases[] = {
        {"{\"OAuth2GrantType\":\"CLIENT_CREDENTIALS\"," CLIENT
         "," TOKEN("https://login.salesforce.com/services/oauth2/token") "}",
         "{}", OAUTH ".TokenUrl", "my-domain"},
        {"{\"OAuth2GrantType\":\"JWT_BEARER\"," TOKEN(
             "https://login.salesforce.com/services/oauth2/authorize") "}",
         "{}", OAUTH ".TokenUrl", "token-url"},
        {"{\"OAuth2GrantType\":\"JWT_BEARER\"," TOKEN("https://login.salesforce.com") "}", "{}",
         OAUTH ".TokenUrl", "token-url"},
        {"{\"OAuth2GrantType\":\"JWT_BEARER\"," MY_DOMAIN "}",
         "{\"INSTANCE_URL\":\"https://acme.lightning.force.com\"}",
         "ConnectionProperties.INSTANCE_URL", "lightning-host"},
        {"{\"OAuth2GrantType\":\"JWT_BEARER\"," TOKEN(
             "https://login.salesforce.com/services/oauth2/token") "}",
         "{\"INSTANCE_URL\":\"https://acme--uat.sandbox.my.salesforce.com\"}", OAUTH ".TokenUrl",
         "login-host"},
        {"{\"OAuth2GrantType\":\"JWT_BEARER\"," TOKEN(
             "https://test.salesforce.com/services/oauth2/token") "}",
         "{\"INSTANCE_URL\":\"https://acme.my.salesforce.com\"}", OAUTH ".TokenUrl", "login-host"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct resolution resolution;
        understand(cases[i].oauth2, cases[i].properties, ARN, CONNECTION_FORM_INPUT, &resolution);
        assert_non_null(resolution.target);
        const struct problem *problem = find(&resolution, cases[i].path, cases[i].rule);
        assert_non_null(problem);
        assert_true(problem->note);
        resolution_release(&resolution);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_reaches_the_target),
        cmocka_unit_test(a_stored_code_is_left_alone),
        cmocka_unit_test(a_secret_may_stand_in_the_definition),
        cmocka_unit_test(what_a_file_will_say_is_waited_for),
        cmocka_unit_test(all_problems_are_told_at_once),
        cmocka_unit_test(urls_are_held_to_https_and_a_host),
        cmocka_unit_test(common_mistakes_are_noted),
    };
    return cmocka_run_group_tests(tests, set_up, registry_tear_down);
}
