/* SPDX-License-Identifier: Apache-2.0 */
/* scram_test.c - SCRAM against the examples of RFC 5802 and RFC 7677, and servers that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "saslprep.h"
#include "testconn/scram.h"

/* A whole exchange. */
struct exchange {
    struct scram_login login;
    const char *first;
    const char *server_first;
    const char *last;
    const char *server_last;
};

static const struct exchange exchanges[] = {
    /* RFC 5802, section 5 */
    {{.hash = SCRAM_SHA_1,
      .user = "user",
      .password = "pencil",
      .nonce = "fyko+d2lbbFgONRv9qkxdawL",
      .where = "h:1"},
     "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
     "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
     "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    /* RFC 7677, section 3 */
    {{.hash = SCRAM_SHA_256,
      .user = "user",
      .password = "pencil",
      .nonce = "rOprNGfwEbeRWgbNEkqO",
      .where = "h:1"},
     "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
     "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
};

static void keeps_to_the_examples_of_the_rfcs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof exchanges / sizeof *exchanges; i++) {
        const struct exchange *one = &exchanges[i];
        struct error err = ERROR_INIT;
        struct scram *scram = scram_new(&one->login, &err);
        assert_string_equal(scram_first(scram), one->first);
        assert_string_equal(
            scram_continue(scram, one->server_first, strlen(one->server_first), &err), one->last);
        assert_true(scram_verify(scram, one->server_last, strlen(one->server_last), &err));
        scram_free(scram);
    }
}

static enum reason begin_with(const char *message, struct error *err)
{
    struct scram *scram = scram_new(&exchanges[1].login, err);
    const char *answer = scram_continue(scram, message, strlen(message), err);
    enum reason reason = answer ? REASON_NONE : err->reason;
    scram_free(scram);
    return reason;
}

static void refuses_what_a_server_must_not_send(void **state)
{
    static const struct {
        const char *message;
        const char *words;
    } cases[] = {
        {"", "does not give nonce"},
        {"r=", "does not give nonce"},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==", "does not give nonce"},
        {"s=W22ZaJ0SNY7soEsUEjb6gQ==,r=rOprNGfwEbeRWgbNEkqOx,i=4096", "does not give nonce"},
        {"r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "does not continue ours"},
        {"r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "does not continue ours"},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096", "salt"},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=W22,i=4096", "salt"},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=W=2Z,i=4096", "salt"},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0", "does not give nonce"},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-1", "does not give nonce"},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096x", "does not give nonce"},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999", "does not give"},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=2000000000", "2000000000 rounds"},
        {"m=ext,r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "does not give nonce"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = ERROR_INIT;
        assert_int_equal(begin_with(cases[i].message, &err), REASON_PROTOCOL_ERROR);
        assert_non_null(strstr(err.message, cases[i].words));
        assert_non_null(strstr(err.message, "user \"user\""));
    }
}

static void tells_a_refusal_in_the_server_s_words(void **state)
{
    struct error err = ERROR_INIT;
    (void)state;
    assert_int_equal(begin_with("e=unknown-user", &err), REASON_LOGIN_REFUSED);
    assert_non_null(strstr(err.message, "unknown-user"));
}

static void demands_the_server_s_own_proof(void **state)
{
    static const char *const wrong[] = {"", "v=", "v=AAAA", "x=1",
                                        "v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="};
    const struct exchange *one = &exchanges[1];
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error err = ERROR_INIT;
        struct scram *scram = scram_new(&one->login, &err);
        scram_continue(scram, one->server_first, strlen(one->server_first), &err);
        assert_false(scram_verify(scram, wrong[i], strlen(wrong[i]), &err));
        assert_int_equal(err.reason, REASON_PROTOCOL_ERROR);
        scram_free(scram);
    }
    struct error err = ERROR_INIT;
    struct scram *scram = scram_new(&one->login, &err);
    scram_continue(scram, one->server_first, strlen(one->server_first), &err);
    assert_false(scram_verify(scram, "e=invalid-proof", 15, &err));
    assert_int_equal(err.reason, REASON_LOGIN_REFUSED);
    scram_free(scram);
    /* Without a proof of ours there is none to check. */
    scram = scram_new(&one->login, &err);
    assert_false(scram_verify(scram, one->server_last, strlen(one->server_last), &err));
    scram_free(scram);
}

static void escapes_the_name_and_takes_a_fresh_nonce(void **state)
{
    struct scram_login login = {
        .hash = SCRAM_SHA_512, .user = "a=b,c", .password = "p", .where = "h:1"};
    struct error err = ERROR_INIT;
    (void)state;
    struct scram *one = scram_new(&login, &err);
    struct scram *other = scram_new(&login, &err);
    assert_memory_equal(scram_first(one), "n,,n=a=3Db=2Cc,r=", 17);
    assert_int_equal(strlen(scram_first(one)), 17 + 32);
    assert_string_not_equal(scram_first(one), scram_first(other));
    scram_free(one);
    scram_free(other);
}

static void prepares_passwords(void **state)
{
    /* RFC 4013, section 3 */
    static const struct {
        const char *in;
        const char *out; /* NULL: forbidden */
    } cases[] = {
        {"pass word", "pass word"},
        {"I\xC2\xADX", "IX"},
        {"\xC2\xAA", "a"},
        {"\xE2\x85\xA8", "IX"},
        {"\x07", NULL},
        {"\xD8\xA7"
         "1",
         NULL},
        {"\xFF", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = ERROR_INIT;
        char *prepared = saslprep(cases[i].in, "the password", &err);
        if (cases[i].out)
            assert_string_equal(prepared, cases[i].out);
        else
            assert_null(prepared);
        assert_int_equal(err.reason, cases[i].out ? REASON_NONE : REASON_LOGIN_METHOD);
        free(prepared);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_to_the_examples_of_the_rfcs),
        cmocka_unit_test(refuses_what_a_server_must_not_send),
        cmocka_unit_test(tells_a_refusal_in_the_server_s_words),
        cmocka_unit_test(demands_the_server_s_own_proof),
        cmocka_unit_test(escapes_the_name_and_takes_a_fresh_nonce),
        cmocka_unit_test(prepares_passwords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
