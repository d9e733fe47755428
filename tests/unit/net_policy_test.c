/* SPDX-License-Identifier: Apache-2.0 */
/* net_policy_test.c - rules read, and held against addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "net_policy.h"

static bool refused(const struct net_policy *policy, const char *host, const char *address,
                    uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
        return net_policy_refuses(policy, host, (const struct sockaddr *)&v4) != NULL;
    assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
    return net_policy_refuses(policy, host, (const struct sockaddr *)&v6) != NULL;
}

static void add(struct net_policy *policy, enum net_policy_kind kind, const char *rule)
{
    struct error err = ERROR_INIT;
    assert_true(net_policy_add(policy, kind, rule, &err));
}

static void test_networks(void **state)
{
    struct net_policy *policy = net_policy_new();
    (void)state;
    add(policy, NET_POLICY_DENY, "10.0.0.0/9");
    add(policy, NET_POLICY_DENY, "[2001:db8::]/33");
    add(policy, NET_POLICY_DENY, "192.0.2.7:5432-5440");
    add(policy, NET_POLICY_DENY, "2001:db8:ffff::1");
    assert_true(refused(policy, "", "10.127.255.255", 1));
    assert_false(refused(policy, "", "10.128.0.0", 1));
    assert_true(refused(policy, "", "::ffff:10.1.1.1", 1)); /* the same host */
    assert_true(refused(policy, "", "2001:db8:7fff::1", 1));
    assert_false(refused(policy, "", "2001:db8:8000::1", 1));
    assert_true(refused(policy, "", "2001:db8:ffff::1", 1));
    assert_true(refused(policy, "", "192.0.2.7", 5432));
    assert_true(refused(policy, "", "192.0.2.7", 5440));
    assert_false(refused(policy, "", "192.0.2.7", 5441));
    net_policy_free(policy);
}

static void test_names(void **state)
{
    struct net_policy *policy = net_policy_new();
    (void)state;
    add(policy, NET_POLICY_ALLOW, "*.example.com:5432");
    add(policy, NET_POLICY_ALLOW, "db.example");
    assert_false(refused(policy, "a.b.EXAMPLE.com", "192.0.2.1", 5432));
    assert_false(refused(policy, "a.example.com.", "192.0.2.1", 5432));
    assert_true(refused(policy, "a.example.com", "192.0.2.1", 5433));
    assert_true(refused(policy, "example.com", "192.0.2.1", 5432));
    assert_true(refused(policy, "badexample.com", "192.0.2.1", 5432));
    assert_false(refused(policy, "DB.example", "192.0.2.1", 1));
    assert_true(refused(policy, "", "192.0.2.1", 1));
    net_policy_free(policy);
}

static void test_order(void **state)
{
    struct net_policy *policy = net_policy_new();
    (void)state;
    net_policy_add_defaults(policy);
    assert_false(refused(policy, "", "192.0.2.1", 1));
    assert_true(refused(policy, "", "169.254.169.254", 80));
    assert_true(refused(policy, "", "::ffff:169.254.169.254", 80));
    assert_true(refused(policy, "", "fe80::1", 80));
    assert_true(refused(policy, "", "fd00:ec2::254", 80));
    assert_true(refused(policy, "", "224.0.0.1", 80));
    assert_true(refused(policy, "", "ff02::1", 80));
    add(policy, NET_POLICY_ALLOW, "*"); /* a name opens nothing that is shut by default */
    assert_true(refused(policy, "metadata", "169.254.169.254", 80));
    add(policy, NET_POLICY_ALLOW, "169.254.169.0/24");
    assert_false(refused(policy, "", "169.254.169.254", 80));
    add(policy, NET_POLICY_DENY, "169.254.169.254"); /* and deny goes before all */
    assert_true(refused(policy, "", "169.254.169.254", 80));
    assert_false(refused(policy, "", "169.254.169.253", 80));
    net_policy_free(policy);
}

static void test_wrong_rules(void **state)
{
    static const char *const rules[] = {"",         "10.0.0.0/33", "10.0.0.0/x",       "host/8",
                                        "a b",      "host:0",      "host:65536",       "host:9-8",
                                        "*.",       "a*b",         "[2001:db8::]/129", ":5432",
                                        "http://x", NULL};
    struct net_policy *policy = net_policy_new();
    struct error err = ERROR_INIT;
    (void)state;
    for (const char *const *rule = rules; *rule; rule++)
        if (net_policy_add(policy, NET_POLICY_DENY, *rule, &err))
            fail_msg("\"%s\" was taken", *rule);
    assert_true(net_policy_is_empty(policy));
    net_policy_free(policy);
}

static void test_text(void **state)
{
    struct net_policy *policy = net_policy_new();
    (void)state;
    add(policy, NET_POLICY_ALLOW, "10.0.0.0/8:5432");
    add(policy, NET_POLICY_DENY, "10.1.0.0/16");
    net_policy_add_defaults(policy);
    char *text = net_policy_to_text(policy);
    struct net_policy *again = net_policy_from_text(text);
    char *same = net_policy_to_text(again);
    assert_string_equal(text, same);
    assert_false(refused(again, "", "10.2.0.1", 5432));
    assert_true(refused(again, "", "10.1.0.1", 5432));
    assert_true(refused(again, "", "10.2.0.1", 5433));
    free(text);
    free(same);
    net_policy_free(policy);
    net_policy_free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks), cmocka_unit_test(test_names), cmocka_unit_test(test_order),
        cmocka_unit_test(test_wrong_rules), cmocka_unit_test(test_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
