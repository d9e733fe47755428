/* SPDX-License-Identifier: Apache-2.0 */
/* jdbc_url_generic.c - //HOST[:PORT][,HOST...]/DATABASE[?NAME=VALUE&...], and what MySQL's and
 * Snowflake's drivers make of it. */
#include <stdlib.h>
#include <string.h>

#include "hide.h"
#include "jdbc_url_parts.h"
#include "text.h"

/* The value of KEY in "(host=db)(port=3306)" or "(host=db,port=3306)"; NULL when it is not there.
 */
static char *group_value(const char *text, size_t length, const char *key)
{
    const char *end = text + length;
    size_t key_length = strlen(key);
    for (const char *at = text; at < end; at++) {
        bool begins = at > text && strchr("(,", at[-1]);
        if (!begins || (size_t)(end - at) <= key_length || at[key_length] != '=' ||
            strncasecmp(at, key, key_length) != 0)
            continue;
        const char *value = at + key_length + 1;
        size_t size = 0;
        while (value + size < end && !strchr("(),", value[size]))
            size++;
        return url_decode(value, size);
    }
    return NULL;
}

/* What else stands in a group holds for its host as a parameter does for all. */
static void add_group_parameters(struct jdbc_url *url, const char *text, size_t length)
{
    static const char *const own[] = {"address", "host", "port", "user", "password"};
    const char *end = text + length;
    while (text < end) {
        size_t size = 0;
        while (text + size < end && !strchr("(),=", text[size]))
            size++;
        bool named = size && text + size < end && text[size] == '=';
        for (size_t i = 0; named && i < sizeof own / sizeof *own; i++)
            named = strlen(own[i]) != size || strncasecmp(own[i], text, size) != 0;
        char *name = named ? url_decode(text, size) : NULL;
        text += size + (text + size < end);
        size = 0;
        while (named && text + size < end && !strchr("(),", text[size]))
            size++;
        char *value = name ? url_decode(text, size) : NULL;
        if (value)
            url_add_parameter(url, name, value);
        else
            free(name);
        text += size;
    }
}

/* Connector/J's and MariaDB's "address=(host=db)(port=3306)" and "(host=db,port=3306)". */
static bool add_group(struct jdbc_url *url, const char *text, size_t length, const char *path,
                      struct problems *problems)
{
    char *host = group_value(text, length, "host");
    char *port = group_value(text, length, "port");
    char *user = group_value(text, length, "user");
    char *password = group_value(text, length, "password");
    add_group_parameters(url, text, length);
    bool added = user || password ? url_refuse_credentials(path, problems)
                                  : url_add_endpoint(url, host ? host : "", port, path, problems);
    free(host);
    free(port);
    free(user);
    text_wipe_free(password);
    return added;
}

/* Up to the next comma outside of parentheses. */
static size_t item_length(const char *text, size_t length)
{
    int depth = 0;
    size_t i = 0;
    for (; i < length && (depth > 0 || text[i] != ','); i++)
        depth += text[i] == '(' ? 1 : text[i] == ')' && depth > 0 ? -1 : 0;
    return i;
}

/* Connector/J's list of hosts that share a login: "[a:1,(host=b)]", all of it within one pair. */
static bool is_sublist(const char *text, size_t length)
{
    int depth = 0;
    size_t i = 0;
    if (length < 2 || *text != '[' || (!memchr(text, ',', length) && !memchr(text, '(', length)))
        return false;
    do
        depth += text[i] == '[' ? 1 : text[i] == ']' ? -1 : 0;
    while (depth > 0 && ++i < length);
    return i == length - 1;
}

static bool read_hosts(struct jdbc_url *url, const char *text, size_t length, bool groups,
                       const char *path, struct problems *problems)
{
    bool right = true;
    if (memchr(text, '@', length))
        return url_refuse_credentials(path, problems);
    if (groups && is_sublist(text, length)) {
        text++;
        length -= 2;
    }
    const char *end = text + length;
    for (;;) {
        size_t left = (size_t)(end - text);
        const char *comma = memchr(text, ',', left);
        size_t size = groups ? item_length(text, left) : comma ? (size_t)(comma - text) : left;
        bool group = groups && size && (*text == '(' || text_starts_nocase(text, "address=("));
        size_t before = problems->refused;
        right = (group ? add_group(url, text, size, path, problems)
                       : url_add_host(url, text, size, path, problems)) &&
                right;
        if (text + size >= end || problems->refused > before + 1)
            return right;
        text += size + 1;
    }
}

static bool read_database(struct jdbc_url *url, const char *text, size_t length, const char *path,
                          struct problems *problems)
{
    char *database = url_decode(text, length);
    char *hidden = database ? hide_in_url(database) : NULL;
    bool login = hidden && strcmp(hidden, database) != 0;
    /* One that is written %2F is part of the name. */
    bool right = database && !login && !memchr(text, '/', length);
    free(hidden);
    if (login)
        problems_add(problems, path, "url",
                     "has a login within its database name: parameters begin with ? and are parted "
                     "by &");
    else if (!right)
        problems_add(problems, path, "url", "has a database name with %s",
                     database ? "a slash in it" : "a broken percent escape");
    else if (*database)
        url->database = xstrdup(database);
    text_wipe_free(database);
    return right;
}

static bool read_all(struct jdbc_url *url, const char *rest, bool groups, const char *path,
                     struct problems *problems)
{
    size_t before = problems->refused;
    if (!text_starts(rest, "//")) {
        problems_add(problems, path, "url", "has no //HOST:PORT after \"jdbc:%s:\"",
                     url->subprotocol);
        return false;
    }
    rest += 2;
    size_t authority = strcspn(rest, "/?#");
    read_hosts(url, rest, authority, groups, path, problems);
    rest += authority;
    if (*rest == '/') {
        size_t length = strcspn(++rest, "?#");
        read_database(url, rest, length, path, problems);
        rest += length;
    }
    if (*rest == '?')
        url_read_query(url, rest + 1, path, problems);
    else if (*rest == '#')
        problems_add(problems, path, "url", "has a # outside of its parameters: write %%23");
    return problems->refused == before;
}

bool jdbc_url_generic(struct jdbc_url *url, const char *rest, const char *path,
                      struct problems *problems)
{
    return read_all(url, rest, false, path, problems);
}

bool jdbc_url_mysql(struct jdbc_url *url, const char *rest, const char *path,
                    struct problems *problems)
{
    /* How the JDBC driver chooses among several hosts; here they are tried in order. */
    static const char *const modes[] = {"replication:", "loadbalance:", "load-balance-read:",
                                        "sequential:",  "failover:",    "aurora:"};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (text_starts_nocase(rest, modes[i])) {
            rest += strlen(modes[i]);
            break;
        }
    return read_all(url, rest, true, path, problems);
}

/* The database stands in the parameter db. */
bool jdbc_url_snowflake(struct jdbc_url *url, const char *rest, const char *path,
                        struct problems *problems)
{
    if (!read_all(url, rest, false, path, problems))
        return false;
    for (size_t i = 0; !url->database && i < url->parameter_count; i++)
        if (text_equal_nocase(url->parameters[i].name, "db"))
            url->database = xstrdup(url->parameters[i].value);
    return true;
}
