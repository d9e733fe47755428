/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_token_test.c - tokens beside those of AWS's own signer for Python. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kafka_token.h"

enum { NOON = 1727784000 }; /* 2024-10-01T12:00:00Z */

static void equals_the_official_signer_s(void **state)
{
    static const struct {
        const char *session_token;
        const char *token;
    } cases[] = {
        {NULL, "aHR0cHM6Ly9rYWZrYS51cy1lYXN0LTEuYW1hem9uYXdzLmNvbS8_QWN0aW9uPWthZmthLWNsdXN0ZXIl"
               "M0FDb25uZWN0JlgtQW16LUFsZ29yaXRobT1BV1M0LUhNQUMtU0hBMjU2JlgtQW16LUNyZWRlbnRpYWw9"
               "QUtJREVYQU1QTEUlMkYyMDI0MTAwMSUyRnVzLWVhc3QtMSUyRmthZmthLWNsdXN0ZXIlMkZhd3M0X3Jl"
               "cXVlc3QmWC1BbXotRGF0ZT0yMDI0MTAwMVQxMjAwMDBaJlgtQW16LUV4cGlyZXM9OTAwJlgtQW16LVNp"
               "Z25lZEhlYWRlcnM9aG9zdCZYLUFtei1TaWduYXR1cmU9NmI1ZDliZjQ3YjU2N2U0MDA0ZDkwY2IxNDU0"
               "MjM5MjlhNTExYzg3ZjhiNmIxYjA4NDNiYzBmZjFiMDJkMmU2YyZVc2VyLUFnZW50PWF3cy1tc2staWFt"
               "LXNhc2wtc2lnbmVyLXB5dGhvbiUyRjEuMC4y"},
        {"SESSIONTOKEN/+=",
         "aHR0cHM6Ly9rYWZrYS51cy1lYXN0LTEuYW1hem9uYXdzLmNvbS8_QWN0aW9uPWthZmthLWNsdXN0ZXIl"
         "M0FDb25uZWN0JlgtQW16LUFsZ29yaXRobT1BV1M0LUhNQUMtU0hBMjU2JlgtQW16LUNyZWRlbnRpYWw9"
         "QUtJREVYQU1QTEUlMkYyMDI0MTAwMSUyRnVzLWVhc3QtMSUyRmthZmthLWNsdXN0ZXIlMkZhd3M0X3Jl"
         "cXVlc3QmWC1BbXotRGF0ZT0yMDI0MTAwMVQxMjAwMDBaJlgtQW16LUV4cGlyZXM9OTAwJlgtQW16LVNp"
         "Z25lZEhlYWRlcnM9aG9zdCZYLUFtei1TZWN1cml0eS1Ub2tlbj1TRVNTSU9OVE9LRU4lMkYlMkIlM0Qm"
         "WC1BbXotU2lnbmF0dXJlPWQzZjNmOTFmOTJlYzJmNWI0MGUxOGZmODcwY2FiNTAzNTcwODAzNjdlM2Zk"
         "Njk3M2RkNDY5YWNmMDlmYTViYjYmVXNlci1BZ2VudD1hd3MtbXNrLWlhbS1zYXNsLXNpZ25lci1weXRo"
         "b24lMkYxLjAuMg"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct kafka_caller caller = {.access_key = "AKIDEXAMPLE",
                                            .secret_key =
                                                "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                            .session_token = cases[i].session_token,
                                            .region = "us-east-1",
                                            .user_agent = "aws-msk-iam-sasl-signer-python/1.0.2"};
        char *token = kafka_token(&caller, NOON);
        assert_string_equal(token, cases[i].token);
        free(token);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_official_signer_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
