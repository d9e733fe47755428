/* SPDX-License-Identifier: Apache-2.0 */
/* url_refused.c - which words within a name say that it names code, a file or statements. */
#include "url_refused.h"

#include <stdlib.h>
#include <string.h>

#include "jdbc_url_parts.h"
#include "text.h"

static const char *const parts[] = {
    "factory",  "callback",   "interceptor", "serializer", "plugin",    "plug-in", "class",
    "keystore", "truststore", "initsql",     "init_sql",   "infile",    "script",  "socketpath",
    "wallet",   "handler",    "provider",    "jaas",       "tns_admin", "jndi",    "tracing"};
static const char *const ends[] = {"path", "directory", "location", "url", "uri"};

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name);
    size_t tail = strlen(end);
    return length >= tail && text_equal_nocase(name + length - tail, end);
}

/* "file" anywhere, but not as in "profile". */
static bool names_file(const char *name)
{
    for (const char *at = name; (at = strcasestr(at, "file")); at++)
        if (at < name + 3 || strncasecmp(at - 3, "pro", 3) != 0)
            return true;
    return false;
}

bool url_refused_name(const char *name)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcasestr(name, parts[i]))
            return true;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_in(name, ends[i]))
            return true;
    return names_file(name) || text_equal_nocase(name, "init");
}

char *url_refused_within(const char *text, const char *subprotocol, url_judge *is_refused)
{
    /* What stands before the first separator is the value itself. */
    for (text += strcspn(text, "?&;,"); *text; text += strcspn(text, "?&;,")) {
        text += strspn(text, "?&;, ");
        size_t length = strcspn(text, "=?&;,");
        if (text[length] != '=')
            continue;
        while (length && text[length - 1] == ' ')
            length--;
        char *name = url_decode(text, length);
        if (name && is_refused(subprotocol, name))
            return name;
        free(name);
    }
    return NULL;
}
