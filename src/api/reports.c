/* SPDX-License-Identifier: Apache-2.0 */
/* reports.c - a ring, and an index over it. */
#include "reports.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

struct reports {
    size_t most, next;
    char (*ids)[37];
    json_t *documents; /* by id */
};

struct reports *reports_new(size_t most)
{
    struct reports *reports = xcalloc(1, sizeof *reports);
    reports->most = most;
    reports->ids = xcalloc(most, sizeof *reports->ids);
    reports->documents = json_object();
    return reports;
}

void reports_free(struct reports *reports)
{
    if (!reports)
        return;
    json_decref(reports->documents);
    free(reports->ids);
    free(reports);
}

json_t *reports_document(const struct report *report)
{
    struct summary summary = {.duration_ms = report->duration_ms};
    summary_add(&summary, report);
    return json_pack("{s:i, s:o, s:[o]}", "schema_version", 1, "summary", summary_to_json(&summary),
                     "tests", report_to_json(report));
}

void reports_keep(struct reports *reports, const char *request_id, json_t *document)
{
    char *id = reports->ids[reports->next];
    if (*id)
        json_object_del(reports->documents, id);
    snprintf(id, sizeof reports->ids[0], "%s", request_id);
    json_object_set(reports->documents, id, document);
    reports->next = (reports->next + 1) % reports->most;
}

json_t *reports_find(const struct reports *reports, const char *request_id)
{
    return json_object_get(reports->documents, request_id);
}
