/* SPDX-License-Identifier: Apache-2.0 */
/* jdbc_url_redshift.c - Amazon's own form: parameters behind ? or ; and parted by & or ;, and with
 * iam: CLUSTER:REGION in place of the host. */
#include <stdlib.h>
#include <string.h>

#include "jdbc_url_parts.h"
#include "text.h"

static const char name_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
static const char digits[] = "0123456789";

/* Where the region of "//CLUSTER:REGION/..." begins: what is no number is no port. NULL: it is a
 * host. */
static const char *find_region(const char *rest)
{
    const char *name = rest + strspn(rest, "/");
    size_t length = strspn(name, name_characters);
    if (!length || name[length] != ':')
        return NULL;
    const char *region = name + length + 1;
    size_t size = strspn(region, name_characters);
    bool ended = size && strchr("/?;#", region[size]);
    return ended && strspn(region, digits) < size ? region : NULL;
}

/* The same URL as other drivers would have it. */
static char *rewrite(const char *rest)
{
    char *text = xstrdup(rest);
    char *at = strpbrk(text, "?;");
    if (!at)
        return text;
    for (*at = '?'; (at = strchr(at, ';'));)
        *at = '&';
    return text;
}

bool jdbc_url_redshift(struct jdbc_url *url, const char *rest, const char *path,
                       struct problems *problems)
{
    char *text = rewrite(rest);
    const char *region = url->iam && text_starts(text, "//") ? find_region(text) : NULL;
    if (region) {
        size_t size = strspn(region, name_characters);
        url->region = xstrndup(region, size);
        /* Without ":REGION" the cluster stands there as a host of no port. */
        memmove(text + (region - 1 - text), region + size, strlen(region + size) + 1);
    }
    bool right = jdbc_url_generic(url, text, path, problems);
    text_wipe_free(text);
    return right;
}
