/* SPDX-License-Identifier: Apache-2.0 */
/* report_test.c - a worker's lines become a report, or are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report.h"
#include "text.h"

static bool read(struct report *report, const char *line)
{
    return report_read_line(report, line, strlen(line));
}

static const char *text_at(const json_t *test, const char *key)
{
    return json_string_value(json_object_get(test, key));
}

static void lines_become_a_report(void **state)
{
    static const char *const lines[] = {
        "{\"at\":1,\"stage\":\"input\"}",
        "{\"at\":2,\"driver\":\"postgresql\"}",
        "{\"at\":3,\"target\":{\"host\":\"h\"}}",
        "{\"at\":4,\"stage\":\"tcp\"}",
        "{\"at\":5,\"fact\":\"address\",\"value\":\"192.0.2.7\"}",
        "{\"at\":5,\"target\":{\"port\":1}}",
        "{\"at\":6,\"finding\":{\"severity\":\"note\",\"rule\":\"r\",\"message\":\"m\\u001b[1m\"}}",
        "{\"at\":2500,\"stage\":\"login\"}",
        "{\"at\":3000,\"ok\":false,\"stage\":\"login\",\"code\":\"LOGIN_REFUSED\",\"reason\":"
        "\"no\"}"};
    struct report *report = report_new("orders", "JDBC");
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_true(read(report, lines[i]));
    report_finish(report);
    json_t *test = report_to_json(report);
    assert_string_equal(text_at(test, "status"), "failed");
    assert_string_equal(text_at(test, "code"), "LOGIN_REFUSED");
    assert_string_equal(text_at(test, "exception"), "InvalidInputException");
    assert_non_null(text_at(test, "remedy"));
    const json_t *stages = json_object_get(test, "stages");
    assert_string_equal(text_at(json_array_get(stages, 1), "name"), "tcp");
    assert_string_equal(text_at(json_array_get(stages, 1), "status"), "passed");
    assert_true(json_number_value(json_object_get(json_array_get(stages, 1), "duration_ms")) > 2.4);
    assert_string_equal(text_at(json_array_get(json_object_get(test, "findings"), 0), "message"),
                        "m[1m");
    assert_int_equal(json_object_size(json_object_get(test, "target")), 2);
    json_decref(test);
    report_free(report);
}

static void a_verdict_brings_brief_and_details(void **state)
{
    struct report *report = report_new("orders", "JDBC");
    (void)state;
    assert_true(read(report, "{\"at\":1,\"stage\":\"tls\"}"));
    assert_true(read(report,
                     "{\"at\":2,\"ok\":false,\"stage\":\"tls\",\"code\":\"TLS_NAME_MISMATCH\","
                     "\"reason\":\"r\",\"brief\":\"for b\\u001b\","
                     "\"details\":[[\"expected\",\"a\"],[\"presented\",\"b\\r\"]]}"));
    assert_string_equal(report->brief, "for b");
    assert_int_equal(json_array_size(report->details), 2);
    assert_string_equal(json_string_value(json_array_get(json_array_get(report->details, 1), 1)),
                        "b");
    report_free(report);
    report = report_new("orders", "JDBC");
    assert_true(read(report, "{\"at\":2,\"ok\":false,\"stage\":\"tls\",\"code\":\"TLS_HANDSHAKE\","
                             "\"reason\":\"r\",\"details\":[[\"expected\",1]]}"));
    assert_null(report->details);
    assert_null(report->brief);
    report_free(report);
}

static void an_error_keeps_as_many_details_as_fit(void **state)
{
    struct error err = ERROR_INIT;
    (void)state;
    error_set(&err, REASON_INTERNAL, "x");
    for (int i = 0; i < 100; i++)
        error_detail(&err, "expected", "the %d\tth\n", i);
    assert_memory_equal(err.details, "expected\tthe 0 th\nexpected\t", 27);
    assert_int_equal(err.details[strlen(err.details) - 1], '\n');
    error_set(&err, REASON_INTERNAL, "y");
    assert_string_equal(err.details, "");
}

static void what_is_skipped_shows_where_it_stood(void **state)
{
    struct report *report = report_new("orders", "JDBC");
    (void)state;
    assert_true(read(report, "{\"at\":1,\"stage\":\"input\"}"));
    assert_true(read(report, "{\"at\":2,\"stage\":\"dns\"}"));
    report_skip(report, "interrupted");
    json_t *test = report_to_json(report);
    assert_string_equal(text_at(test, "status"), "skipped");
    assert_string_equal(text_at(test, "stage"), "dns");
    assert_string_equal(text_at(test, "reason"), "interrupted");
    assert_null(json_object_get(test, "code"));
    json_decref(test);
    report_free(report);
    report = report_new("orders", "JDBC");
    report_skip(report, "interrupted");
    test = report_to_json(report);
    assert_null(json_object_get(test, "stage"));
    assert_int_equal(json_array_size(json_object_get(test, "stages")), 0);
    json_decref(test);
    report_free(report);
}

static void what_is_still_to_come_is_as_planned(void **state)
{
    static const struct {
        const char *plan;
        const char *shown; /* after tcp */
    } cases[] = {
        {"{\"at\":1,\"plan\":[\"dns\",\"tcp\",\"tls\",\"login\",\"query\"]}", "tls login query "},
        {"{\"at\":1,\"plan\":[\"dns\",\"tcp\"]}", ""},
        {"{\"at\":1,\"driver\":\"x\"}", "login query "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct report *report = report_new("orders", "JDBC");
        assert_true(read(report, cases[i].plan));
        assert_true(read(report,
                         "{\"at\":2,\"ok\":false,\"stage\":\"tcp\",\"code\":\"CONNECT_REFUSED\","
                         "\"reason\":\"no\"}"));
        struct text_buffer shown = TEXT_BUFFER_INIT;
        for (int stage = STAGE_TCP + 1; stage < STAGE_COUNT; stage++)
            if (report_stage_shown(report, (enum stage)stage))
                text_append_format(&shown, "%s ", stage_name((enum stage)stage));
        assert_string_equal(shown.data ? shown.data : "", cases[i].shown);
        text_buffer_release(&shown);
        report_free(report);
    }
    struct report *report = report_new("orders", "JDBC");
    assert_false(read(report, "{\"at\":1,\"plan\":[\"dance\"]}"));
    assert_false(read(report, "{\"at\":1,\"plan\":{}}"));
    report_free(report);
}

#define FINDING(text)                                                                              \
    "{\"at\":5,\"finding\":{\"severity\":\"note\",\"rule\":\"r\",\"message\":\"" text "\"}}"

static void the_deciding_attempt_is_what_is_shown(void **state)
{
    static const char *const lines[] = {"{\"at\":1,\"stage\":\"input\"}",
                                        "{\"at\":2,\"stage\":\"dns\"}",
                                        "{\"at\":3,\"target\":{\"port\":1}}",
                                        "{\"at\":3,\"stage\":\"tcp\"}",
                                        "{\"at\":4,\"stage\":\"login\"}",
                                        FINDING("first"),
                                        FINDING("first"),
                                        "{\"at\":5,\"attempt\":\"dns\"}",
                                        "{\"at\":6,\"target\":{\"port\":2}}",
                                        "{\"at\":7,\"stage\":\"dns\"}",
                                        "{\"at\":8,\"stage\":\"tcp\"}",
                                        FINDING("second"),
                                        "{\"at\":9,\"ok\":false,\"stage\":\"login\",\"code\":"
                                        "\"DATABASE_MISSING\",\"reason\":\"no\",\"attempt\":0}"};
    struct report *report = report_new("orders", "JDBC");
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_true(read(report, lines[i]));
    assert_int_equal(report->stages[STAGE_TCP].status, STAGE_PASSED);
    assert_int_equal(report->stages[STAGE_LOGIN].status, STAGE_FAILED);
    assert_int_equal(json_integer_value(json_object_get(report->target, "port")), 1);
    assert_int_equal(json_array_size(report->stages[STAGE_LOGIN].findings), 1);
    assert_int_equal(json_array_size(report->findings), 1);
    assert_string_equal(text_at(json_array_get(report->findings, 0), "message"), "second");
    report_free(report);
}

static void what_is_no_line_is_refused(void **state)
{
    static const char *const lines[] = {
        "",
        "x",
        "{",
        "[]",
        "{}",
        "{\"at\":1}",
        "{\"at\":-1,\"stage\":\"dns\"}",
        "{\"at\":\"1\",\"stage\":\"dns\"}",
        "{\"at\":1,\"stage\":\"nowhere\"}",
        "{\"at\":1,\"stage\":5}",
        "{\"at\":1,\"stage\":\"dns\",\"stage\":\"tcp\"}",
        "{\"at\":1,\"fact\":\"Bad Key\",\"value\":1}",
        "{\"at\":1,\"fact\":\"key\"}",
        "{\"at\":1,\"attempt\":\"input\"}",
        "{\"at\":1,\"finding\":{\"severity\":\"fatal\",\"rule\":\"r\",\"message\":\"m\"}}",
        "{\"at\":1,\"finding\":{\"severity\":\"note\",\"rule\":\"r\"}}",
        "{\"at\":1,\"target\":[]}",
        "{\"at\":1,\"tls\":1}",
        "{\"at\":1,\"ok\":false}",
        "{\"at\":1,\"ok\":false,\"stage\":\"dns\",\"code\":\"NOSUCH\",\"reason\":\"x\"}",
        "{\"at\":1,\"ok\":false,\"stage\":\"dns\",\"code\":\"INTERNAL\"}",
        "{\"at\":1,\"fact\":\"a\",\"value\":[[[[[[[[[[1]]]]]]]]]]}"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct report *report = report_new("x", "JDBC");
        if (read(report, lines[i]))
            fail_msg("%s", lines[i]);
        report_free(report);
    }
}

static void a_stage_cannot_come_twice_and_nothing_after_the_verdict(void **state)
{
    struct report *report = report_new("x", "JDBC");
    (void)state;
    assert_true(read(report, "{\"at\":1,\"stage\":\"tcp\"}"));
    assert_false(read(report, "{\"at\":2,\"stage\":\"tcp\"}"));
    assert_false(read(report, "{\"at\":2,\"stage\":\"dns\"}"));
    assert_true(read(report, "{\"at\":3,\"ok\":true}"));
    assert_false(read(report, "{\"at\":4,\"stage\":\"tls\"}"));
    report_free(report);
}

static void the_exit_code_says_the_worst(void **state)
{
    static const struct {
        enum reason reason; /* REASON_NONE: passed */
        enum stage stage;
        int code; /* of all so far */
    } cases[] = {{REASON_NONE, STAGE_QUERY, 0},
                 {REASON_INVALID_INPUT, STAGE_INPUT, 2},
                 {REASON_TIMED_OUT, STAGE_TCP, 1},
                 {REASON_INTERNAL, STAGE_LOGIN, 3},
                 {REASON_TIMED_OUT, STAGE_TCP, 3}};
    struct summary summary = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct report *report = report_new("x", "JDBC");
        struct error err = ERROR_INIT;
        if (cases[i].reason == REASON_NONE)
            assert_true(read(report, "{\"at\":1,\"ok\":true}"));
        else
            error_set(&err, cases[i].reason, "x");
        if (cases[i].reason != REASON_NONE)
            report_fail(report, cases[i].stage, &err);
        summary_add(&summary, report);
        assert_int_equal(summary_exit_code(&summary), cases[i].code);
        report_free(report);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_a_report),
        cmocka_unit_test(what_is_still_to_come_is_as_planned),
        cmocka_unit_test(the_deciding_attempt_is_what_is_shown),
        cmocka_unit_test(what_is_no_line_is_refused),
        cmocka_unit_test(a_verdict_brings_brief_and_details),
        cmocka_unit_test(an_error_keeps_as_many_details_as_fit),
        cmocka_unit_test(what_is_skipped_shows_where_it_stood),
        cmocka_unit_test(a_stage_cannot_come_twice_and_nothing_after_the_verdict),
        cmocka_unit_test(the_exit_code_says_the_worst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
