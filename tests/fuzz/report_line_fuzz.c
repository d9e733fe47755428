/* SPDX-License-Identifier: Apache-2.0 */
/* report_line_fuzz.c - any bytes as the lines of a worker. */
#include <stdint.h>
#include <string.h>

#include "report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct report *report = report_new("fuzz", "JDBC");
    const char *at = (const char *)data;
    const char *end = at + size;
    for (const char *stop; at < end && (stop = memchr(at, '\n', (size_t)(end - at))); at = stop + 1)
        if (!report_read_line(report, at, (size_t)(stop - at)))
            break;
    report_finish(report);
    json_decref(report_to_json(report));
    report_free(report);
    return 0;
}
