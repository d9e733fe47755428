/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_url_fuzz.c - any text as a connection of type MONGODB. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mongodb_url.h"
#include "text.h"
#include "url_parameter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xstrndup((const char *)data, size);
    struct jdbc_url url = JDBC_URL_INIT;
    struct problems problems = PROBLEMS_INIT;
    struct target target = {0};
    if (mongodb_url_parse(text, "URL", &url, &problems))
        url_parameters_apply(&url, "URL", size % 2, &target, &problems);
    for (size_t i = 0; i < target.parameter_count; i++) {
        free(target.parameters[i].name);
        free(target.parameters[i].value);
    }
    free(target.parameters);
    problems_release(&problems);
    jdbc_url_release(&url);
    free(text);
    return 0;
}
