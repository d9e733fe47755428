/* SPDX-License-Identifier: Apache-2.0 */
/* url_cases.h - what URLs are understood as, for the unit tests of all kinds of them; cmocka.h
 * comes first. */
#ifndef URL_CASES_H
#define URL_CASES_H

#include <stdlib.h>
#include <string.h>

#include "jdbc_url.h"
#include "text.h"

struct url_case {
    const char *url;
    const char *understood; /* "host:port host:port /database name=value (region)"; NULL: refused */
};

static char *url_describe(const struct jdbc_url *url)
{
    struct text_buffer text = TEXT_BUFFER_INIT;
    for (size_t i = 0; i < url->endpoint_count; i++)
        text_append_format(&text, "%s:%u ", url->endpoints[i].host, url->endpoints[i].port);
    text_append_format(&text, "/%s", url->database ? url->database : "");
    for (size_t i = 0; i < url->parameter_count; i++)
        text_append_format(&text, " %s=%s", url->parameters[i].name, url->parameters[i].value);
    if (url->region)
        text_append_format(&text, " (%s)", url->region);
    return text_take(&text);
}

/* Fail where PARSE makes something else of one of COUNT CASES, or has a word to say of a right one.
 */
static void url_expect(bool (*parse)(const char *, const char *, struct jdbc_url *,
                                     struct problems *),
                       const struct url_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct jdbc_url url = JDBC_URL_INIT;
        struct problems problems = PROBLEMS_INIT;
        bool right = parse(cases[i].url, "URL", &url, &problems);
        char *text = url_describe(&url);
        if (right != (cases[i].understood != NULL) ||
            (right && (problems.count || strcmp(text, cases[i].understood) != 0)))
            fail_msg("%s: %s", cases[i].url, text);
        free(text);
        problems_release(&problems);
        jdbc_url_release(&url);
    }
}

#endif
