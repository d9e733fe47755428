/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_connector.c - the URL of a connector, and what a secret is to put into it. */
#include "resolve_connector.h"

#include <stdlib.h>
#include <string.h>

#include "authentication.h"
#include "hide.h"
#include "placeholder.h"
#include "resolve_jdbc.h"
#include "text.h"
#include "url_parameter.h"

bool resolve_connector_is_one(const char *type)
{
    return strcmp(type, "CUSTOM") == 0 || strcmp(type, "MARKETPLACE") == 0;
}

static const char *find_secret(const struct connection *connection)
{
    const char *secret = connection_property(connection, "SECRET_ID");
    return secret ? secret : authentication_login_secret(connection->authentication);
}

const char *resolve_connector_secret(const struct connection *connection)
{
    struct placeholders found = PLACEHOLDERS_INIT;
    if (connection->type && resolve_connector_is_one(connection->type))
        placeholders_find(connection, &found);
    const char *secret = found.count ? find_secret(connection) : NULL;
    placeholders_release(&found);
    return secret;
}

/* Any value will do to see what stands around it. */
static const char *stand_in(const void *argument, const char *key)
{
    (void)argument;
    (void)key;
    return "1";
}

/* Whether the word after "jdbc:" is the definition's own. */
static bool names_subprotocol(const char *url)
{
    const char *word = text_starts_nocase(url, "jdbc:") ? url + strlen("jdbc:") : NULL;
    return word && word[strcspn(word, ":/?$")] == ':';
}

/* What is wrong with a URL whatever its secret holds. */
static bool check_frame(struct resolving *resolving, const char *url, const char *path)
{
    struct jdbc_url parsed = JDBC_URL_INIT;
    struct problems found = PROBLEMS_INIT;
    struct target *scratch = xcalloc(1, sizeof *scratch);
    char *framed = placeholder_replace(url, stand_in, NULL);
    jdbc_url_parse(framed, path, &parsed, &found);
    url_parameters_apply(&parsed, path, false, scratch, &found);
    bool known = parsed.standing != JDBC_FILE && parsed.standing != JDBC_UNKNOWN;
    for (size_t i = 0; i < found.count; i++)
        if (!found.items[i].note &&
            (!known || strcmp(found.items[i].rule, "url-parameter-refused") == 0))
            problems_add(&resolving->out->problems, path, found.items[i].rule, "%s",
                         found.items[i].text);
    const struct manifest *manifest =
        registry_find_subprotocol(resolving->registry, parsed.subprotocol);
    char *what = text_format("jdbc:%s", parsed.subprotocol);
    if (known && parsed.standing == JDBC_OTHER && !manifest) {
        char *message = text_format("testconn has no driver for %s databases", what);
        resolving_refuse(resolving, REASON_UNSUPPORTED_TYPE, path, message);
        free(message);
        known = false;
    } else if (known) {
        known = resolving_take_driver(resolving, manifest, what, path);
    }
    free(what);
    text_wipe_free(framed);
    target_free(scratch);
    problems_release(&found);
    jdbc_url_release(&parsed);
    return known;
}

/* Where each part will come from. */
static void tell_placeholders(struct resolving *resolving, const struct placeholders *found,
                              const char *url, const char *path)
{
    bool property = resolving_property(resolving, "SECRET_ID");
    const char *source = property ? PROPERTIES "SECRET_ID" : AUTHENTICATION ".SecretArn";
    char *shown = hide_in_url(url);
    resolving_origin(resolving, "url", shown, path);
    for (size_t i = 0; i < found->count; i++) {
        char *key = text_format("${%s}", found->keys[i]);
        char *from = text_format("key %s of the secret, %s", found->keys[i], source);
        resolving_origin(resolving, "url key", key, from);
        free(from);
        free(key);
    }
    free(shown);
}

/* A URL that only its secret completes; there is no target yet. */
static bool leave_open(struct resolving *resolving, const struct placeholders *found,
                       const char *url, const char *path)
{
    const char *secret = find_secret(resolving->connection);
    if (!secret) {
        char *list = placeholders_list(found, NULL);
        problems_add(&resolving->out->problems, path, "placeholder",
                     "holds %.300s, keys of a secret, and SECRET_ID names none", list);
        free(list);
        return false;
    }
    resolving_take_tls(resolving);
    if (names_subprotocol(url) && !check_frame(resolving, url, path))
        return false;
    resolving_take_login(resolving);
    resolving_tell_tls(resolving);
    tell_placeholders(resolving, found, url, path);
    return false;
}

/* The URL that stands in the property KEY. */
static bool resolve_url(struct resolving *resolving, const char *url, const char *key,
                        const char *path)
{
    struct placeholders found = PLACEHOLDERS_INIT;
    if (resolve_jdbc_is_open(url))
        return false;
    if (!resolving->connection->filled) /* what a secret holds is not filled in turn */
        placeholders_find(resolving->connection, &found);
    bool taken = found.count ? leave_open(resolving, &found, url, path)
                             : resolve_jdbc_url(resolving, url, key, path);
    placeholders_release(&found);
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
            return resolve_url(resolving, url, keys[i], paths[i]);
    }
    return demand(resolving, PROPERTIES "CONNECTION_URL",
                  "missing: it or JDBC_CONNECTION_URL is needed");
}
