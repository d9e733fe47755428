/* SPDX-License-Identifier: Apache-2.0 */
/* text_test.c - strings, times, near words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "testconn/error.h"
#include "text.h"

static void makes_one_printable_line(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } cases[] = {
        {"plain", "plain"},
        {" a \n\t b\r\n", "a b"},
        {"a\x1b[31mb", "a[31mb"},
        {"\xff\xfe", "\\xff\\xfe"},
        {"\xe4\xb8\xad", "\xe4\xb8\xad"},
        {"a\xc2\x85z", "a z"},
        {"a\xe2\x80\xae z", "a z"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[64];
        text_one_line(out, sizeof out, cases[i].in, strlen(cases[i].in));
        assert_string_equal(out, cases[i].out);
        assert_true(text_is_utf8(out, strlen(out)));
    }
}

static void cuts_a_long_line_between_characters(void **state)
{
    char out[8];
    (void)state;
    text_one_line(out, sizeof out, "ab\xe4\xb8\xad\xe4\xb8\xad", 8);
    assert_string_equal(out, "ab...");
    text_one_line(out, sizeof out, "abcdefg", 7);
    assert_string_equal(out, "abcdefg");
    text_one_line(out, sizeof out, "abcdefgh", 8);
    assert_string_equal(out, "abcd...");
}

static void knows_utf8_from_other_bytes(void **state)
{
    (void)state;
    assert_true(text_is_utf8("\xf0\x9f\x98\x80", 4));
    assert_false(text_is_utf8("\xf4\x90\x80\x80", 4)); /* above U+10FFFF */
    assert_false(text_is_utf8("\xc0\x80", 2));         /* overlong */
    assert_false(text_is_utf8("\xe4\xb8", 2));         /* cut off */
}

static void reads_whole_numbers_only(void **state)
{
    static const struct {
        const char *text;
        bool right;
    } cases[] = {{"1024", true},   {"65535", true},
                 {"1023", false},  {"65536", false},
                 {"", false},      {"+2000", false},
                 {" 2000", false}, {"2000 ", false},
                 {"0x800", false}, {"99999999999999999999", false}};
    unsigned long value;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(text_to_number(cases[i].text, 1024, 65535, &value), cases[i].right);
}

static void reads_times_with_a_unit_only(void **state)
{
    static const struct {
        const char *text;
        long milliseconds; /* 0: refused */
    } cases[] = {{"500ms", 500}, {"10s", 10000}, {"2m", 120000}, {"1.5s", 1500},
                 {"10", 0},      {"0s", 0},      {"-1s", 0},     {"s", 0},
                 {"1h", 0},      {"1 s", 0},     {"1.2.3s", 0},  {"9999m", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        long milliseconds = 0;
        bool read = text_to_milliseconds(cases[i].text, &milliseconds);
        assert_int_equal(read, cases[i].milliseconds != 0);
        if (read)
            assert_int_equal(milliseconds, cases[i].milliseconds);
    }
}

static void finds_the_nearest_word(void **state)
{
    static const char *const words[] = {"JDBC_ENFORCE_SSL", "PASSWORD", "HOST", "PORT", NULL};
    (void)state;
    assert_string_equal(text_nearest("JDBC_ENFORCE_TLS", words), "JDBC_ENFORCE_SSL");
    assert_string_equal(text_nearest("pasword", words), "PASSWORD");
    assert_string_equal(text_nearest("HSOT", words), "HOST");
    assert_null(text_nearest("SOMETHING_ELSE", words));
    assert_null(text_nearest("", words));
}

static void writes_durations_for_people(void **state)
{
    static const struct {
        double milliseconds;
        const char *text;
    } cases[] = {
        {0.42, "0.4 ms"}, {7.94, "7.9 ms"}, {31.2, "31 ms"}, {3004, "3.0 s"}, {180000, "3 min"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[32];
        text_duration(out, sizeof out, cases[i].milliseconds);
        assert_string_equal(out, cases[i].text);
    }
}

static void every_reason_has_a_name_a_remedy_and_an_exception(void **state)
{
    (void)state;
    for (int reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
        const struct reason_info *info = reason_info((enum reason)reason);
        assert_int_equal(reason_find(info->name), reason);
        assert_non_null(strstr(info->exception, "Exception"));
        assert_true(strlen(info->remedy) > 10);
        assert_true(info->remedy[strlen(info->remedy) - 1] != '.');
    }
    assert_null(reason_info(REASON_NONE));
    assert_int_equal(reason_find("NOSUCH"), REASON_NONE);
}

static void only_the_documented_reasons_are_transient(void **state)
{
    static const char *const transient[] = {"DNS_NOT_FOUND",
                                            "DNS_UNAVAILABLE",
                                            "CONNECT_REFUSED",
                                            "CONNECT_UNREACHABLE",
                                            "TIMED_OUT",
                                            "CONNECTION_CLOSED",
                                            "SERVER_BUSY",
                                            "SERVER_STARTING",
                                            "ADVERTISED_UNREACHABLE",
                                            "BUSY",
                                            "CONFLICT"};
    size_t found = 0;
    (void)state;
    for (int reason = REASON_NONE + 1; reason < REASON_COUNT; reason++)
        found += reason_info((enum reason)reason)->transient;
    assert_int_equal(found, sizeof transient / sizeof *transient);
    for (size_t i = 0; i < sizeof transient / sizeof *transient; i++)
        assert_true(reason_info(reason_find(transient[i]))->transient);
}

static void an_error_is_one_line(void **state)
{
    struct error err = ERROR_INIT;
    (void)state;
    assert_false(error_set(&err, REASON_INTERNAL, "a\nb\x1b%s", "\xff"));
    assert_string_equal(err.message, "a b\\xff");
    error_remedy(&err, "do\tthis");
    assert_string_equal(err.remedy, "do this");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_one_printable_line),
        cmocka_unit_test(cuts_a_long_line_between_characters),
        cmocka_unit_test(knows_utf8_from_other_bytes),
        cmocka_unit_test(reads_whole_numbers_only),
        cmocka_unit_test(reads_times_with_a_unit_only),
        cmocka_unit_test(finds_the_nearest_word),
        cmocka_unit_test(writes_durations_for_people),
        cmocka_unit_test(every_reason_has_a_name_a_remedy_and_an_exception),
        cmocka_unit_test(only_the_documented_reasons_are_transient),
        cmocka_unit_test(an_error_is_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
