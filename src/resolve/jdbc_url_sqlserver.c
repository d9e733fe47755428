/* SPDX-License-Identifier: Apache-2.0 */
/* jdbc_url_sqlserver.c - //[HOST[\INSTANCE][:PORT]][;NAME=VALUE...], values in braces as well, and
 * Glue's //HOST:PORT/DATABASE. */
#include <stdlib.h>
#include <string.h>

#include "jdbc_url_parts.h"
#include "text.h"

/* What stands in a property of the URL may also stand before the semicolon. */
struct server {
    char *host;
    char *port;
    char *instance;
};

static void replace(char **old, char *new)
{
    free(*old);
    *old = new;
}

/* {with ; and = in it, a closing brace doubled} or all up to the semicolon. *REST moves behind it.
 */
static char *read_value(const char **rest)
{
    struct text_buffer value = TEXT_BUFFER_INIT;
    const char *at = *rest + strspn(*rest, " ");
    if (*at != '{') {
        size_t length = strcspn(at, ";");
        *rest = at + length;
        while (length && at[length - 1] == ' ')
            length--;
        return xstrndup(at, length);
    }
    for (at++; *at; at++) {
        if (*at == '}' && at[1] != '}')
            break;
        at += *at == '}';
        text_append_bytes(&value, at, 1);
    }
    bool closed = *at == '}';
    *rest = at + closed + strcspn(at + closed, ";");
    if (!closed || at[1] != **rest) {
        text_buffer_release(&value);
        return NULL;
    }
    return value.data ? text_take(&value) : xstrdup("");
}

/* Of which word a property is another spelling, as mssql-jdbc has them. */
static const struct {
    const char *alias;
    const char *name;
} aliases[] = {{"database", "databaseName"}, {"server", "serverName"},     {"port", "portNumber"},
               {"userName", "user"},         {"userId", "user"},           {"uid", "user"},
               {"pwd", "password"},          {"hostName", "workstationID"}};

static const char *canonical(const char *name)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (text_equal_nocase(aliases[i].alias, name))
            return aliases[i].name;
    return name;
}

/* "instanceName=I:1433", as Glue's own parser has it. */
static void split_instance(struct server *server, char *value)
{
    char *colon = strchr(value, ':');
    if (colon) {
        *colon = '\0';
        replace(&server->port, xstrdup(colon + 1));
    }
    replace(&server->instance, value);
}

static void take(struct jdbc_url *url, struct server *server, const char *name, char *value)
{
    const char *word = canonical(name);
    if (text_equal_nocase(word, "databaseName"))
        replace(&url->database, value);
    else if (text_equal_nocase(word, "serverName"))
        replace(&server->host, value);
    else if (text_equal_nocase(word, "portNumber"))
        replace(&server->port, value);
    else if (text_equal_nocase(word, "instanceName"))
        split_instance(server, value);
    else
        url_add_parameter(url, xstrdup(word), value);
}

static bool read_properties(struct jdbc_url *url, struct server *server, const char *rest,
                            const char *path, struct problems *problems)
{
    while (*rest == ';') {
        rest += strspn(rest, "; ");
        size_t length = strcspn(rest, "=;");
        if (!length && !rest[0])
            return true;
        size_t size = length;
        while (size && rest[size - 1] == ' ')
            size--;
        char *name = xstrndup(rest, size);
        rest += length;
        bool has_value = *rest == '=';
        rest += has_value;
        char *value = has_value ? read_value(&rest) : NULL;
        bool usable = *name && value;
        if (!usable)
            /* What has no value may be the rest of a password: it is not quoted. */
            problems_add(problems, path, "url", "%s%.60s%s",
                         !*name      ? "has a property without a name"
                         : has_value ? "has the property "
                                     : "has a property without a value (a ; in one is put in {})",
                         *name && has_value ? name : "",
                         *name && has_value ? ", whose braces are not closed" : "");
        else
            take(url, server, name, value);
        free(name);
        if (!usable) {
            text_wipe_free(value);
            return false;
        }
    }
    return true;
}

static bool read_server(struct jdbc_url *url, struct server *server, const char *text,
                        const char *path, struct problems *problems)
{
    size_t length = strcspn(text, ";/");
    size_t host = strcspn(text, ";/:\\");
    if (memchr(text, '@', length))
        return url_refuse_credentials(path, problems);
    if (*text == '[') {
        const char *close = memchr(text, ']', length);
        if (!close) {
            problems_add(problems, path, "url", "has an IPv6 address without the closing bracket");
            return false;
        }
        if (!memchr(text, ':', (size_t)(close - text))) {
            problems_add(problems, path, "url", "has brackets around what is no IPv6 address");
            return false;
        }
        host = (size_t)(close - text) + 1;
        replace(&server->host, xstrndup(text + 1, host - 2));
    } else if (host) {
        replace(&server->host, url_decode(text, host));
    }
    const char *at = text + host;
    if (*at == '\\') {
        size_t size = strcspn(++at, ";/:");
        replace(&server->instance, xstrndup(at, size));
        at += size;
    }
    if (*at == ':')
        replace(&server->port, xstrndup(at + 1, length - (size_t)(at + 1 - text)));
    if (text[length] == '/') {
        const char *database = text + length + 1;
        size_t size = strcspn(database, ";");
        if (size)
            replace(&url->database, url_decode(database, size));
    }
    return true;
}

bool jdbc_url_sqlserver(struct jdbc_url *url, const char *rest, const char *path,
                        struct problems *problems)
{
    struct server server = {0};
    size_t before = problems->refused;
    if (!text_starts(rest, "//")) {
        problems_add(problems, path, "url", "has no //HOST:PORT after \"jdbc:sqlserver:\"");
        return false;
    }
    if (read_server(url, &server, rest + 2, path, problems) &&
        read_properties(url, &server, rest + 2 + strcspn(rest + 2, ";"), path, problems))
        url_add_endpoint(url, server.host ? server.host : "", server.port, path, problems);
    if (server.instance && *server.instance)
        url_add_parameter(url, xstrdup("instanceName"), xstrdup(server.instance));
    free(server.host);
    free(server.port);
    free(server.instance);
    return problems->refused == before;
}
