/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_message_test.c - messages, what servers say of themselves, and names of members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mongodb_message.h"

static void members_are_host_and_port(void **state)
{
    static const struct {
        const char *text;
        const char *host; /* NULL: refused */
        uint16_t port;
    } cases[] = {
        {"mongo1:27017", "mongo1", 27017},
        {"mongo_1.example:1", "mongo_1.example", 1},
        {"mongo1", "mongo1", 27017},
        {"192.0.2.7:65535", "192.0.2.7", 65535},
        {"[::1]:5", "::1", 5},
        {"[2001:db8::7]", "2001:db8::7", 27017},
        {"", NULL, 0},
        {":", NULL, 0},
        {":0", NULL, 0},
        {":27017", NULL, 0},
        {"a:", NULL, 0},
        {"a:0", NULL, 0},
        {"a:99999", NULL, 0},
        {"a:65536", NULL, 0},
        {"a:1x", NULL, 0},
        {"a:-1", NULL, 0},
        {"a:1:2", NULL, 0},
        {"::1", NULL, 0},
        {"[::1:5", NULL, 0},
        {"[::1]x:5", NULL, 0},
        {"[mongo1]:5", NULL, 0},
        {"a b:1", NULL, 0},
        {"a\r\nb:1", NULL, 0},
        {"/tmp/mongodb-27017.sock", NULL, 0},
        {".a:1", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct member member;
        bool good = member_read(cases[i].text, &member);
        if (good != (cases[i].host != NULL))
            print_error("%s\n", cases[i].text);
        assert_int_equal(good, cases[i].host != NULL);
        if (!good)
            continue;
        assert_string_equal(member.host, cases[i].host);
        assert_int_equal(member.port, cases[i].port);
    }
    char *longest = malloc(400);
    struct member member;
    memset(longest, 'x', 300);
    memcpy(longest + 300, ":1", 3);
    assert_false(member_read(longest, &member));
    free(longest);
}

static void a_message_is_read_back(void **state)
{
    size_t length;
    bson_t document;
    bson_iter_t iter;
    bson_t *command = BCON_NEW("ok", BCON_INT32(1), "setName", BCON_UTF8("rs0"), "hosts", "[",
                               BCON_UTF8("a:1"), BCON_UTF8("b:2"), "]", "arbiters", "[",
                               BCON_UTF8("c:3"), "]", "saslSupportedMechs", "[",
                               BCON_UTF8("SCRAM-SHA-256"), "]", "secondary", BCON_BOOL(true));
    unsigned char *message = message_new(7, "admin", command, true, &length);
    struct hello hello;
    struct server_error error;
    (void)state;
    assert_int_equal(message_length(message), length);
    assert_true(
        message_document(message, message + MESSAGE_HEADER, length - MESSAGE_HEADER, &document));
    assert_true(bson_iter_init_find(&iter, &document, "$db"));
    assert_true(bson_iter_init_find(&iter, &document, "$readPreference"));
    assert_true(document_is_ok(&document, &error));
    hello_read(&document, &hello);
    assert_string_equal(hello.set_name, "rs0");
    assert_int_equal(hello.member_count, 3);
    assert_true(hello.members[2].arbiter && !hello.members[1].arbiter);
    assert_string_equal(hello_role(&hello), "secondary");
    assert_true(hello_has_mechanism(&hello, "SCRAM-SHA-256"));
    assert_false(hello_has_mechanism(&hello, "SCRAM-SHA-1"));
    bson_free(message);
    bson_destroy(command);
}

static void what_is_cut_off_or_too_long_is_none(void **state)
{
    size_t length;
    bson_t document;
    bson_t *command = BCON_NEW("ok", BCON_DOUBLE(1));
    unsigned char *message = message_new(7, "admin", command, true, &length);
    (void)state;
    for (size_t cut = MESSAGE_HEADER; cut < length; cut++) {
        unsigned char *body = malloc(cut - MESSAGE_HEADER + 1);
        memcpy(body, message + MESSAGE_HEADER, cut - MESSAGE_HEADER);
        assert_false(message_document(message, body, cut - MESSAGE_HEADER, &document));
        free(body);
    }
    memcpy(message, "\xff\xff\xff\x7f", 4);
    assert_int_equal(message_length(message), 0);
    memcpy(message, "\xff\xff\xff\xff", 4);
    assert_int_equal(message_length(message), 0);
    memcpy(message, "\x07\0\0\0", 4);
    assert_int_equal(message_length(message), 0);
    bson_free(message);
    bson_destroy(command);
}

static void errors_have_number_name_and_words(void **state)
{
    struct server_error error;
    bson_t *document = BCON_NEW("ok", BCON_DOUBLE(0), "code", BCON_INT32(18), "codeName",
                                BCON_UTF8("AuthenticationFailed"), "errmsg", BCON_UTF8("no"));
    (void)state;
    assert_false(document_is_ok(document, &error));
    assert_int_equal(error.code, 18);
    assert_string_equal(error.name, "AuthenticationFailed");
    assert_string_equal(error.text, "no");
    bson_destroy(document);
    document = BCON_NEW("code", BCON_INT64(1LL << 40));
    assert_false(document_is_ok(document, &error));
    assert_int_equal(error.code, 0);
    bson_destroy(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_host_and_port),
        cmocka_unit_test(a_message_is_read_back),
        cmocka_unit_test(what_is_cut_off_or_too_long_is_none),
        cmocka_unit_test(errors_have_number_name_and_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
