/* SPDX-License-Identifier: Apache-2.0 */
/* reports.h - the reports of the last tests, by the id of the request that asked for them. */
#ifndef REPORTS_H
#define REPORTS_H

#include <jansson.h>

#include "report.h"

struct reports;

/* Keeps the last MOST. */
struct reports *reports_new(size_t most);
void reports_free(struct reports *reports);

/* The whole document of one test (design: schema_version, summary, tests); the caller decrefs it.
 */
json_t *reports_document(const struct report *report);

/* Keep DOCUMENT (shared) for REQUEST_ID. */
void reports_keep(struct reports *reports, const char *request_id, json_t *document);

/* The document, borrowed; NULL when it is not (or no longer) there. */
json_t *reports_find(const struct reports *reports, const char *request_id);

#endif
