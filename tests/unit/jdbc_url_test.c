/* SPDX-License-Identifier: Apache-2.0 */
/* jdbc_url_test.c - JDBC URLs taken apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jdbc_url.h"
#include "text.h"

/* "host:port host:port /database name=value": what a URL was understood as. */
static char *describe(const struct jdbc_url *url)
{
    struct text_buffer text = TEXT_BUFFER_INIT;
    for (size_t i = 0; i < url->endpoint_count; i++)
        text_append_format(&text, "%s:%u ", url->endpoints[i].host, url->endpoints[i].port);
    text_append_format(&text, "/%s", url->database ? url->database : "");
    for (size_t i = 0; i < url->parameter_count; i++)
        text_append_format(&text, " %s=%s", url->parameters[i].name, url->parameters[i].value);
    return text_take(&text);
}

static void understands_what_is_right(void **state)
{
    static const struct {
        const char *url;
        const char *understood;
    } cases[] = {
        {"jdbc:postgresql://h:5432/d", "h:5432 /d"},
        {"jdbc:postgresql://h/d", "h:0 /d"},
        {"jdbc:postgresql://h:5432/", "h:5432 /"},
        {"jdbc:postgresql://h:5432", "h:5432 /"},
        {"JDBC:PostgreSQL://h:1/d", "h:1 /d"},
        {"jdbc:postgresql://[2001:db8::7]:5432/d", "2001:db8::7:5432 /d"},
        {"jdbc:postgresql://[::1]/d", "::1:0 /d"},
        {"jdbc:postgresql://a:1,b,[::1]:3/d", "a:1 b:0 ::1:3 /d"},
        {"jdbc:postgresql://b\xc3\xbc"
         "cher.example:1/d",
         "xn--bcher-kva.example:1 /d"},
        {"jdbc:postgresql://h:1/a%20b%2Fc%25", NULL}, /* a slash in the name, even escaped */
        {"jdbc:postgresql://h:1/a%20b%25", "h:1 /a b%"},
        {"jdbc:postgresql://h:1/d?a=b&c=%26%3D&d", "h:1 /d a=b c=&= d="},
        {"jdbc:postgresql://h:1?a=b", "h:1 / a=b"},
        {"jdbc:redshift://h:5439/dev", "h:5439 /dev"},
        {"jdbc:redshift:iam://h:5439/dev", "h:5439 /dev"},
        {"jdbc:mysql://h:3306/d", "h:3306 /d"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jdbc_url url = JDBC_URL_INIT;
        struct problems problems = PROBLEMS_INIT;
        bool right = jdbc_url_parse(cases[i].url, "URL", &url, &problems);
        char *text = describe(&url);
        if (right != (cases[i].understood != NULL) ||
            (right && strcmp(text, cases[i].understood) != 0))
            fail_msg("%s: %s", cases[i].url, text);
        free(text);
        problems_release(&problems);
        jdbc_url_release(&url);
    }
}

static void refuses_what_is_wrong_and_quotes_no_credentials(void **state)
{
    static const struct {
        const char *url;
        const char *words;
    } cases[] = {
        {"postgresql://h/d", "jdbc:"},
        {"jdbc:postgres://h/d", "did you mean jdbc:postgresql"},
        {"jdbc:postgersql://h/d", "did you mean jdbc:postgresql"},
        {"jdbc:", "no database driver"},
        {"jdbc:postgresql:d", "//HOST"},
        {"jdbc:postgresql:///d", "no host"},
        {"jdbc:postgresql://:5432/d", "no host"},
        {"jdbc:postgresql://h:/d", "port"},
        {"jdbc:postgresql://h:0/d", "port"},
        {"jdbc:postgresql://h:65536/d", "port"},
        {"jdbc:postgresql://h:1:2/d", "brackets"},
        {"jdbc:postgresql://::1/d", "brackets"},
        {"jdbc:postgresql://[::1/d", "bracket"},
        {"jdbc:postgresql://[::1]x/d", "bracket"},
        {"jdbc:postgresql://h,,g/d", "no host"},
        {"jdbc:postgresql://u:c4nary@h/d", "USERNAME and PASSWORD"},
        {"jdbc:postgresql://h/d%zz", "percent"},
        {"jdbc:postgresql://h/d%00", "percent"},
        {"jdbc:postgresql://h/d?a=%ff", "percent"},
        {"jdbc:postgresql://h/d?=x", "empty name"},
        {"jdbc:sqlite:/etc/passwd", "file"},
        {"jdbc:h2:file:/x", "file"},
        {"jdbc:h2:~/x", "file"},
        {"jdbc:hsqldb:file:x", "file"},
        {"jdbc:derby:x", "file"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jdbc_url url = JDBC_URL_INIT;
        struct problems problems = PROBLEMS_INIT;
        bool right = jdbc_url_parse(cases[i].url, "URL", &url, &problems);
        char *text = problems_join(&problems, "");
        if (right || !strstr(text, cases[i].words) || strstr(text, "c4nary"))
            fail_msg("%s: %s", cases[i].url, text);
        free(text);
        problems_release(&problems);
        jdbc_url_release(&url);
    }
}

static void knows_other_databases_from_misspelt_ones(void **state)
{
    static const struct {
        const char *url;
        enum jdbc_standing standing;
    } cases[] = {
        {"jdbc:db2://h:1/d", JDBC_OTHER},
        {"jdbc:h2:tcp://h/d", JDBC_OTHER},
        {"jdbc:derby://h:1527/d", JDBC_OTHER},
        {"jdbc:oracle:thin:@//h:1521/s", JDBC_VENDOR},
        {"jdbc:sqlserver://h:1433;database=d", JDBC_VENDOR},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jdbc_url url = JDBC_URL_INIT;
        struct problems problems = PROBLEMS_INIT;
        assert_true(jdbc_url_parse(cases[i].url, "URL", &url, &problems));
        assert_int_equal(url.standing, cases[i].standing);
        assert_int_equal(problems.count, 0);
        jdbc_url_release(&url);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(understands_what_is_right),
        cmocka_unit_test(refuses_what_is_wrong_and_quotes_no_credentials),
        cmocka_unit_test(knows_other_databases_from_misspelt_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
