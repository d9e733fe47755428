/* SPDX-License-Identifier: Apache-2.0 */
/* output_json.c - the JSON document, and one line a test. */
#include <jansson.h>

#include "output.h"

bool output_json(FILE *out, struct report *const *reports, size_t count,
                 const struct summary *summary)
{
    json_t *tests = json_array();
    for (size_t i = 0; i < count; i++)
        if (reports[i])
            json_array_append_new(tests, report_to_json(reports[i]));
    json_t *document = json_pack("{s:i, s:o, s:o}", "schema_version", 1, "summary",
                                 summary_to_json(summary), "tests", tests);
    bool written = json_dumpf(document, out, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) == 0;
    json_decref(document);
    return written && fputc('\n', out) != EOF && fflush(out) == 0;
}

bool output_ndjson(FILE *out, const struct report *report)
{
    json_t *test = report_to_json(report);
    bool written = json_dumpf(test, out, JSON_COMPACT | JSON_REAL_PRECISION(12)) == 0;
    json_decref(test);
    return written && fputc('\n', out) != EOF && fflush(out) == 0;
}
