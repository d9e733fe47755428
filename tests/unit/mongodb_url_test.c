/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_url_test.c - MongoDB's connection strings and their options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mongodb_url.h"
#include "one_driver.h"
#include "url_cases.h"

static void understands_what_is_right(void **state)
{
    static const struct url_case cases[] = {
        {"mongodb://h", "h:0 /"},
        {"mongodb://h/", "h:0 /"},
        {"mongodb://h:27018", "h:27018 /"},
        {"mongodb://h:27018/orders", "h:27018 /orders"},
        {"mongodb://h:27018/orders/", "h:27018 /orders"},
        {"mongodb://mongo_1:1/d", "mongo_1:1 /d"},
        {"mongodb://192.0.2.7/d", "192.0.2.7:0 /d"},
        {"mongodb://[2001:db8::7]:27017/d", "2001:db8::7:27017 /d"},
        {"mongodb://[::1]", "::1:0 /"},
        {"mongodb://a:1,b,[::1]:3/d?replicaSet=rs0", "a:1 b:0 ::1:3 /d replicaSet=rs0"},
        {"mongodb://b\xc3\xbc"
         "cher.example:1/d",
         "xn--bcher-kva.example:1 /d"},
        {"mongodb://h/a%C3%A4b", "h:0 /a\xc3\xa4"
                                 "b"},
        {"mongodb://h?tls=true", "h:0 / tls=true"},
        {"mongodb://h/?authSource=a%26b&w=1", "h:0 / authSource=a&b w=1"},
        {"mongodb+srv://db.lab.test/orders?tls=false", "db.lab.test:0 /orders tls=false"},
        {"mongodb+srv://db.lab.test", "db.lab.test:0 /"},
    };
    (void)state;
    url_expect(mongodb_url_parse, cases, sizeof cases / sizeof *cases);
}

static void tells_a_service_from_hosts(void **state)
{
    static const char *const cases[] = {"mongodb", "mongodb+srv"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jdbc_url url = JDBC_URL_INIT;
        struct problems problems = PROBLEMS_INIT;
        char *text = text_format("%s://db.lab.test/orders", cases[i]);
        assert_true(mongodb_url_parse(text, "URL", &url, &problems));
        assert_string_equal(url.subprotocol, cases[i]);
        free(text);
        jdbc_url_release(&url);
    }
}

static void refuses_what_is_wrong_and_says_why(void **state)
{
    static const struct {
        const char *url;
        const char *rule;
        const char *words;
    } cases[] = {
        {"http://h", "url", "mongodb://"},
        {"mongodb:/h", "url", "mongodb://"},
        {"mongodb://", "url", "no host"},
        {"mongodb:///d", "url", "no host"},
        {"mongodb://a,,b/d", "url", "no host"},
        {"mongodb://h:/d", "url", "port"},
        {"mongodb://h:0/d", "url", "port"},
        {"mongodb://h:65536/d", "url", "port"},
        {"mongodb://h:x/d", "url", "port"},
        {"mongodb://h:70000/d", "url", "70000 behind \"h\""},
        {"mongodb://app:c4nary/d", "url", "behind \"app\""},
        {"mongodb://1.2.3/d", "url", "\"1.2.3\", which is neither"},
        {"MONGODB://h/d", "url", "begins with \"MONGODB://\""},
        {"c4nary/d", "url", "does not begin with mongodb://"},
        {"mongodb://2001:db8::7/d", "url", "brackets"},
        {"mongodb://[::1/d", "url", "bracket"},
        {"mongodb://h h/d", "url", "host"},
        {"mongodb://h/a.b", "url", "database"},
        {"mongodb://h/a/b", "url", "database"},
        {"mongodb://h/a%2Fb", "url", "database"},
        {"mongodb://h/a%20b", "url", "database"},
        {"mongodb://h/a%zz", "url", "escape"},
        {"mongodb://h/d?a=%", "url", "escape"},
        {"mongodb://h/d?=x", "url", "empty name"},
        {"mongodb://%2Ftmp%2Fmongodb-27017.sock/d", "unix-socket", "HOST:PORT"},
        {"mongodb:///tmp/mongodb-27017.sock", "unix-socket", "HOST:PORT"},
        {"mongodb://mongodb.sock", "unix-socket", "HOST:PORT"},
        {"mongodb://app:c4nary@h/d", "credentials-in-url", "USERNAME"},
        {"mongodb://app@h/d", "credentials-in-url", "USERNAME"},
        {"mongodb://app:c4n/ary@h/d", "credentials-in-url", "USERNAME"},
        {"mongodb://app:c4n?ary@h/d?x=y", "credentials-in-url", "USERNAME"},
        {"mongodb+srv://app:c4nary@db.lab.test", "credentials-in-url", "USERNAME"},
        {"mongodb+srv://a.b.c,d.e.f/x", "url", "several hosts"},
        {"mongodb+srv://a.b.c:27017/x", "url", "port"},
        {"mongodb+srv://192.0.2.7/x", "url", "address"},
        {"mongodb+srv://[::1]/x", "url", "address"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jdbc_url url = JDBC_URL_INIT;
        struct problems problems = PROBLEMS_INIT;
        bool usable = mongodb_url_parse(cases[i].url, "URL", &url, &problems);
        if ((usable && !problems.refused) || !problems.count)
            print_error("%s\n", cases[i].url);
        assert_true(problems.refused > 0);
        assert_string_equal(problems.items[0].rule, cases[i].rule);
        assert_non_null(strstr(problems.items[0].text, cases[i].words));
        for (size_t k = 0; k < problems.count; k++) {
            assert_null(strstr(problems.items[k].text, "c4n"));
            assert_null(strstr(problems.items[k].text, "ary"));
        }
        problems_release(&problems);
        jdbc_url_release(&url);
    }
}

static int set_up(void **state)
{
    (void)state;
    return registry_set_up("mongodb", "MONGODB", json_pack("{s:i}", "default_port", 27017));
}

static void understand(const char *url, const char *more, struct resolution *resolution)
{
    char *properties = text_format(
        "{\"CONNECTION_URL\":\"%s\",\"USERNAME\":\"app\",\"PASSWORD\":\"pw\"%s}", url, more);
    json_t *document = json_pack("{s:s, s:o}", "ConnectionType", "MONGODB", "ConnectionProperties",
                                 json_loads(properties, 0, NULL));
    struct connection *connection = connection_new(document, CONNECTION_FORM_TEST_INPUT);
    resolution_init(resolution);
    resolve(connection, registry, false, resolution);
    connection_free(connection);
    free(properties);
}

#define ENFORCED ",\"JDBC_ENFORCE_SSL\":\"true\""

static void tls_words_tighten_and_never_loosen(void **state)
{
    /* attempt, require, verify chain, verify name */
    static const struct {
        const char *url;
        const char *more;
        const char *policy;
        bool overruled;
    } cases[] = {
        {"mongodb://h", "", "1000", false},
        {"mongodb://h/?tls=true", "", "1111", false},
        {"mongodb://h/?SSL=TRUE", "", "1111", false},
        {"mongodb://h/?tls=false", "", "0000", false},
        {"mongodb://h/?tlsInsecure=true", "", "1000", false},
        {"mongodb://h/?tls=true&tlsInsecure=true", "", "1100", false},
        {"mongodb://h/?tls=true&tlsAllowInvalidCertificates=true", "", "1100", false},
        {"mongodb://h/?tls=true&tlsAllowInvalidHostnames=true", "", "1110", false},
        {"mongodb://h/?tlsAllowInvalidHostnames=true&tlsInsecure=true&tls=true", "", "1100", false},
        {"mongodb+srv://a.b.c", "", "1111", false},
        {"mongodb+srv://a.b.c/?tls=false", "", "0000", false},
        {"mongodb://h", ENFORCED, "1111", false},
        {"mongodb://h/?tls=true", ENFORCED, "1111", false},
        {"mongodb://h/?tls=false", ENFORCED, "1111", true},
        {"mongodb://h/?tlsInsecure=true", ENFORCED, "1111", true},
        {"mongodb://h/?tlsAllowInvalidHostnames=true", ENFORCED, "1111", true},
        {"mongodb+srv://a.b.c/?tls=false", ENFORCED, "1111", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct resolution resolution;
        bool overruled = false;
        understand(cases[i].url, cases[i].more, &resolution);
        assert_non_null(resolution.target);
        const struct tls_policy *tls = &resolution.target->tls;
        char policy[5] = {(char)('0' + tls->attempt), (char)('0' + tls->require),
                          (char)('0' + tls->verify_chain), (char)('0' + tls->verify_name), '\0'};
        if (strcmp(policy, cases[i].policy) != 0)
            print_error("%s\n", cases[i].url);
        assert_string_equal(policy, cases[i].policy);
        for (size_t k = 0; k < resolution.problems.count; k++)
            overruled |= strcmp(resolution.problems.items[k].rule, "tls-overruled") == 0;
        assert_int_equal(overruled, cases[i].overruled);
        resolution_release(&resolution);
    }
}

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void options_are_honoured_refused_or_told(void **state)
{
    static const struct {
        const char *query;
        const char *rule; /* of the first problem; NULL: none */
        bool refused;
        const char *name; /* an honoured option, and its value; or NULL */
        const char *value;
    } cases[] = {
        {"authSource=users", NULL, false, "authSource", "users"},
        {"AUTHSOURCE=users", NULL, false, "authSource", "users"},
        {"authMechanism=SCRAM-SHA-1", NULL, false, "authMechanism", "SCRAM-SHA-1"},
        {"authMechanism=scram", "url-parameter", true, NULL, NULL},
        {"authMechanism=", "url-parameter", true, NULL, NULL},
        {"authMechanism=MONGODB-X509&authSource=admin", "url-parameter", true, NULL, NULL},
        {"authMechanism=MONGODB-X509&authSource=$external", NULL, false, "authSource", "$external"},
        {"replicaSet=rs0", NULL, false, "replicaSet", "rs0"},
        {"directConnection=true", NULL, false, "directConnection", "true"},
        {"directConnection=yes", "url-parameter", true, NULL, NULL},
        {"readPreference=secondary", NULL, false, "readPreference", "secondary"},
        {"readPreference=slave", "url-parameter", true, NULL, NULL},
        {"connectTimeoutMS=500", NULL, false, "connectTimeoutMS", "500"},
        {"connectTimeoutMS=-1", "url-parameter", true, NULL, NULL},
        {"connectTimeoutMS=soon", "url-parameter", true, NULL, NULL},
        {"loadBalanced=true&replicaSet=rs0", "url-parameter", true, NULL, NULL},
        {"srvMaxHosts=2", "url-parameter", true, NULL, NULL},
        {"tls=maybe", "url-parameter", true, NULL, NULL},
        {"tlsCAFile=/etc/ssl/ca.pem", "url-parameter-refused", true, NULL, NULL},
        {"TLSCertificateKeyFile=/x", "url-parameter-refused", true, NULL, NULL},
        {"%74lsCAFile=/x", "url-parameter-refused", true, NULL, NULL},
        {"proxyHost=x", "url-parameter-refused", true, NULL, NULL},
        {"tlsCertificateKeyFilePassword=c4nary", "credentials-in-url", false, NULL, NULL},
        {"password=c4nary", "credentials-in-url", false, NULL, NULL},
        {"retryWrites=true", "url-parameter-idle", false, NULL, NULL},
        {"appName=" X64 X64, NULL, false, "appName", X64 X64},
        {"appName=" X64 X64 "x", "url-parameter", true, NULL, NULL},
        {"madeUp=1", "url-parameter-unknown", false, NULL, NULL},
        {"authSource=a&authSource=b", "url-parameter-repeated", false, "authSource", "a"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct resolution resolution;
        char *url = text_format("mongodb://h/?%s", cases[i].query);
        understand(url, "", &resolution);
        const struct problems *problems = &resolution.problems;
        if (cases[i].refused != (problems->refused > 0))
            print_error("%s\n", url);
        assert_int_equal(problems->refused > 0, cases[i].refused);
        assert_int_equal(problems->count > 0, cases[i].rule != NULL);
        if (cases[i].rule)
            assert_string_equal(problems->items[0].rule, cases[i].rule);
        for (size_t k = 0; k < problems->count; k++)
            assert_null(strstr(problems->items[k].text, "c4nary"));
        if (cases[i].name)
            assert_string_equal(target_parameter(resolution.target, cases[i].name), cases[i].value);
        resolution_release(&resolution);
        free(url);
    }
}

static void where_hosts_ports_and_database_come_from(void **state)
{
    struct resolution resolution;
    (void)state;
    understand("mongodb://a,b:27018/orders", "", &resolution);
    assert_int_equal(resolution.target->endpoint_count, 2);
    assert_int_equal(resolution.target->endpoints[0].port, 27017);
    assert_int_equal(resolution.target->endpoints[1].port, 27018);
    assert_string_equal(resolution.target->database, "orders");
    assert_string_equal(resolution.target->subprotocol, "mongodb");
    assert_string_equal(resolution.target->host_property, "ConnectionProperties.CONNECTION_URL");
    resolution_release(&resolution);
    understand("mongodb+srv://db.lab.test", ",\"DATABASE\":\"orders\"", &resolution);
    assert_int_equal(resolution.target->endpoint_count, 1);
    assert_int_equal(resolution.target->endpoints[0].port, 0);
    assert_string_equal(resolution.target->database, "orders");
    assert_string_equal(resolution.target->subprotocol, "mongodb+srv");
    resolution_release(&resolution);
    understand("mongodb://a,b/?directConnection=true", "", &resolution);
    assert_null(resolution.target);
    assert_int_equal(resolution.reason, REASON_INVALID_INPUT);
    resolution_release(&resolution);
}

static void problems_of_the_url_are_told_beside_the_others(void **state)
{
    struct resolution resolution;
    (void)state;
    understand("mongodb://app:x@h/d", ",\"JDBC_ENFORCE_SSL\":\"yes\"", &resolution);
    assert_int_equal(resolution.problems.refused, 2);
    resolution_release(&resolution);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(understands_what_is_right),
        cmocka_unit_test(tells_a_service_from_hosts),
        cmocka_unit_test(refuses_what_is_wrong_and_says_why),
        cmocka_unit_test(tls_words_tighten_and_never_loosen),
        cmocka_unit_test(options_are_honoured_refused_or_told),
        cmocka_unit_test(where_hosts_ports_and_database_come_from),
        cmocka_unit_test(problems_of_the_url_are_told_beside_the_others),
    };
    return cmocka_run_group_tests(tests, set_up, registry_tear_down);
}
