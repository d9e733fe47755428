/* SPDX-License-Identifier: Apache-2.0 */
/* oauth2_scrub_test.c - secrets taken out of what others say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oauth2_scrub.h"

static void check(const char *secret, const char *said, const char *shown)
{
    struct scrub scrub = {.count = 0};
    scrub_add(&scrub, secret);
    char *text = strdup(said);
    scrub_text(&scrub, text);
    assert_string_equal(text, shown);
    free(text);
}

static void whole_secrets_go(void **state)
{
    (void)state;
    check("hunter2", "you sent hunter2, hunter2!", "you sent ***, ***!");
    check("abc", "abcabc", "******");
    check("hunter2", "hunter3", "hunter3");
    check("ab", "ab", "ab"); /* shorter than its mask: everything has it */
    check(NULL, "x", "x");
}

static void pieces_of_eight_go(void **state)
{
    (void)state;
    check("0123456789abcdef", "01234567", "***");
    check("0123456789abcdef", "0123456", "0123456");
    check("0123456789abcdef", "<456789ab>", "<***>");
    check("0123456789abcdef", "x0123456789abcdefx", "x***x");
}

static void encoded_ones_go(void **state)
{
    (void)state;
    check("s3cret+/=&%", "client_secret=s3cret%2B%2F%3D%26%25&x", "client_secret=***&x");
    check("s3cret+/=&%", "s3cret%2b/%3D&%25", "***");
    check("a secret", "a+secret a%20secret a secret", "*** *** ***");
    check("50%25off", "50%25off", "***");
}

static void a_copy_is_scrubbed_before_it_is_cut(void **state)
{
    struct scrub scrub = {.count = 0};
    (void)state;
    scrub_add(&scrub, "0123456789abcdef");
    for (size_t before = 0; before < 60; before++) {
        char said[100] = "";
        memset(said, 'x', before);
        memcpy(said + before, "0123456789abcdef", 17);
        char *shown = scrub_copy(&scrub, said, 10);
        assert_true(strlen(shown) <= 10);
        assert_null(strchr(shown, '0'));
        free(shown);
    }
    char *none = scrub_copy(&scrub, NULL, 10);
    assert_string_equal(none, "");
    free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_secrets_go),
        cmocka_unit_test(pieces_of_eight_go),
        cmocka_unit_test(encoded_ones_go),
        cmocka_unit_test(a_copy_is_scrubbed_before_it_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
