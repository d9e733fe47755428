/* SPDX-License-Identifier: Apache-2.0 */
/* operation_test.c - TestConnection: {} for a test that passed, an exception for one that did not.
 */
#include <stdlib.h>

#include "aws_json.h"
#include "catalog_json.h"
#include "operations.h"
#include "test_call.h"

static void answer(struct http_exchange *exchange, const struct report *report, json_t *document)
{
    (void)document;
    if (report->status == REPORT_OK) {
        aws_json_answer(exchange, json_object());
        return;
    }
    const struct reason_info *info = reason_info(report->code ? report->code : REASON_INTERNAL);
    char *message = catalog_status_reason(stage_name(report->stage), report->code, report->reason,
                                          report->remedy);
    json_t *members = NULL;
    if (report->code == REASON_OAUTH_REFUSED)
        members = json_pack("{s:s}", "FederationSourceErrorCode", "InvalidCredentialsException");
    aws_json_refuse_with(exchange, info->exception, members, message);
    free(message);
}

void operation_test(struct service *service, struct http_exchange *exchange, json_t *body)
{
    struct problems problems = PROBLEMS_INIT;
    struct connection *input = NULL;
    const char *name = NULL;
    int timeout_ms = (int)service->settings->timeout_ms;
    if (!test_call_read(body, &name, &input, &problems)) {
        aws_json_refuse_problems(exchange, &problems, "");
        connection_free(input);
    } else if (input) {
        test_call_inline(service, exchange, input, timeout_ms, answer);
    } else {
        test_call_by_name(service, exchange, name, timeout_ms, answer);
    }
    problems_release(&problems);
}
