/* SPDX-License-Identifier: Apache-2.0 */
/* network_openings_test.c - what is said to an unknown service is well-formed, in its order, and
 * its answers are understood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "network_openings.h"
#include "testconn/probe.h"

static const struct opening *find(const char *protocol)
{
    static const struct opening *order[OPENINGS];
    bool expected;
    size_t count = openings_for(6379, order, &expected);
    for (size_t i = 0; i < count; i++)
        if (strcmp(order[i]->protocol, protocol) == 0)
            return order[i];
    fail_msg("no opening of %s", protocol);
    return NULL;
}

/* The length that a request says it has. */
static void lengths_are_true(void **state)
{
    const unsigned char *bytes = (const unsigned char *)find("PostgreSQL")->bytes;
    (void)state;
    assert_int_equal(find("PostgreSQL")->length, bytes[3]);
    bytes = (const unsigned char *)find("Kafka")->bytes;
    assert_int_equal(find("Kafka")->length, 4 + bytes[3]);
    bytes = (const unsigned char *)find("MongoDB")->bytes;
    assert_int_equal(find("MongoDB")->length, bytes[0]);
    assert_int_equal(find("MongoDB")->length, 16 + 4 + 1 + bytes[21]);
    bytes = (const unsigned char *)find("TDS (SQL Server)")->bytes;
    assert_int_equal(find("TDS (SQL Server)")->length, bytes[3]);
    bytes = (const unsigned char *)find("Oracle TNS")->bytes;
    assert_int_equal(find("Oracle TNS")->length, bytes[1]);
    assert_int_equal(find("Oracle TNS")->length, bytes[27] + bytes[25]);
    assert_memory_equal(bytes + bytes[27], "(CONNECT_DATA=", 14);
}

static void the_port_decides_what_comes_first(void **state)
{
    static const struct {
        uint16_t port;
        const char *first; /* NULL: nothing is said */
    } cases[] = {{5432, "PostgreSQL"}, {443, "TLS"},         {80, "HTTP"},
                 {9092, "Kafka"},      {9093, "TLS"},        {27017, "MongoDB"},
                 {6379, "Redis"},      {1521, "Oracle TNS"}, {1433, "TDS (SQL Server)"},
                 {22, NULL},           {25, NULL},           {3306, NULL},
                 {143, NULL},          {13306, NULL},        {12345, "PostgreSQL"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct opening *order[OPENINGS];
        bool expected = false;
        size_t count = openings_for(cases[i].port, order, &expected);
        assert_int_equal(expected, cases[i].port != 12345);
        assert_int_equal(count > 0, cases[i].first != NULL);
        if (cases[i].first)
            assert_string_equal(order[0]->protocol, cases[i].first);
        for (size_t a = 0; a < count; a++)
            for (size_t b = 0; b < a; b++)
                assert_ptr_not_equal(order[a], order[b]);
    }
}

#define ANSWER(bytes) bytes, sizeof(bytes) - 1

static void answers_are_understood(void **state)
{
    static const struct {
        const char *opening; /* NULL: a greeting */
        const char *bytes;
        size_t length;
        const char *speaks; /* NULL: unknown */
    } cases[] = {
        {"PostgreSQL", ANSWER("S"), "PostgreSQL"},
        {"PostgreSQL", ANSWER("N"), "PostgreSQL"},
        {"PostgreSQL", ANSWER("E\0\0\0\x40SFATAL"), "PostgreSQL"},
        {"HTTP", ANSWER("S"), NULL},
        {"Kafka", ANSWER("\0\0\0\x10tcv1\0\0\0\0\0\1"), "Kafka"},
        {"Kafka", ANSWER("\0\0\0\x10tcv2\0\0\0\0\0\1"), NULL},
        {"MongoDB", ANSWER("\x26\0\0\0\7\0\0\0tcv1\xdd\7\0\0"), "MongoDB"},
        {"MongoDB", ANSWER("\x26\0\0\0\7\0\0\0tcv1\1\0\0\0"), "MongoDB"},
        {"MongoDB", ANSWER("\x26\0\0\0\7\0\0\0tcv1\2\0\0\0"), NULL},
        {"TDS (SQL Server)", ANSWER("\4\1\0\x1a\0\0\1\0\0\0\xb\0\6"), "TDS (SQL Server)"},
        {"Oracle TNS", ANSWER("\0\x49\0\0\4\0\0\0"), "Oracle TNS"},
        {"Oracle TNS", ANSWER("\1\x49\0\0\2\0\0\0"), "Oracle TNS"},
        {"Redis", ANSWER("+PONG\r\n"), "Redis"},
        {"HTTP", ANSWER("-ERR unknown command\r\n"), "Redis"},
        {"HTTP", ANSWER("HTTP/1.1 200 OK\r\n"), "HTTP"},
        {"TLS", ANSWER("\x16\3\3\0\x7a\2"), "TLS"},
        {NULL, ANSWER("SSH-2.0-x\r\n"), "SSH"},
        {NULL, ANSWER("220 a ESMTP b\r\n"), "SMTP"},
        {NULL, ANSWER("220 (vsFTPd 3.0.3)\r\n"), "FTP"},
        {NULL, ANSWER("220-hello\r\n"), "SMTP or FTP"},
        {NULL, ANSWER("* OK ready\r\n"), "IMAP"},
        {NULL, ANSWER("+OK ready\r\n"), "POP3"},
        {NULL, ANSWER("S"), NULL},
        {NULL, ANSWER(""), NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *speaks = opening_answer(cases[i].opening ? find(cases[i].opening) : NULL,
                                            (const unsigned char *)cases[i].bytes, cases[i].length);
        if ((speaks == NULL) != (cases[i].speaks == NULL) ||
            (speaks && strcmp(speaks, cases[i].speaks) != 0))
            fail_msg("case %zu: %s", i, speaks ? speaks : "unknown");
    }
}

static void the_version_of_sql_server_is_read(void **state)
{
    static const char answer[] = "\4\1\0\x1a\0\0\1\0\0\0\xb\0\6\1\0\x11\0\1\xff\x10\0\3\xe8\0\0\1";
    char version[32];
    (void)state;
    assert_true(opening_tds_version((const unsigned char *)answer, sizeof answer - 1, version,
                                    sizeof version));
    assert_string_equal(version, "16.0.1000");
    for (size_t length = 0; length < 20; length++)
        assert_false(
            opening_tds_version((const unsigned char *)answer, length, version, sizeof version));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_true),
        cmocka_unit_test(the_port_decides_what_comes_first),
        cmocka_unit_test(answers_are_understood),
        cmocka_unit_test(the_version_of_sql_server_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
