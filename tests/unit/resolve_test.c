/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_test.c - definitions understood: logins, TLS, URL parameters, drivers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one_driver.h"

static int set_up(void **state)
{
    (void)state;
    return registry_set_up("postgresql", "JDBC",
                           json_pack("{s:[s,s,s,s,s,s,s],s:[s,s],s:i}", "subprotocols",
                                     "postgresql", "redshift", "mysql", "mariadb", "oracle",
                                     "sqlserver", "snowflake", "engines", "postgresql",
                                     "aurora-postgresql", "default_port", 5432));
}

/* Resolve a JDBC definition whose properties are the JSON text PROPERTIES. */
static void understand(const char *properties, struct resolution *resolution)
{
    json_t *document = json_pack("{s:s, s:o}", "ConnectionType", "JDBC", "ConnectionProperties",
                                 json_loads(properties, 0, NULL));
    struct connection *connection = connection_new(document, CONNECTION_FORM_TEST_INPUT);
    resolution_init(resolution);
    resolve(connection, registry, false, resolution);
    connection_free(connection);
}

#define LOGIN "\"USERNAME\":\"u\",\"PASSWORD\":\"p\""
#define URL(query) "{\"JDBC_CONNECTION_URL\":\"jdbc:postgresql://h:1/d" query "\"," LOGIN "}"
#define OF(url) "{\"JDBC_CONNECTION_URL\":\"jdbc:" url "\"," LOGIN "}"
#define ENFORCED_OF(url)                                                                           \
    "{\"JDBC_ENFORCE_SSL\":\"true\",\"JDBC_CONNECTION_URL\":\"jdbc:" url "\"," LOGIN "}"
#define ENFORCED(query)                                                                            \
    "{\"JDBC_ENFORCE_SSL\":\"true\",\"JDBC_CONNECTION_URL\":\"jdbc:postgresql://h:1/d" query       \
    "\"," LOGIN "}"

static void tls_settings_tighten_and_never_loosen(void **state)
{
    /* attempt, require, verify chain, verify name */
    static const struct {
        const char *properties;
        const char *policy;
        bool overruled;
    } cases[] = {
        {URL(""), "1000", false},
        {URL("?sslmode=disable"), "0000", false},
        {URL("?ssl=false"), "0000", false},
        {URL("?sslmode=prefer"), "1000", false},
        {URL("?sslmode=require"), "1100", false},
        {URL("?sslmode=verify-ca"), "1110", false},
        {URL("?sslmode=VERIFY-FULL"), "1111", false},
        {URL("?ssl=true"), "1111", false},
        {URL("?SSLMODE=verify-full"), "1111", false},
        {ENFORCED(""), "1111", false},
        {ENFORCED("?sslmode=verify-full"), "1111", false},
        {ENFORCED("?sslmode=disable"), "1111", true},
        {ENFORCED("?sslmode=require"), "1111", true},
        {ENFORCED("?sslmode=verify-ca"), "1111", true},
        {ENFORCED("?ssl=false"), "1111", true},
        {ENFORCED("?%73slmode=disable"), "1111", true},
        {OF("mysql://h/d?useSSL=false"), "0000", false},
        {OF("mysql://h/d?useSSL=true"), "1000", false},
        {OF("mysql://h/d?useSSL=true&requireSSL=true"), "1100", false},
        {OF("mysql://h/d?useSSL=true&verifyServerCertificate=true"), "1110", false},
        {OF("mysql://h/d?sslMode=DISABLED"), "0000", false},
        {OF("mysql://h/d?sslMode=REQUIRED"), "1100", false},
        {OF("mysql://h/d?sslMode=VERIFY_IDENTITY"), "1111", false},
        {OF("mysql://h/d?useSSL=false&sslMode=VERIFY_CA"), "1110", false},
        {OF("mariadb://h/d?useSsl=true"), "1111", false},
        {OF("mariadb://h/d?useSsl=true&trustServerCertificate=true"), "1100", false},
        {OF("mariadb://h/d?sslMode=trust"), "1100", false},
        {OF("sqlserver://h;database=d"), "1000", false},
        {OF("sqlserver://h;database=d;encrypt=false"), "0000", false},
        {OF("sqlserver://h;database=d;encrypt=strict"), "1111", false},
        {OF("sqlserver://h;encrypt=true;trustServerCertificate=true"), "1100", false},
        {OF("oracle:thin:@//h:1/s"), "0000", false},
        {OF("oracle:thin:@tcps://h:1/s"), "1111", false},
        {OF("oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=h)(PORT=1))"
            "(CONNECT_DATA=(SID=s))(SECURITY=(SSL_SERVER_DN_MATCH=NO)))"),
         "1100", false},
        {OF("snowflake://h/"), "1111", false},
        {ENFORCED_OF("oracle:thin:@//h:1/s"), "1111", false},
        {ENFORCED_OF("sqlserver://h;encrypt=false"), "1111", true},
        {ENFORCED_OF("sqlserver://h;trustServerCertificate=true"), "1111", true},
        {ENFORCED_OF("mysql://h/d?verifyServerCertificate=false"), "1111", true},
        {ENFORCED_OF("mariadb://h/d?disableSslHostnameVerification=true"), "1111", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct resolution resolution;
        understand(cases[i].properties, &resolution);
        assert_non_null(resolution.target);
        const struct tls_policy *tls = &resolution.target->tls;
        char *policy = text_format("%d%d%d%d", tls->attempt, tls->require, tls->verify_chain,
                                   tls->verify_name);
        if (strcmp(policy, cases[i].policy) != 0 ||
            (resolution.problems.count > 0) != cases[i].overruled)
            fail_msg("%s: %s", cases[i].properties, policy);
        free(policy);
        resolution_release(&resolution);
    }
}

static void dangerous_parameters_are_refused_however_they_are_written(void **state)
{
    static const char *const names[] = {"socketFactory",
                                        "SOCKETFACTORY",
                                        "socket%46actory",
                                        "sslfactory",
                                        "sslrootcert",
                                        "sslcert",
                                        "sslkey",
                                        "sslpasswordcallback",
                                        "sslhostnameverifier",
                                        "loggerFile",
                                        "authenticationPluginClassName",
                                        "passfile",
                                        "service",
                                        "queryInterceptors",
                                        "initSQL",
                                        "trustStore",
                                        "sslmode"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct resolution resolution;
        char *properties = text_format(URL("?%s=evil"), names[i]);
        understand(properties, &resolution);
        if (resolution.target || resolution.reason != REASON_INVALID_INPUT)
            fail_msg("%s", names[i]);
        free(properties);
        resolution_release(&resolution);
    }
}

static void dangers_of_other_vendors(void **state)
{
    static const char *const urls[] = {
        OF("mysql://h/d?allowLoadLocalInfile=true"),
        OF("mysql://h/d?allowUrlInLocalInfile=true"),
        OF("mysql://h/d?autoDeserialize=true"),
        OF("mysql://h/d?queryInterceptors=x"),
        OF("mysql://h/d?sessionVariables=sql_mode=x"),
        OF("mysql://h/d?socketFactory=x"),
        OF("mysql://h/d?namedPipePath=x"),
        OF("mysql://h/d?trustCertificateKeyStoreUrl=file:x"),
        OF("mysql://h/d?authenticationPlugins=x"),
        OF("mariadb://h/d?localSocket=/x"),
        OF("mariadb://h/d?serverSslCert=/x"),
        OF("mariadb://h/d?credentialType=x&pinGlobalTxToPhysicalConnection=1&sslMode=wrong"),
        OF("sqlserver://h;socketFactoryClass=x"),
        OF("sqlserver://h;trustManagerClass=x"),
        OF("sqlserver://h;trustStore=/x"),
        OF("sqlserver://h;clientKey=/x"),
        OF("sqlserver://h;accessTokenCallbackClass=x"),
        OF("sqlserver://h;encrypt=perhaps"),
        OF("oracle:thin:@//h:1/s?TNS_ADMIN=/x"),
        OF("oracle:thin:@tcps://h:1/s?wallet_location=/x"),
        OF("oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=h)(PORT=1))"
           "(SECURITY=(MY_WALLET_DIRECTORY=/x))(CONNECT_DATA=(SID=s)))"),
        OF("snowflake://h/?private_key_file=/x"),
        OF("snowflake://h/?tracing=ALL"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct resolution resolution;
        understand(urls[i], &resolution);
        if (resolution.target || resolution.reason != REASON_INVALID_INPUT)
            fail_msg("%s", urls[i]);
        resolution_release(&resolution);
    }
}

static void harmless_parameters_are_honoured_or_noted(void **state)
{
    struct resolution resolution;
    (void)state;
    understand(URL("?ApplicationName=x%20y&currentSchema=s&unknown=1&connectTimeout=3&user=c4nary&"
                   "password=c4nary"),
               &resolution);
    assert_non_null(resolution.target);
    assert_string_equal(target_parameter(resolution.target, "application_name"), "x y");
    assert_string_equal(target_parameter(resolution.target, "search_path"), "s");
    assert_int_equal(resolution.target->parameter_count, 2);
    assert_int_equal(resolution.problems.count, 4);
    assert_string_equal(resolution.target->user, "u");
    for (size_t i = 0; i < resolution.problems.count; i++)
        assert_null(strstr(resolution.problems.items[i].text, "c4nary"));
    for (size_t i = 0; i < resolution.origin_count; i++)
        assert_null(strstr(resolution.origins[i].value, "c4nary"));
    resolution_release(&resolution);
}

static void username_goes_before_the_secret_and_encrypted_before_plain(void **state)
{
    struct resolution resolution;
    (void)state;
    understand("{\"JDBC_CONNECTION_URL\":\"jdbc:postgresql://h/d\",\"SECRET_ID\":\"s\"," LOGIN "}",
               &resolution);
    assert_string_equal(resolution.target->user, "u");
    assert_null(resolution.target->secret_id);
    resolution_release(&resolution);
    understand("{\"JDBC_CONNECTION_URL\":\"jdbc:postgresql://h/"
               "d\",\"SECRET_ID\":\"s\",\"PASSWORD\":\"p\"}",
               &resolution);
    assert_string_equal(resolution.target->secret_id, "s");
    assert_null(resolution.target->password);
    resolution_release(&resolution);
    understand(
        "{\"JDBC_CONNECTION_URL\":\"jdbc:postgresql://h/d\",\"ENCRYPTED_PASSWORD\":\"e\"," LOGIN
        "}",
        &resolution);
    assert_string_equal(resolution.target->encrypted_password, "e");
    assert_null(resolution.target->password);
    resolution_release(&resolution);
}

static void an_empty_password_is_a_password(void **state)
{
    struct resolution resolution;
    (void)state;
    understand(
        "{\"JDBC_CONNECTION_URL\":\"jdbc:postgresql://h/d\",\"USERNAME\":\"u\",\"PASSWORD\":\"\"}",
        &resolution);
    assert_string_equal(resolution.target->password, "");
    resolution_release(&resolution);
}

static void default_ports_are_the_vendors(void **state)
{
    static const struct {
        const char *properties;
        unsigned port;
    } cases[] = {
        {"{\"JDBC_CONNECTION_URL\":\"jdbc:postgresql://h/d\"," LOGIN "}", 5432},
        {"{\"JDBC_CONNECTION_URL\":\"jdbc:redshift://h/d\"," LOGIN "}", 5439},
        {"{\"HOST\":\"h\",\"PORT\":\"6000\",\"JDBC_ENGINE\":\"Aurora-PostgreSQL\"," LOGIN "}",
         6000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct resolution resolution;
        understand(cases[i].properties, &resolution);
        assert_int_equal(resolution.target->endpoints[0].port, cases[i].port);
        resolution_release(&resolution);
    }
}

static void what_has_no_driver_is_told_honestly(void **state)
{
    static const struct {
        const char *properties;
        enum reason reason;
    } cases[] = {
        {"{\"JDBC_CONNECTION_URL\":\"jdbc:aurora://h/d\"," LOGIN "}", REASON_DRIVER_MISSING},
        {"{\"JDBC_CONNECTION_URL\":\"jdbc:redshift:iam://h/d\"," LOGIN "}", REASON_INVALID_INPUT},
        {"{\"JDBC_CONNECTION_URL\":\"jdbc:db2://h/d\"," LOGIN "}", REASON_UNSUPPORTED_TYPE},
        {"{\"HOST\":\"h\",\"PORT\":\"6000\",\"JDBC_ENGINE\":\"sqlserver-ee\"," LOGIN "}",
         REASON_DRIVER_MISSING},
        {"{\"HOST\":\"h\",\"PORT\":\"6000\",\"JDBC_ENGINE\":\"postgresq\"," LOGIN "}",
         REASON_INVALID_INPUT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct resolution resolution;
        understand(cases[i].properties, &resolution);
        assert_null(resolution.target);
        assert_int_equal(resolution.reason, cases[i].reason);
        resolution_release(&resolution);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_settings_tighten_and_never_loosen),
        cmocka_unit_test(dangerous_parameters_are_refused_however_they_are_written),
        cmocka_unit_test(dangers_of_other_vendors),
        cmocka_unit_test(harmless_parameters_are_honoured_or_noted),
        cmocka_unit_test(username_goes_before_the_secret_and_encrypted_before_plain),
        cmocka_unit_test(an_empty_password_is_a_password),
        cmocka_unit_test(default_ports_are_the_vendors),
        cmocka_unit_test(what_has_no_driver_is_told_honestly),
    };
    return cmocka_run_group_tests(tests, set_up, registry_tear_down);
}
