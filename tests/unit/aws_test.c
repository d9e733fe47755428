/* SPDX-License-Identifier: Apache-2.0 */
/* aws_test.c - endpoints, proxies, ARNs and faults of AWS, keys of secrets, words of a command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aws_answer.h"
#include "aws_service.h"
#include "credential_process.h"
#include "locked.h"
#include "secret_keys.h"
#include "text.h"

static void knows_where_services_are(void **state)
{
    static const struct {
        enum aws_service service;
        const char *region, *settings, *url;
    } cases[] = {
        {AWS_SECRETS_MANAGER, "eu-west-1", "{}", "https://secretsmanager.eu-west-1.amazonaws.com"},
        {AWS_KMS, "cn-north-1", "{}", "https://kms.cn-north-1.amazonaws.com.cn"},
        {AWS_KMS, "us-gov-west-1", "{\"fips\":true}",
         "https://kms-fips.us-gov-west-1.amazonaws.com"},
        {AWS_KMS, "us-isob-east-1", "{}", "https://kms.us-isob-east-1.sc2s.sgov.gov"},
        {AWS_STS, "eu-west-1", "{}", "https://sts.eu-west-1.amazonaws.com"},
        {AWS_STS, "eu-west-1", "{\"sts_global\":true}", "https://sts.amazonaws.com"},
        {AWS_STS, "cn-north-1", "{\"sts_global\":true}", "https://sts.cn-north-1.amazonaws.com.cn"},
        {AWS_ATHENA, "us-east-1", "{\"dual_stack\":true}", "https://athena.us-east-1.api.aws"},
        {AWS_S3, "us-east-1", "{\"dual_stack\":true,\"fips\":true}",
         "https://s3-fips.dualstack.us-east-1.amazonaws.com"},
        {AWS_S3, "us-east-1", "{\"endpoints\":{\"s3\":\"http://h:1//\",\"*\":\"http://all\"}}",
         "http://h:1"},
        {AWS_KMS, "us-east-1", "{\"endpoints\":{\"s3\":\"http://h:1\",\"*\":\"http://all\"}}",
         "http://all"},
        {AWS_KMS, "us-east-1.evil.example", "{}", NULL},
        {AWS_KMS, "", "{}", NULL},
        {AWS_KMS, "-", "{}", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool configured;
        json_t *settings = json_loads(cases[i].settings, 0, NULL);
        char *url = aws_service_url(cases[i].service, cases[i].region, settings, &configured);
        if (!text_equal(url, cases[i].url))
            fail_msg("case %zu: %s", i, url ? url : "none");
        free(url);
        json_decref(settings);
    }
}

static void knows_the_way_round_a_proxy(void **state)
{
    static const struct {
        const char *url, *none, *proxy;
    } cases[] = {
        {"https://kms.eu-west-1.amazonaws.com/", "", "http://p:1"},
        {"http://kms.eu-west-1.amazonaws.com/", "", "http://q:1"},
        {"https://kms.eu-west-1.amazonaws.com/", "*", NULL},
        {"https://kms.eu-west-1.amazonaws.com/", "x, .amazonaws.com", NULL},
        {"https://kms.eu-west-1.amazonaws.com/", "AMAZONAWS.com", NULL},
        {"https://kms.eu-west-1.amazonaws.com/", "zonaws.com", "http://p:1"},
        {"https://localhost:8443/x", "localhost", NULL},
        {"https://[::1]:8443/x", "[::1]", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *settings = json_pack("{s:s, s:s, s:s}", "proxy", "http://p:1", "proxy_plain",
                                     "http://q:1", "no_proxy", cases[i].none);
        const char *proxy = aws_proxy(cases[i].url, settings);
        if (!text_equal(proxy, cases[i].proxy))
            fail_msg("case %zu: %s", i, proxy ? proxy : "none");
        json_decref(settings);
    }
}

static void reads_arns(void **state)
{
    static const char arn[] = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a/b-AbCdEf";
    (void)state;
    char *region = aws_arn_part(arn, 3);
    char *resource = aws_arn_part(arn, 5);
    assert_string_equal(region, "eu-west-1");
    assert_string_equal(resource, "secret:a/b-AbCdEf");
    assert_null(aws_arn_part("arn:aws:s3:::bucket", 3));
    assert_null(aws_arn_part("arn:aws", 3));
    assert_null(aws_arn_part("orders", 3));
    free(region);
    free(resource);
}

static void reads_faults_in_any_form(void **state)
{
    static const struct {
        const char *type, *body, *code, *message;
        enum aws_fault_kind kind;
    } cases[] = {
        {NULL, "{\"__type\":\"a.b#ThrottlingException:x\",\"Message\":\"m\"}",
         "ThrottlingException", "m", AWS_FAULT_THROTTLED},
        {"NotFoundException:http://x", "{\"message\":\"low\",\"Message\":\"high\"}",
         "NotFoundException", "low", AWS_FAULT_MISSING},
        {NULL,
         "  <Error><Code>NoSuchKey</Code><Message>a &lt;b&gt;&#33; &#x263A;</Message></Error>",
         "NoSuchKey", "a <b>! \xe2\x98\xba", AWS_FAULT_MISSING},
        {NULL, "<R><Error><Type>Sender</Type><Code>ExpiredToken</Code></Error></R>", "ExpiredToken",
         "", AWS_FAULT_DENIED},
        {NULL, "<html><body>Code</body></html>", "", "", AWS_FAULT_OTHER},
        {NULL, "", "", "", AWS_FAULT_OTHER},
        {NULL, "<Code", "", "", AWS_FAULT_OTHER},
        {NULL, "{\"__type\":\"x y\\n\"}", "x", "", AWS_FAULT_OTHER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct aws_fault fault;
        aws_fault_read(&fault, 400, cases[i].type, cases[i].body, strlen(cases[i].body));
        if (strcmp(fault.code, cases[i].code) != 0 ||
            strcmp(fault.message, cases[i].message) != 0 || aws_fault_kind(&fault) != cases[i].kind)
            fail_msg("case %zu: \"%s\" \"%s\"", i, fault.code, fault.message);
    }
}

static void a_secret_names_its_engine(void **state)
{
    (void)state;
    assert_true(secret_keys_is_engine("postgres", "postgresql"));
    assert_true(secret_keys_is_engine("aurora-postgresql", "postgresql"));
    assert_true(secret_keys_is_engine("mysql", "mariadb"));
    assert_false(secret_keys_is_engine("mysql", "postgresql"));
    assert_true(secret_keys_is_engine("sqlserver-ex", "sqlserver"));
    assert_true(secret_keys_is_engine("something new", "postgresql"));
}

static void parts_a_command_into_words(void **state)
{
    static const struct {
        const char *command, *words;
    } cases[] = {
        {"/bin/get", "/bin/get|"},
        {"  get  --profile 'a b' \"c \\\" d\" e\\ f ''  ", "get|--profile|a b|c \" d|e f||"},
        {"get 'x\\y'", "get|x\\y|"},
        {"a'b'c", "abc|"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text_buffer joined = TEXT_BUFFER_INIT;
        char **words = credential_process_words(cases[i].command);
        assert_non_null(words);
        for (char **word = words; *word; word++)
            text_append_format(&joined, "%s|", *word);
        assert_string_equal(joined.data, cases[i].words);
        text_buffer_release(&joined);
        free(words[0]);
        free(words);
    }
    assert_null(credential_process_words(""));
    assert_null(credential_process_words("   "));
    assert_null(credential_process_words("get 'x"));
    assert_null(credential_process_words("get \"x\\\""));
}

static void locked_memory_holds_a_copy(void **state)
{
    (void)state;
    char *text = locked_copy("secret");
    assert_string_equal(text, "secret");
    locked_free(text);
    locked_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_where_services_are),
        cmocka_unit_test(knows_the_way_round_a_proxy),
        cmocka_unit_test(reads_arns),
        cmocka_unit_test(reads_faults_in_any_form),
        cmocka_unit_test(a_secret_names_its_engine),
        cmocka_unit_test(parts_a_command_into_words),
        cmocka_unit_test(locked_memory_holds_a_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
