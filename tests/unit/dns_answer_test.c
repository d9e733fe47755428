/* SPDX-License-Identifier: Apache-2.0 */
/* dns_answer_test.c - SRV and TXT records out of answers that a real name server library made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns_answer.h"

enum { ANSWER_MAXIMUM = 4096 };

static size_t read_answer(const char *name, unsigned char *answer)
{
    char path[512];
    snprintf(path, sizeof path, "%s/fuzz/corpus/dns_answer/%s", TESTS_FOLDER, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t length = fread(answer, 1, ANSWER_MAXIMUM, file);
    fclose(file);
    return length;
}

static void hosts_come_by_priority_and_weight(void **state)
{
    unsigned char answer[ANSWER_MAXIMUM];
    struct srv_hosts hosts;
    const char *wrong;
    (void)state;
    assert_true(dns_answer_hosts(answer, read_answer("srv", answer), &hosts, &wrong));
    assert_int_equal(hosts.count, 3);
    assert_string_equal(hosts.endpoints[0].host, "b.lab.test");
    assert_int_equal(hosts.endpoints[0].port, 27018);
    assert_string_equal(hosts.endpoints[1].host, "a.lab.test");
    assert_string_equal(hosts.endpoints[2].host, "c.lab.test");
    srv_hosts_release(&hosts);
}

static void a_service_that_is_not_offered_is_told(void **state)
{
    unsigned char answer[ANSWER_MAXIMUM];
    struct srv_hosts hosts;
    const char *wrong;
    (void)state;
    assert_true(dns_answer_hosts(answer, read_answer("root", answer), &hosts, &wrong));
    assert_int_equal(hosts.count, 0);
    assert_non_null(strstr(wrong, "not offered"));
}

static void texts_are_joined(void **state)
{
    unsigned char answer[ANSWER_MAXIMUM];
    char **texts;
    size_t count;
    (void)state;
    assert_true(dns_answer_texts(answer, read_answer("txt", answer), &texts, &count));
    assert_int_equal(count, 1);
    assert_string_equal(texts[0], "authSource=admin&replicaSet=rs0");
    free(texts[0]);
    free(texts);
    assert_true(dns_answer_texts(answer, read_answer("none", answer), &texts, &count));
    assert_int_equal(count, 0);
}

static void what_is_cut_off_is_survived(void **state)
{
    unsigned char answer[ANSWER_MAXIMUM];
    size_t length = read_answer("srv", answer);
    (void)state;
    for (size_t cut = 0; cut < length; cut++) {
        unsigned char *piece = malloc(cut ? cut : 1);
        struct srv_hosts hosts;
        const char *wrong;
        memcpy(piece, answer, cut);
        dns_answer_hosts(piece, cut, &hosts, &wrong);
        assert_true(hosts.count < 3);
        srv_hosts_release(&hosts);
        free(piece);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_come_by_priority_and_weight),
        cmocka_unit_test(a_service_that_is_not_offered_is_told),
        cmocka_unit_test(texts_are_joined),
        cmocka_unit_test(what_is_cut_off_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
