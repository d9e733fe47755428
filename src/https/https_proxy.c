/* SPDX-License-Identifier: Apache-2.0 */
/* https_proxy.c - which hosts are asked by a proxy. */
#include <string.h>
#include <strings.h>

#include "https.h"

/* Whether HOST is of the pattern of LENGTH bytes: itself, or a domain it lies in. */
static bool matches(const char *host, size_t host_length, const char *pattern, size_t length)
{
    if (length == 1 && *pattern == '*')
        return true;
    if (length > 0 && *pattern == '.') {
        pattern++;
        length--;
    }
    if (length == 0 || length > host_length ||
        strncasecmp(host + host_length - length, pattern, length) != 0)
        return false;
    return length == host_length || host[host_length - length - 1] == '.';
}

const char *https_proxy_of(const char *url, const char *proxy, const char *exceptions)
{
    const char *host = strstr(url, "://");
    if (!proxy || !host)
        return NULL;
    host += strlen("://");
    size_t length = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    for (const char *list = exceptions; list && *list;) {
        list += strspn(list, " ,");
        size_t item = strcspn(list, " ,");
        if (matches(host, length, list, item))
            return NULL;
        list += item;
    }
    return proxy;
}
