/* SPDX-License-Identifier: Apache-2.0 */
/* bootstrap_test.c - lists of brokers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bootstrap.h"

static void reads_brokers(void **state)
{
    static const struct {
        const char *list;
        const char *brokers; /* "host port, ..." */
        size_t notes;
    } cases[] = {
        {"b1:9092", "b1 9092,", 0},
        {"b1:9092,b2:9093", "b1 9092,b2 9093,", 0},
        {" b1:9092 ,\tb2:9093 ", "b1 9092,b2 9093,", 0},
        {"b1:9092,,b2:9092,", "b1 9092,b2 9092,", 0},
        {"b1:9092,B1:9092", "b1 9092,", 0},
        {"[::1]:9092,127.0.0.1:1", "::1 9092,127.0.0.1 1,", 0},
        {"SASL_SSL://b1:9096", "b1 9096,", 1},
        {"b\xc3\xbc.example:9092", "xn--b-eha.example 9092,", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct problems problems = PROBLEMS_INIT;
        struct endpoint *servers = NULL;
        char got[256] = "";
        size_t count = bootstrap_read(cases[i].list, &servers, &problems);
        for (size_t k = 0; k < count; k++)
            snprintf(got + strlen(got), sizeof got - strlen(got), "%s %u,", servers[k].host,
                     servers[k].port);
        assert_string_equal(got, cases[i].brokers);
        assert_int_equal(problems.refused, 0);
        assert_int_equal(problems.count, cases[i].notes);
        bootstrap_release(servers, count);
        problems_release(&problems);
    }
}

static void refuses_what_is_no_broker(void **state)
{
    static const struct {
        const char *list;
        const char *words;
        size_t refused;
    } cases[] = {
        {"b1", "no port", 1},
        {"b1:", "no port between", 1},
        {":9092", "no host", 1},
        {"b1:0", "no port between", 1},
        {"b1:65536", "no port between", 1},
        {"b1:9092x", "no port between", 1},
        {"b1:9092/x", "no port between", 1},
        {"::1:9092", "brackets", 1},
        {"a:9092;b:9092", "parted by commas", 1},
        {"a:9092 b:9092", "parted by commas", 1},
        {"[::1]", "no port", 1},
        {"[::1:9092", "no port", 1},
        {"[]:9092", "brackets", 1},
        {"b 1:9092", "blank", 1},
        {"b1/x:9092", "path", 1},
        {"user@b1:9092", "character", 1},
        {"b1,b2", "no port", 2},
        {", ,", "names no broker", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct problems problems = PROBLEMS_INIT;
        struct endpoint *servers = NULL;
        size_t count = bootstrap_read(cases[i].list, &servers, &problems);
        assert_int_equal(problems.refused, cases[i].refused);
        assert_non_null(strstr(problems.items[0].text, cases[i].words));
        bootstrap_release(servers, count);
        problems_release(&problems);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_brokers),
        cmocka_unit_test(refuses_what_is_no_broker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
