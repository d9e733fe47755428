/* SPDX-License-Identifier: Apache-2.0 */
/* test_call.h - a request that waits for a test: read, begun, answered, or given up with its
 * client. */
#ifndef TEST_CALL_H
#define TEST_CALL_H

#include "service.h"

/* Answer EXCHANGE with what a test found; DOCUMENT is the whole of it. Both are borrowed. */
typedef void test_call_answer(struct http_exchange *exchange, const struct report *report,
                              json_t *document);

/* Have the stored connection NAME tested. What the catalog says otherwise is answered as an
 * exception. */
void test_call_by_name(struct service *service, struct http_exchange *exchange, const char *name,
                       int timeout_ms, test_call_answer *answer);

/* Have CONNECTION, which is taken over, tested. */
void test_call_inline(struct service *service, struct http_exchange *exchange,
                      struct connection *connection, int timeout_ms, test_call_answer *answer);

/*
 * What a request of TestConnection (BODY) asks for: *NAME, or a connection in *INPUT, which the
 * caller frees. False with what is wrong in PROBLEMS.
 */
bool test_call_read(const json_t *body, const char **name, struct connection **input,
                    struct problems *problems);

#endif
