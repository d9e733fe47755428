/* SPDX-License-Identifier: Apache-2.0 */
/* mysql_packet_test.c - greetings and logins as servers send them, whole and cut short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mysql_packet.h"

#define SALT "12345678\0"
/* Capabilities with TLS, character set, status, more capabilities, length of the salt. */
#define MIDDLE "\xff\xff\x2d\x02\x00\xff\xdf\x15"
#define RESERVED "\0\0\0\0\0\0\0\0\0\0"
#define GREETING                                                                                   \
    "\x0a"                                                                                         \
    "9.7.4\0"                                                                                      \
    "\x08\0\0\0" SALT MIDDLE RESERVED "123456789012\0caching_sha2_password"

static void a_greeting_says_version_method_and_tls(void **state)
{
    static const unsigned char packet[] = GREETING;
    struct greeting greeting;
    (void)state;
    assert_true(greeting_parse(packet, sizeof packet, &greeting));
    assert_string_equal(greeting.version, "9.7.4");
    assert_string_equal(greeting.plugin, "caching_sha2_password");
    assert_true(greeting.offers_tls && !greeting.is_error);
}

static void no_length_of_a_greeting_reads_past_its_end(void **state)
{
    static const unsigned char packet[] = GREETING;
    struct greeting greeting;
    (void)state;
    for (size_t length = 1; length < sizeof packet; length++) {
        /* A sanitizer sees what is read behind the copy. */
        unsigned char *copy = malloc(length);
        memcpy(copy, packet, length);
        greeting_parse(copy, length, &greeting);
        free(copy);
    }
    assert_false(greeting_parse(packet, 12, &greeting));
}

static void only_a_greeting_has_its_measure(void **state)
{
    (void)state;
    assert_int_equal(greeting_measure((const unsigned char *)"\x4a\0\0\0\x0a"), 0x4a);
    assert_int_equal(greeting_measure((const unsigned char *)"\x17\0\0\0\xff"), 0x17);
    assert_int_equal(greeting_measure((const unsigned char *)"\x4a\0\0\0\x09"), 0);
    assert_int_equal(greeting_measure((const unsigned char *)"\x4a\0\0\x01\x0a"), 0);
    assert_int_equal(greeting_measure((const unsigned char *)"\xff\xff\xff\0\x0a"), 0);
    assert_int_equal(greeting_measure((const unsigned char *)"\x01\0\0\0\x0a"), 0);
}

#define READ(talk, bytes) login_talk_read(talk, (const unsigned char *)(bytes), sizeof(bytes) - 1)

static void a_login_says_method_and_exchange(void **state)
{
    struct login_talk talk = {.method = ""};
    (void)state;
    READ(&talk, "\x1a\0\0\x02\xfe"
                "client_ed25519\0"
                "1234567890");
    assert_string_equal(talk.method, "client_ed25519");
    READ(&talk, "\x02\0\0\x02\x01\x04");
    assert_true(talk.full && !talk.cached && !talk.key_came);
    READ(&talk, "\x0c\0\0\x04\x01-----BEGIN ");
    assert_true(talk.key_came && !talk.over);
    READ(&talk, "\x02\0\0\x02\x01\x03\x07\0\0\x03\0\0\0\x02\0\0\0");
    assert_true(talk.cached && talk.over);
    /* The answer to a query is none of it. */
    READ(&talk, "\x07\0\0\x01\xfeother\0");
    assert_string_equal(talk.method, "client_ed25519");
}

static void an_error_packet_says_number_state_and_words(void **state)
{
    struct login_talk talk = {.method = ""};
    (void)state;
    READ(&talk, "\x0c\0\0\x02\xff\xd3\x07#HY000abc");
    assert_int_equal(talk.failure, 2003);
    assert_string_equal(talk.sqlstate, "HY000");
    assert_string_equal(talk.words, "abc");
    /* Before MySQL 4.1, and in the answer to a query. */
    READ(&talk, "\x05\0\0\x01\xff\x10\x04no");
    assert_int_equal(talk.failure, 1040);
    assert_string_equal(talk.words, "no");
    READ(&talk, "\x02\0\0\x01\xff\x10");
    READ(&talk, "\x08\0\0\x01\xff\x11\x04#HY00");
    assert_int_equal(talk.failure, 1041);
    assert_string_equal(talk.words, "#HY00");
}

static void what_is_no_whole_packet_says_nothing(void **state)
{
    struct login_talk talk = {.method = ""};
    (void)state;
    READ(&talk, "\xff\0\0\x02\xfe"
                "client_ed25519");
    READ(&talk, "\0\0\0\x02\xfe");
    READ(&talk, "\x05\0\0");
    assert_string_equal(talk.method, "");
    READ(&talk, "\x01\0\0\x02\xfe");
    assert_string_equal(talk.method, "mysql_old_password");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_greeting_says_version_method_and_tls),
        cmocka_unit_test(no_length_of_a_greeting_reads_past_its_end),
        cmocka_unit_test(only_a_greeting_has_its_measure),
        cmocka_unit_test(a_login_says_method_and_exchange),
        cmocka_unit_test(an_error_packet_says_number_state_and_words),
        cmocka_unit_test(what_is_no_whole_packet_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
