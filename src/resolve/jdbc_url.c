/* SPDX-License-Identifier: Apache-2.0 */
/* jdbc_url.c - jdbc:VENDOR:REST; each vendor's form of REST is read in a file of its own. */
#include "jdbc_url.h"

#include <stdlib.h>
#include <string.h>

#include "jdbc_url_parts.h"
#include "text.h"

static const struct jdbc_vendor {
    const char *subprotocol;
    bool (*read)(struct jdbc_url *url, const char *rest, const char *path,
                 struct problems *problems);
    unsigned default_port;
} vendors[] = {
    {"postgresql", jdbc_url_generic, 5432},  {"redshift", jdbc_url_redshift, 5439},
    {"mysql", jdbc_url_mysql, 3306},         {"mariadb", jdbc_url_mysql, 3306},
    {"aurora", jdbc_url_mysql, 3306},        {"oracle", jdbc_url_oracle, 1521},
    {"sqlserver", jdbc_url_sqlserver, 1433}, {"snowflake", jdbc_url_snowflake, 443},
};

/* Databases with a JDBC driver that are not ours: not misspelt, only not supported. */
static const char *const others[] = {
    "db2",    "h2",         "hsqldb",        "derby",       "sap",         "teradata",
    "sybase", "jtds",       "informix-sqli", "firebirdsql", "vertica",     "clickhouse",
    "ch",     "hive2",      "impala",        "presto",      "trino",       "awsathena",
    "athena", "bigquery",   "cassandra",     "sqlite",      "netezza",     "exa",
    "spark",  "databricks", "mongodb",       "documentdb",  "singlestore", "neo4j",
    "dremio", "phoenix",    "as400",         "monetdb",     NULL};

static const struct jdbc_vendor *find_vendor(const char *subprotocol)
{
    for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++)
        if (strcmp(vendors[i].subprotocol, subprotocol) == 0)
            return &vendors[i];
    return NULL;
}

unsigned jdbc_default_port(const char *subprotocol)
{
    const struct jdbc_vendor *vendor = find_vendor(subprotocol);
    return vendor ? vendor->default_port : 0;
}

/* Engines that open a file or a resource of this host. */
static bool is_file_engine(const char *subprotocol, const char *rest)
{
    if (strcmp(subprotocol, "sqlite") == 0)
        return true;
    if (strcmp(subprotocol, "h2") == 0)
        return !text_starts_nocase(rest, "tcp:") && !text_starts_nocase(rest, "ssl:");
    if (strcmp(subprotocol, "hsqldb") == 0)
        return !text_starts_nocase(rest, "hsql") && !text_starts_nocase(rest, "http");
    return strcmp(subprotocol, "derby") == 0 && !text_starts(rest, "//");
}

static const char *nearest_vendor(const char *word)
{
    const char *names[sizeof vendors / sizeof *vendors + 1] = {NULL};
    for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++)
        names[i] = vendors[i].subprotocol;
    const char *nearest = text_nearest(word, names);
    return nearest || !text_starts(word, "postgres") ? nearest : "postgresql";
}

static void refuse_unknown(const char *subprotocol, const char *path, struct problems *problems)
{
    const char *nearest = nearest_vendor(subprotocol);
    problems_add(problems, path, "url", "\"jdbc:%.60s\" names no database driver we know%s%s%s",
                 subprotocol, nearest ? "; did you mean jdbc:" : "", nearest ? nearest : "",
                 nearest ? "://HOST:PORT/DATABASE ?" : "");
}

/* As other clients write it: "postgresql://db/orders". */
static void refuse_other_form(const char *url, const char *path, struct problems *problems)
{
    const char *end = strstr(url, "://");
    char *scheme = xstrndup(url, end ? (size_t)(end - url) : 0);
    const char *nearest = *scheme ? nearest_vendor(scheme) : NULL;
    problems_add(problems, path, "url", "does not begin with \"jdbc:\"%s%s%s",
                 nearest ? "; did you mean jdbc:" : "", nearest ? nearest : "",
                 nearest ? "://HOST:PORT/DATABASE ?" : "");
    free(scheme);
}

static enum jdbc_standing find_standing(const char *subprotocol, const char *rest)
{
    if (find_vendor(subprotocol))
        return JDBC_VENDOR;
    if (is_file_engine(subprotocol, rest))
        return JDBC_FILE;
    for (const char *const *other = others; *other; other++)
        if (strcmp(*other, subprotocol) == 0)
            return JDBC_OTHER;
    return JDBC_UNKNOWN;
}

static char *read_subprotocol(const char *url, const char **rest)
{
    const char *word = url + strlen("jdbc:");
    size_t length = strcspn(word, ":/?");
    char *subprotocol = xstrndup(word, length);
    for (char *at = subprotocol; *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    *rest = word + length + (word[length] == ':');
    return subprotocol;
}

/* NAME=VALUE between any of the separators that drivers have: that refused names are found. */
static void read_loosely(struct jdbc_url *url, const char *rest)
{
    static const char separators[] = "/?&;:,()";
    while (*(rest += strspn(rest, separators))) {
        size_t length = strcspn(rest, "/?&;:,()=");
        char *name = rest[length] == '=' ? url_decode(rest, length) : NULL;
        rest += length;
        if (name && *name)
            url_add_parameter(url, name, xstrdup(""));
        else
            free(name);
        rest += strcspn(rest, separators);
    }
}

bool jdbc_url_parse(const char *url, const char *path, struct jdbc_url *result,
                    struct problems *problems)
{
    const char *rest;
    if (!text_starts_nocase(url, "jdbc:")) {
        refuse_other_form(url, path, problems);
        return false;
    }
    result->subprotocol = read_subprotocol(url, &rest);
    result->standing = find_standing(result->subprotocol, rest);
    if (strcmp(result->subprotocol, "redshift") == 0 && text_starts_nocase(rest, "iam:")) {
        result->iam = true;
        rest += strlen("iam:");
    }
    if (result->standing == JDBC_VENDOR && rest[-1] != ':') {
        problems_add(problems, path, "url", "has no : after \"jdbc:%s\"", result->subprotocol);
        return false;
    }
    if (result->standing == JDBC_FILE)
        problems_add(problems, path, "file-engine",
                     "\"jdbc:%s\" opens a file or a resource of this host, which is refused",
                     result->subprotocol);
    else if (result->standing == JDBC_UNKNOWN)
        refuse_unknown(result->subprotocol, path, problems);
    else if (result->standing == JDBC_VENDOR)
        return find_vendor(result->subprotocol)->read(result, rest, path, problems);
    if (result->standing == JDBC_OTHER)
        read_loosely(result, rest);
    return result->standing == JDBC_OTHER;
}

char *jdbc_url_take_parameter(struct jdbc_url *url, const char *const *names)
{
    for (; *names; names++)
        for (size_t i = 0; i < url->parameter_count; i++) {
            struct parameter *parameter = &url->parameters[i];
            if (!text_equal_nocase(parameter->name, *names))
                continue;
            char *value = parameter->value;
            free(parameter->name);
            url->parameter_count--;
            memmove(parameter, parameter + 1, (url->parameter_count - i) * sizeof *parameter);
            return value;
        }
    return NULL;
}

void jdbc_url_release(struct jdbc_url *url)
{
    free(url->subprotocol);
    for (size_t i = 0; i < url->endpoint_count; i++)
        free(url->endpoints[i].host);
    free(url->endpoints);
    free(url->database);
    free(url->region);
    for (size_t i = 0; i < url->parameter_count; i++) {
        free(url->parameters[i].name);
        text_wipe_free(url->parameters[i].value);
    }
    free(url->parameters);
    *url = JDBC_URL_INIT;
}
