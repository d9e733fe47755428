/* SPDX-License-Identifier: Apache-2.0 */
/* batch_request.c - definitions resolved and put into requests. */
#include "batch_request.h"

#include <string.h>

#include "text.h"

struct report *batch_report(const struct batch_test *test)
{
    struct report *report = report_new(test->connection->label, test->connection->type);
    if (test->request_id)
        report->request_id = xstrdup(test->request_id);
    return report;
}

struct report *batch_refuse(const struct batch_settings *settings, const struct batch_test *test,
                            struct resolution *resolution)
{
    const struct connection *connection = test->connection;
    const struct problems *before = test->problems;
    resolve(connection, settings->registry, settings->strict, resolution);
    for (size_t i = 0; before && i < before->count; i++)
        problems_add(&resolution->problems, before->items[i].path, before->items[i].rule, "%s",
                     before->items[i].text);
    if (resolution->problems.refused == 0 && resolution->reason == REASON_NONE)
        return NULL;
    struct report *report = batch_report(test);
    if (resolution->problems.refused) {
        report_refuse(report, &resolution->problems, connection->root);
    } else {
        report_add_problems(report, &resolution->problems);
        report_fail(report, STAGE_INPUT, &resolution->error);
        report_finish(report);
    }
    return report;
}

struct launch_request batch_request(const struct batch_settings *settings,
                                    const struct batch_test *test,
                                    const struct resolution *resolution)
{
    const char *driver = resolution->target ? resolution->target->driver : NULL;
    const struct manifest *manifest =
        driver ? registry_find_name(settings->registry, driver) : NULL;
    return (struct launch_request){.connection = test->connection,
                                   .driver = driver,
                                   .module_path = manifest ? manifest->module_path : NULL,
                                   .drivers_folder = settings->registry->folder,
                                   .role_arn = connection_property(test->connection, "ROLE_ARN"),
                                   .timeout_ms =
                                       test->timeout_ms ? test->timeout_ms : settings->timeout_ms,
                                   .strict = settings->strict,
                                   .trace = settings->trace,
                                   .write_back = settings->write_back,
                                   .policy = settings->policy,
                                   .request_id = test->request_id};
}

void batch_name_source(const struct connection *connection, struct report *report)
{
    static const char prefix[] = "ConnectionProperties.";
    json_t *facts = report->stages[STAGE_CREDENTIALS].facts;
    const char *from = json_string_value(json_object_get(facts, "password_from"));
    if (!from || !text_starts(from, prefix))
        return;
    json_t *reference = json_object_get(connection->references, from + strlen(prefix));
    if (reference)
        json_object_set(facts, "password_from", reference);
}
