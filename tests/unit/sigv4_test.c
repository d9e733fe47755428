/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4_test.c - signatures held against vectors that two other implementations computed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sigv4.h"
#include "text.h"

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

enum { NOW = 1727784000 }; /* 2024-10-01T12:00:00Z */

static struct sigv4_key key_for(const char *service)
{
    return (struct sigv4_key){.access_key = "AKIDEXAMPLE",
                              .secret_key = SECRET,
                              .region = "us-east-1",
                              .service = service};
}

static const struct sigv4_header glue_headers[] = {
    {"Content-Type", "application/x-amz-json-1.1"},
    {"Host", "glue.us-east-1.amazonaws.com"},
    {"X-Amz-Target", "AWSGlue.TestConnection"},
    {"User-Agent", "left out"},
};
static const char glue_body[] = "{\"ConnectionName\": \"foo\"}";

static struct sigv4_request glue_request(char hash[SIGV4_HASH_SIZE])
{
    sigv4_hash(hash, glue_body, strlen(glue_body));
    return (struct sigv4_request){.method = "POST",
                                  .path = "/",
                                  .headers = glue_headers,
                                  .header_count = 4,
                                  .payload_hash = hash};
}

static void signs_headers(void **state)
{
    char hash[SIGV4_HASH_SIZE];
    struct sigv4_request request = glue_request(hash);
    struct sigv4_key key = key_for("glue");
    struct sigv4_signed result;
    (void)state;
    sigv4_sign(&request, &key, NOW, &result);
    assert_string_equal(result.date, "20241001T120000Z");
    assert_string_equal(result.payload_hash, "");
    assert_string_equal(
        result.authorization,
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20241001/us-east-1/glue/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
        "Signature=d8e311b7507432c470036f602121689f6ca690e9319c40e635d9a2a03108772d");
    sigv4_signed_release(&result);
}

static void signs_for_s3(void **state)
{
    static const struct sigv4_header host = {"host", "mybucket.s3.us-east-1.amazonaws.com"};
    struct sigv4_request request = {.method = "GET",
                                    .path = "/certs/root%20ca.pem",
                                    .headers = &host,
                                    .header_count = 1,
                                    .payload_hash = EMPTY_HASH};
    struct sigv4_key key = key_for("s3");
    struct sigv4_signed result;
    (void)state;
    sigv4_sign(&request, &key, NOW, &result);
    assert_string_equal(result.payload_hash, EMPTY_HASH);
    assert_string_equal(result.signature,
                        "0b2137d8316d6f30ad540a78893598e1bc88eb993805301eebb3e8d1a6152d73");
    sigv4_signed_release(&result);
}

static void presigns(void **state)
{
    static const struct {
        const char *service, *host, *query, *token, *signature;
    } cases[] = {
        {"kafka-cluster", "kafka.us-east-1.amazonaws.com", "Action=kafka-cluster%3AConnect", NULL,
         "6b5d9bf47b567e4004d90cb145423929a511c87f8b6b1b0843bc0ff1b02d2e6c"},
        {"kafka-cluster", "kafka.us-east-1.amazonaws.com", "Action=kafka-cluster:Connect",
         "SESSIONTOKEN/+=", "d3f3f91f92ec2f5b40e18ff870cab50357080367e3fd6973dd469acf09fa5bb6"},
        {"kafka-cluster", "b-1.demo.abc.c2.kafka.us-east-1.amazonaws.com",
         "Action=kafka-cluster%3AConnect", NULL,
         "0bd606ac5b4e2637a7b185e36bdd24344dda018041324ac62e6a4599270f6cdb"},
        {"rds-db", "db.example.us-east-1.rds.amazonaws.com:3306", "Action=connect&DBUser=jane",
         NULL, "ce50f1cdd9d08cce9829a829570cdb4fbf938f96a3d8dba77a92d9bf5abff796"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sigv4_header host = {"host", cases[i].host};
        struct sigv4_request request = {.method = "GET",
                                        .path = "/",
                                        .query = cases[i].query,
                                        .headers = &host,
                                        .header_count = 1,
                                        .payload_hash = EMPTY_HASH};
        struct sigv4_key key = key_for(cases[i].service);
        key.session_token = cases[i].token;
        char *query = sigv4_presign(&request, &key, 900, NOW);
        char *end = text_format("&X-Amz-SignedHeaders=host&X-Amz-Signature=%s", cases[i].signature);
        assert_true(strlen(query) > strlen(end));
        assert_string_equal(query + strlen(query) - strlen(end), end);
        assert_true(text_starts(query, "Action="));
        free(end);
        free(query);
    }
}

/* The headers of a request as a server receives it; NAME's value replaced by VALUE. */
struct received {
    struct sigv4_header headers[8];
    struct sigv4_request request;
    struct sigv4_signed added;
    char hash[SIGV4_HASH_SIZE];
};

static void receive(struct received *received, const char *token)
{
    struct sigv4_key key = key_for("glue");
    key.session_token = token;
    received->request = glue_request(received->hash);
    sigv4_sign(&received->request, &key, NOW, &received->added);
    memcpy(received->headers, glue_headers, sizeof glue_headers);
    received->headers[4] = (struct sigv4_header){"x-amz-date", received->added.date};
    received->headers[5] = (struct sigv4_header){"AUTHORIZATION", received->added.authorization};
    received->request.headers = received->headers;
    received->request.header_count = 6;
    if (token)
        received->headers[received->request.header_count++] =
            (struct sigv4_header){"x-amz-security-token", token};
}

static enum sigv4_fault judge(const struct received *received, const char *secret, time_t now,
                              char *message, size_t size)
{
    struct sigv4_claim claim = SIGV4_CLAIM_INIT;
    enum sigv4_fault fault = sigv4_read(&received->request, &claim);
    if (fault == SIGV4_FINE) {
        assert_string_equal(claim.access_key, "AKIDEXAMPLE");
        assert_string_equal(claim.service, "glue");
        fault = sigv4_verify(&received->request, &claim, secret, now);
    }
    snprintf(message, size, "%s", claim.message);
    sigv4_claim_release(&claim);
    return fault;
}

static void verifies_what_it_signed(void **state)
{
    static const struct {
        size_t header;
        const char *value; /* put in its place; NULL: nothing is */
        const char *secret;
        long later_s;
        enum sigv4_fault fault;
        const char *words;
    } cases[] = {
        {0, NULL, SECRET, 0, SIGV4_FINE, ""},
        {0, NULL, SECRET, 299, SIGV4_FINE, ""},
        {0, NULL, SECRET, -299, SIGV4_FINE, ""},
        {0, NULL, SECRET, 301, SIGV4_EXPIRED,
         "Signature expired: 20241001T120000Z is now earlier than 20241001T120001Z"},
        {0, NULL, SECRET, -301, SIGV4_EARLY, "Signature not yet current"},
        {0, NULL, "other", 0, SIGV4_MISMATCH, "does not match"},
        {2, "AWSGlue.GetConnection", SECRET, 0, SIGV4_MISMATCH, "does not match"},
        {0, " application/x-amz-json-1.1\t", SECRET, 0, SIGV4_FINE, ""},
        {3, "another", SECRET, 0, SIGV4_FINE, ""},
        {4, "20241001T12:00:0Z", SECRET, 0, SIGV4_INCOMPLETE, "X-Amz-Date"},
        {4, "20241002T120000Z", SECRET, 0, SIGV4_INCOMPLETE, "does not match YYYYMMDD"},
        {5, "AWS4-HMAC-SHA1 Credential=x", SECRET, 0, SIGV4_INCOMPLETE, "'AWS4-HMAC-SHA1'"},
        {5, "AWS4-HMAC-SHA256 Credential=x", SECRET, 0, SIGV4_INCOMPLETE, "5 slash-delimited"},
        {5, "AWS4-HMAC-SHA256 ", SECRET, 0, SIGV4_INCOMPLETE, "'Credential'"},
        {5, "", SECRET, 0, SIGV4_INCOMPLETE, "algorithm"},
        {5,
         "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20241001/us-east-1/glue/aws4_request, "
         "SignedHeaders=host;x-amz-date, "
         "Signature=d8e311b7507432c470036f602121689f6ca690e9319c40e635d9a2a03108772d",
         SECRET, 0, SIGV4_INCOMPLETE, "'x-amz-target' must be a signed header"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct received received;
        char message[256];
        receive(&received, NULL);
        if (cases[i].value)
            received.headers[cases[i].header].value = cases[i].value;
        enum sigv4_fault fault =
            judge(&received, cases[i].secret, NOW + cases[i].later_s, message, sizeof message);
        if (fault != cases[i].fault || !strstr(message, cases[i].words))
            fail_msg("case %zu: %d, \"%s\"", i, (int)fault, message);
        sigv4_signed_release(&received.added);
    }
}

static void verifies_a_session_token(void **state)
{
    struct received received;
    char message[256];
    (void)state;
    receive(&received, "token/+=");
    assert_int_equal(judge(&received, SECRET, NOW, message, sizeof message), SIGV4_FINE);
    received.headers[6].value = "another";
    assert_int_equal(judge(&received, SECRET, NOW, message, sizeof message), SIGV4_MISMATCH);
    sigv4_signed_release(&received.added);
}

static void an_unsigned_request_is_none(void **state)
{
    char hash[SIGV4_HASH_SIZE];
    struct sigv4_request request = glue_request(hash);
    struct sigv4_claim claim = SIGV4_CLAIM_INIT;
    (void)state;
    request.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&a=%zz&&=b";
    assert_int_equal(sigv4_read(&request, &claim), SIGV4_NOT_SIGNED);
    assert_string_equal(sigv4_fault_code(SIGV4_NOT_SIGNED), "MissingAuthenticationTokenException");
    sigv4_claim_release(&claim);
}

static enum sigv4_fault judge_presigned(const char *query, time_t now)
{
    static const struct sigv4_header host = {"Host", "glue.us-east-1.amazonaws.com"};
    struct sigv4_request request = {.method = "GET",
                                    .path = "/a//b/../c",
                                    .query = query,
                                    .headers = &host,
                                    .header_count = 1,
                                    .payload_hash = EMPTY_HASH};
    struct sigv4_claim claim = SIGV4_CLAIM_INIT;
    enum sigv4_fault fault = sigv4_read(&request, &claim);
    if (fault == SIGV4_FINE)
        fault = sigv4_verify(&request, &claim, SECRET, now);
    sigv4_claim_release(&claim);
    return fault;
}

static void verifies_what_it_presigned(void **state)
{
    static const struct sigv4_header host = {"host", "glue.us-east-1.amazonaws.com"};
    struct sigv4_request request = {.method = "GET",
                                    .path = "/a/c",
                                    .query = "b=2&a=%E2%82%AC&b=1&c",
                                    .headers = &host,
                                    .header_count = 1,
                                    .payload_hash = EMPTY_HASH};
    struct sigv4_key key = key_for("glue");
    (void)state;
    key.session_token = "token/+=";
    char *query = sigv4_presign(&request, &key, 600, NOW);
    assert_int_equal(judge_presigned(query, NOW), SIGV4_FINE);
    assert_int_equal(judge_presigned(query, NOW + 599), SIGV4_FINE);
    assert_int_equal(judge_presigned(query, NOW + 601), SIGV4_EXPIRED);
    assert_int_equal(judge_presigned(query, NOW - 301), SIGV4_EARLY);
    char *longer = text_format("%s&d=1", query);
    assert_int_equal(judge_presigned(longer, NOW), SIGV4_MISMATCH);
    free(longer);
    char *at = strstr(query, "X-Amz-Expires=600");
    assert_non_null(at);
    memcpy(at, "X-Amz-Expires=900", strlen("X-Amz-Expires=900"));
    assert_int_equal(judge_presigned(query, NOW), SIGV4_MISMATCH);
    memcpy(at, "X-Amz-Expires=9x0", strlen("X-Amz-Expires=900"));
    assert_int_equal(judge_presigned(query, NOW), SIGV4_INCOMPLETE);
    free(query);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_headers),
        cmocka_unit_test(signs_for_s3),
        cmocka_unit_test(presigns),
        cmocka_unit_test(verifies_what_it_signed),
        cmocka_unit_test(verifies_a_session_token),
        cmocka_unit_test(an_unsigned_request_is_none),
        cmocka_unit_test(verifies_what_it_presigned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
