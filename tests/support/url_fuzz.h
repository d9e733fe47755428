/* SPDX-License-Identifier: Apache-2.0 */
/* url_fuzz.h - any text as a URL, for the fuzz targets of all kinds of them. */
#ifndef URL_FUZZ_H
#define URL_FUZZ_H

#include <stdint.h>
#include <stdlib.h>

#include "jdbc_url.h"
#include "resolve.h"
#include "text.h"
#include "url_parameter.h"

/* SIZE bytes at DATA, taken apart by PARSE, and its parameters as those of a target. */
static int url_fuzz(bool (*parse)(const char *, const char *, struct jdbc_url *, struct problems *),
                    const uint8_t *data, size_t size)
{
    char *text = xstrndup((const char *)data, size);
    struct jdbc_url url = JDBC_URL_INIT;
    struct problems problems = PROBLEMS_INIT;
    struct target *target = xcalloc(1, sizeof *target);
    if (parse(text, "URL", &url, &problems))
        url_parameters_apply(&url, "URL", size % 2, target, &problems);
    target_free(target);
    problems_release(&problems);
    jdbc_url_release(&url);
    free(text);
    return 0;
}

#endif
