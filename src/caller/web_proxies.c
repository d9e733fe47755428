/* SPDX-License-Identifier: Apache-2.0 */
/* web_proxies.c - the variables, in capitals first. */
#include "web_proxies.h"

#include <stdlib.h>

static const char *const variables[][3] = {{"proxy", "HTTPS_PROXY", "https_proxy"},
                                           {"proxy_plain", "HTTP_PROXY", "http_proxy"},
                                           {"no_proxy", "NO_PROXY", "no_proxy"}};
enum { COUNT = sizeof variables / sizeof *variables };

json_t *web_proxies(const json_t *environment)
{
    json_t *found = json_object();
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 2; j > 0; j--) {
            const char *value = json_string_value(json_object_get(environment, variables[i][j]));
            if (value && *value)
                json_object_set_new(found, variables[i][0], json_string(value));
        }
    return found;
}

json_t *web_proxies_here(void)
{
    json_t *environment = json_object();
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 1; j <= 2; j++)
            if (getenv(variables[i][j]))
                json_object_set_new(environment, variables[i][j],
                                    json_string(getenv(variables[i][j])));
    json_t *found = web_proxies(environment);
    json_decref(environment);
    return found;
}
