/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_connector.c - CUSTOM and MARKETPLACE: connectors of type Jdbc, by their URL. */
#include "resolve_connector.h"

#include <stdlib.h>
#include <string.h>

#include "resolve_jdbc.h"
#include "text.h"

bool resolve_connector_is_one(const char *type)
{
    return strcmp(type, "CUSTOM") == 0 || strcmp(type, "MARKETPLACE") == 0;
}

/* The first ${key} in URL, which a secret would have to fill: the caller frees it. */
static char *find_placeholder(const char *url)
{
    const char *at = strstr(url, "${");
    const char *end = at ? strchr(at, '}') : NULL;
    return end ? xstrndup(at, (size_t)(end + 1 - at)) : NULL;
}

/* A ${key} in a connector's URL: nothing here fills it. */
static bool refuse_placeholder(struct resolving *resolving, const char *placeholder,
                               const char *path)
{
    if (resolving_property(resolving, "SECRET_ID")) {
        char *message =
            text_format("%s holds %s of the secret, which testconn does not put in: "
                        "write the URL out, the login comes from SECRET_ID all the same",
                        path, placeholder);
        resolving_refuse(resolving, REASON_UNSUPPORTED_TYPE, path, message);
        free(message);
    } else {
        problems_add(&resolving->out->problems, path, "placeholder",
                     "holds %.100s, a key of the secret, and SECRET_ID names none", placeholder);
    }
    return false;
}

/* A connector's URL, which stands in the property KEY. */
static bool resolve_connector_url(struct resolving *resolving, const char *url, const char *key,
                                  const char *path)
{
    if (resolve_jdbc_is_open(url))
        return false;
    char *placeholder = find_placeholder(url);
    bool taken = placeholder ? refuse_placeholder(resolving, placeholder, path)
                             : resolve_jdbc_url(resolving, url, key, path);
    free(placeholder);
    return taken;
}

/* What a test needs although a definition without it can be stored. */
static bool demand(struct resolving *resolving, const char *path, const char *why)
{
    if (!problems_at(&resolving->out->problems, path))
        problems_add(&resolving->out->problems, path, "required", "%s", why);
    return false;
}

bool resolve_connector(struct resolving *resolving)
{
    static const char *const keys[] = {"CONNECTION_URL", "JDBC_CONNECTION_URL"};
    static const char *const paths[] = {PROPERTIES "CONNECTION_URL",
                                        PROPERTIES "JDBC_CONNECTION_URL"};
    const char *type = resolving_property(resolving, "CONNECTOR_TYPE");
    if (!type)
        return demand(resolving, PROPERTIES "CONNECTOR_TYPE",
                      "missing: a test has to know of which type the connector is: Jdbc");
    if (!text_equal_nocase(type, "Jdbc")) {
        char *message =
            text_format("connectors of type %s run inside Spark or Athena only; testconn tests "
                        "those of type Jdbc",
                        type);
        resolving_refuse(resolving, REASON_UNSUPPORTED_TYPE, PROPERTIES "CONNECTOR_TYPE", message);
        free(message);
        return false;
    }
    for (int i = 0; i < 2; i++) {
        const char *url = resolving_property(resolving, keys[i]);
        if (url)
            return resolve_connector_url(resolving, url, keys[i], paths[i]);
    }
    return demand(resolving, PROPERTIES "CONNECTION_URL",
                  "missing: it or JDBC_CONNECTION_URL is needed");
}
