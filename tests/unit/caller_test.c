/* SPDX-License-Identifier: Apache-2.0 */
/* caller_test.c - AWS's configuration files, settings and credentials chain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aws_chain.h"
#include "text.h"

/* An operator's configuration made of texts. */
struct caller_case {
    json_t *environment;
    struct shared_config *shared;
    struct operator_config config;
};

static void make_case(struct caller_case *given, const char *environment, const char *config,
                      const char *credentials)
{
    given->environment = json_loads(environment, 0, NULL);
    assert_non_null(given->environment);
    given->shared = shared_config_new();
    shared_config_add(given->shared, SHARED_FILE_CONFIG, config, strlen(config));
    shared_config_add(given->shared, SHARED_FILE_CREDENTIALS, credentials, strlen(credentials));
    given->config =
        (struct operator_config){given->environment, given->shared, "~/config", "~/credentials"};
}

static void release_case(struct caller_case *given)
{
    json_decref(given->environment);
    shared_config_free(given->shared);
}

static void reads_both_files(void **state)
{
    static const char config[] = "\xEF\xBB\xBF# comment\r\n[default]\r\nRegion = eu-west-1 \r\n"
                                 "output=json\r\ns3 =\r\n  addressing_style = path\r\n"
                                 "[profile \"my own\"]\nregion=us-east-2\n"
                                 "[services local]\nsecrets_manager =\n\tendpoint_url = http://s\n"
                                 "kms = x\n  endpoint_url = http://k\n"
                                 "[broken\nregion=nowhere\n[plugins]\ncli=x\n=value\nkey\n";
    static const char credentials[] =
        "[default]\naws_access_key_id = AK\naws_secret_access_key=a=b/c+\n"
        "[my own]\nregion = eu-central-1\n; no\n";
    struct shared_config *shared = shared_config_new();
    (void)state;
    shared_config_add(shared, SHARED_FILE_CONFIG, config, sizeof config - 1);
    shared_config_add(shared, SHARED_FILE_CREDENTIALS, credentials, sizeof credentials - 1);
#define VALUE(...) shared_config_value(shared, __VA_ARGS__)
    assert_string_equal(VALUE("profile", "default", "region", NULL), "eu-west-1");
    assert_string_equal(VALUE("profile", "default", "s3", "addressing_style"), "path");
    assert_string_equal(VALUE("profile", "default", "aws_secret_access_key", NULL), "a=b/c+");
    assert_string_equal(VALUE("profile", "my own", "region", NULL), "eu-central-1");
    assert_string_equal(VALUE("services", "local", "secrets_manager", "endpoint_url"), "http://s");
    assert_null(VALUE("services", "local", "kms", "endpoint_url"));
    assert_string_equal(VALUE("services", "local", "endpoint_url", NULL), "http://k");
    assert_null(VALUE("profile", "default", "s3", NULL));
    assert_null(VALUE("profile", "nobody", "region", NULL));
    assert_true(shared_config_has(shared, "profile", "my own"));
    assert_false(shared_config_has(shared, "profile", "broken"));
    assert_string_equal(shared_config_fault(shared, SHARED_FILE_CONFIG),
                        "line 14 begins a section with [ and has no ]");
    assert_null(shared_config_fault(shared, SHARED_FILE_CREDENTIALS));
    shared_config_free(shared);
}

static void what_is_wrong_with_a_file_is_told(void **state)
{
    static const struct {
        enum shared_file file;
        const char *text;
        size_t length; /* 0: all of it */
        const char *fault;
    } cases[] = {
        {SHARED_FILE_CREDENTIALS, "# fine\n\n[default]\na=b\nc:d\n  e\n", 0, NULL},
        {SHARED_FILE_CREDENTIALS, "aws_access_key_id = A\n", 0,
         "line 1 stands before any [section]"},
        {SHARED_FILE_CREDENTIALS, "[default]\n\nkey value\nmore\n", 0,
         "line 3 is neither [SECTION] nor KEY = VALUE"},
        {SHARED_FILE_CREDENTIALS, "[default\nregion = x\n", 0,
         "line 1 begins a section with [ and has no ]"},
        {SHARED_FILE_CONFIG, "[dev]\nregion = x\n", 0,
         "line 1 has [dev], which in this file is no profile: it has to be [profile dev]"},
        {SHARED_FILE_CREDENTIALS, "[dev]\nregion = x\n", 0, NULL},
        {SHARED_FILE_CONFIG, "[plugins]\ncli = x\n", 0, NULL},
        {SHARED_FILE_CONFIG, "[default]\r\nregion = x\r\n", 0, NULL},
        {SHARED_FILE_CONFIG, "[default]\na\0=b\n", 15,
         "line 2 holds a NUL byte: the file is no text in UTF-8"},
        {SHARED_FILE_CONFIG, "[default]\na=b\0\n", 15,
         "line 2 holds a NUL byte: the file is no text in UTF-8"},
        {SHARED_FILE_CONFIG, "", 0, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct shared_config *shared = shared_config_new();
        shared_config_add(shared, cases[i].file, cases[i].text,
                          cases[i].length ? cases[i].length : strlen(cases[i].text));
        const char *fault = shared_config_fault(shared, cases[i].file);
        if (cases[i].fault)
            assert_string_equal(fault, cases[i].fault);
        else
            assert_null(fault);
        shared_config_free(shared);
    }
}

static void settings_come_from_the_environment_first(void **state)
{
    static const struct {
        const char *environment, *config, *settings;
    } cases[] = {
        {"{}", "",
         "{\"endpoints\":{},\"fips\":false,\"dual_stack\":false,\"sts_global\":false,"
         "\"attempts\":3}"},
        {"{\"AWS_REGION\":\"a\",\"AWS_DEFAULT_REGION\":\"b\",\"AWS_MAX_ATTEMPTS\":\"5\"}",
         "[default]\nregion=c\nmax_attempts=7\nuse_fips_endpoint=True\n",
         "{\"region\":\"a\",\"endpoints\":{},\"fips\":true,\"dual_stack\":false,"
         "\"sts_global\":false,\"attempts\":5}"},
        {"{\"AWS_PROFILE\":\"p\",\"AWS_ENDPOINT_URL_KMS\":\"http://k\",\"AWS_CA_BUNDLE\":\"/ca\","
         "\"HTTPS_PROXY\":\"http://p:1\",\"NO_PROXY\":\"x\"}",
         "[profile p]\nregion=c\nservices = s\nendpoint_url = http://all\nmax_attempts = 99\n"
         "sts_regional_endpoints = legacy\n[services s]\nsts =\n endpoint_url = http://sts\n",
         "{\"region\":\"c\",\"endpoints\":{\"kms\":\"http://k\",\"sts\":\"http://sts\","
         "\"*\":\"http://all\"},\"fips\":false,\"dual_stack\":false,\"sts_global\":true,"
         "\"attempts\":3,\"ca_bundle\":\"/ca\",\"proxy\":\"http://p:1\",\"no_proxy\":\"x\"}"},
        {"{\"AWS_PROFILE\":\"p\",\"AWS_ENDPOINT_URL\":\"http://e\"}",
         "[profile p]\nservices = s\nendpoint_url = http://all\n[services s]\nsts =\n "
         "endpoint_url = http://sts\n",
         "{\"endpoints\":{\"*\":\"http://e\"},\"fips\":false,\"dual_stack\":false,"
         "\"sts_global\":false,\"attempts\":3}"},
        {"{\"AWS_ENDPOINT_URL\":\"http://e\",\"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS\":\"true\"}", "",
         "{\"endpoints\":{},\"fips\":false,\"dual_stack\":false,\"sts_global\":false,"
         "\"attempts\":3}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct caller_case given;
        make_case(&given, cases[i].environment, cases[i].config, "");
        json_t *found = aws_settings(&given.config);
        json_t *wanted = json_loads(cases[i].settings, 0, NULL);
        if (!json_equal(found, wanted))
            fail_msg("case %zu: %s", i, json_dumps(found, JSON_COMPACT));
        json_decref(found);
        json_decref(wanted);
        release_case(&given);
    }
}

#define KEYS "aws_access_key_id=AK\naws_secret_access_key=SK\n"

static const struct {
    const char *environment, *config, *credentials, *plan;
} chains[] = {
    {"{\"AWS_ACCESS_KEY_ID\":\"A\",\"AWS_SECRET_ACCESS_KEY\":\"S\",\"AWS_SESSION_TOKEN\":\"T\","
     "\"AWS_PROFILE\":\"nobody\"}",
     "", "[default]\n" KEYS, "\"access_key\":\"A\",\"secret_key\":\"S\",\"session_token\":\"T\""},
    {"{\"AWS_ACCESS_KEY_ID\":\"A\"}", "", "[default]\n" KEYS,
     "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not"},
    {"{}", "", "[default]\n" KEYS "aws_session_token=T\n",
     "\"from\":\"the profile \\\"default\\\"\",\"access_key\":\"AK\",\"secret_key\":\"SK\","
     "\"session_token\":\"T\"},\"roles\":[]"},
    {"{}", "", "[default]\naws_access_key_id=AK\n", "no aws_secret_access_key"},
    {"{\"AWS_PROFILE\":\"dev\"}", "[profile dev]\ncredential_process = /bin/get --it\n", "",
     "\"kind\":\"process\",\"from\":\"the profile \\\"dev\\\"\",\"command\":\"/bin/get --it\""},
    {"{\"AWS_PROFILE\":\"dev\"}", "[default]\nregion=x\n", "",
     "the profile \\\"dev\\\" (AWS_PROFILE) is neither"},
    {"{\"AWS_PROFILE\":\"dev\"}", "[profile dev]\nsso_session=x\n", "", "IAM Identity Center"},
    {"{}",
     "[default]\nrole_arn=R1\nsource_profile=base\nexternal_id=E\nduration_seconds=900\n"
     "role_session_name=N\n",
     "[base]\n" KEYS,
     "\"access_key\":\"AK\",\"secret_key\":\"SK\"},\"roles\":[{\"role_arn\":\"R1\","
     "\"session_name\":\"N\",\"external_id\":\"E\",\"duration_s\":900}]"},
    {"{\"AWS_PROFILE\":\"a\"}",
     "[profile a]\nrole_arn=R2\nsource_profile=b\n[profile b]\nrole_arn=R1\nsource_profile=c\n",
     "[c]\n" KEYS, "\"roles\":[{\"role_arn\":\"R1\"},{\"role_arn\":\"R2\"}]"},
    {"{\"AWS_PROFILE\":\"a\"}", "[profile a]\nrole_arn=R\nsource_profile=a\n" KEYS, "",
     "\"access_key\":\"AK\",\"secret_key\":\"SK\"},\"roles\":[{\"role_arn\":\"R\"}]"},
    {"{\"AWS_PROFILE\":\"a\"}", "[profile a]\nrole_arn=R\nsource_profile=a\n", "",
     "its own source_profile"},
    {"{\"AWS_PROFILE\":\"a\"}",
     "[profile a]\nrole_arn=R\nsource_profile=b\n[profile b]\nrole_arn=R\nsource_profile=a\n", "",
     "in a circle"},
    {"{\"AWS_PROFILE\":\"a\"}",
     "[profile a]\nrole_arn=R\nsource_profile=b\n[profile b]\nrole_arn=R\nsource_profile=c\n"
     "[profile c]\nrole_arn=R\nsource_profile=a\n",
     "", "in a circle"},
    {"{\"AWS_PROFILE\":\"a\"}", "[profile a]\nrole_arn=R\nsource_profile=b\n", "",
     "which does not exist"},
    {"{\"AWS_PROFILE\":\"a\"}", "[profile a]\nrole_arn=R\n", "", "neither source_profile"},
    {"{\"AWS_PROFILE\":\"a\"}", "[profile a]\nrole_arn=R\nmfa_serial=M\nsource_profile=a\n" KEYS,
     "", "MFA"},
    {"{\"AWS_PROFILE\":\"a\"}", "[profile a]\nrole_arn=R\ncredential_source=Ec2InstanceMetadata\n",
     "", "\"kind\":\"metadata\""},
    {"{\"AWS_PROFILE\":\"a\"}", "[profile a]\nrole_arn=R\ncredential_source=EcsContainer\n", "",
     "has credential_source EcsContainer"},
    {"{\"AWS_PROFILE\":\"a\"}", "[profile a]\nrole_arn=R\ncredential_source=Nonsense\n", "",
     "\\\"Nonsense\\\""},
    {"{\"AWS_PROFILE\":\"a\"}", "[profile a]\nrole_arn=R\nweb_identity_token_file=/t\n", "",
     "\"kind\":\"web_identity\",\"from\":\"the profile \\\"a\\\"\",\"token_file\":\"/t\","
     "\"role_arn\":\"R\""},
    {"{\"AWS_WEB_IDENTITY_TOKEN_FILE\":\"/t\",\"AWS_ROLE_ARN\":\"R\"}", "", "[default]\n" KEYS,
     "\"kind\":\"web_identity\""},
    {"{\"AWS_WEB_IDENTITY_TOKEN_FILE\":\"/t\"}", "", "", "no role for it"},
    {"{\"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI\":\"/v2/x\"}", "", "",
     "\"url\":\"http://169.254.170.2/v2/x\""},
    {"{\"AWS_CONTAINER_CREDENTIALS_FULL_URI\":\"https://c/x\","
     "\"AWS_CONTAINER_AUTHORIZATION_TOKEN\":\"tok\"}",
     "", "", "\"url\":\"https://c/x\",\"authorization\":\"tok\",\"tried\":\"no AWS_ACCESS_KEY_ID"},
    {"{}", "", "",
     "\"endpoint\":\"http://169.254.169.254\",\"v1\":true,\"timeout_s\":1,\"attempts\":1,"},
    {"{\"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE\":\"IPv6\",\"AWS_METADATA_SERVICE_TIMEOUT\":\"3\"}",
     "", "", "\"endpoint\":\"http://[fd00:ec2::254]\",\"v1\":true,\"timeout_s\":3"},
    {"{\"AWS_EC2_METADATA_DISABLED\":\"true\"}", "", "", "switched off"},
};

static void the_chain_has_an_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
        struct caller_case given;
        make_case(&given, chains[i].environment, chains[i].config, chains[i].credentials);
        json_t *plan = aws_chain(&given.config);
        char *text = json_dumps(plan, JSON_COMPACT);
        if (!strstr(text, chains[i].plan))
            fail_msg("chain %zu: %s", i, text);
        free(text);
        json_decref(plan);
        release_case(&given);
    }
}

static void reads_a_process_by_its_contract(void **state)
{
    static const struct {
        const char *output, *words;
    } cases[] = {
        {"{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"SessionToken\":\"T\","
         "\"Expiration\":\"2024-10-01T12:00:00Z\"}",
         "\"access_key\":\"A\",\"secret_key\":\"S\",\"session_token\":\"T\",\"expires\":"
         "1727784000"},
        {"{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\"}",
         "\"secret_key\":\"S\"}"},
        {"{\"Version\":2,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"canary\"}",
         "/bin/get printed no \\\"Version"},
        {"{\"Version\":1,\"AccessKeyId\":\"A\"}", "printed no AccessKeyId"},
        {"{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"canary\",\"Expiration\":"
         "\"soon\"}",
         "ISO 8601"},
        {"canary", "no JSON object"},
        {"[]", "no JSON object"},
        {"", "printed nothing"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *keys =
            aws_chain_process_output(cases[i].output, strlen(cases[i].output), "/bin/get x");
        char *text = json_dumps(keys, JSON_COMPACT);
        if (!strstr(text, cases[i].words) || strstr(text, "canary"))
            fail_msg("case %zu: %s", i, text);
        free(text);
        json_decref(keys);
    }
}

static void reads_times(void **state)
{
    (void)state;
    assert_int_equal(aws_time("2024-10-01T12:00:00Z"), 1727784000);
    assert_int_equal(aws_time("2024-10-01T12:00:00.123Z"), 1727784000);
    assert_int_equal(aws_time("2024-10-01T14:00:00+02:00"), 1727784000);
    assert_int_equal(aws_time("2024-10-01T06:30:00-0530"), 1727784000);
    assert_int_equal(aws_time("2024-10-01"), -1);
    assert_int_equal(aws_time("2024-10-01T12:00:00 later"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_both_files),
        cmocka_unit_test(what_is_wrong_with_a_file_is_told),
        cmocka_unit_test(settings_come_from_the_environment_first),
        cmocka_unit_test(the_chain_has_an_order),
        cmocka_unit_test(reads_a_process_by_its_contract),
        cmocka_unit_test(reads_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
