/* SPDX-License-Identifier: Apache-2.0 */
/* jdbc_url.c - jdbc:VENDOR://HOST[:PORT][,HOST...]/DATABASE[?NAME=VALUE&...] and what stands for
 * it. */
#include "jdbc_url.h"

#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "text.h"

enum { HOSTS_MAXIMUM = 32 };

/* How the rest of the URL after "jdbc:VENDOR:" is written. */
enum jdbc_form {
    FORM_GENERIC, /* //HOST:PORT,HOST:PORT/DATABASE?NAME=VALUE&NAME=VALUE */
    FORM_OWN      /* the vendor's own, which its driver will bring */
};

static const struct jdbc_vendor {
    const char *subprotocol;
    enum jdbc_form form;
    unsigned default_port;
} vendors[] = {
    {"postgresql", FORM_GENERIC, 5432}, {"redshift", FORM_GENERIC, 5439},
    {"mysql", FORM_GENERIC, 3306},      {"mariadb", FORM_GENERIC, 3306},
    {"aurora", FORM_GENERIC, 3306},     {"oracle", FORM_OWN, 1521},
    {"sqlserver", FORM_OWN, 1433},      {"snowflake", FORM_OWN, 443},
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

static int hex(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* LENGTH bytes with %XX resolved; NULL for a broken escape, a NUL, or what is not UTF-8. */
static char *decode(const char *text, size_t length)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    bool broken = false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < length ? hex(text[i + 1]) : -1;
            int low = high >= 0 ? hex(text[i + 2]) : -1;
            broken = broken || high < 0 || low < 0 || high + low == 0;
            if (broken)
                break;
            c = (char)(high << 4 | low);
            i += 2;
        }
        text_append_bytes(&out, &c, 1);
    }
    if (broken || !text_is_utf8(out.data ? out.data : "", out.length)) {
        text_buffer_release(&out);
        return NULL;
    }
    return text_take(&out);
}

char *host_to_ascii(const char *host)
{
    char *ascii = NULL;
    for (const char *at = host; *at; at++)
        if ((unsigned char)*at >= 0x80) {
            if (idn2_to_ascii_8z(host, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
                return NULL;
            char *own = xstrdup(ascii);
            idn2_free(ascii);
            return own;
        }
    return xstrdup(host);
}

/* One HOST[:PORT] of LENGTH bytes; what is wrong with it, or NULL. */
static const char *parse_host(const char *text, size_t length, struct endpoint *endpoint)
{
    const char *port = NULL;
    const char *end = text + length;
    size_t host_length = length;
    unsigned long number = 0;
    if (length && *text == '[') {
        const char *close = memchr(text, ']', length);
        if (!close)
            return "has an IPv6 address without the closing bracket";
        port = close + 1;
        if (port < end && *port != ':')
            return "has something other than a port after the closing bracket";
        port = port < end ? port + 1 : NULL;
        text++;
        host_length = (size_t)(close - text);
    } else if (memchr(text, ':', length)) {
        port = (const char *)memchr(text, ':', length) + 1;
        host_length = (size_t)(port - 1 - text);
        if (memchr(port, ':', (size_t)(end - port)))
            return "has an IPv6 address without brackets: write [ADDRESS]:PORT";
    }
    char *host = decode(text, host_length);
    char *digits = port ? xstrndup(port, (size_t)(end - port)) : NULL;
    const char *wrong = NULL;
    if (!host || !*host)
        wrong = host ? "names no host" : "has a broken percent escape in the host";
    else if (check_host(host))
        wrong = "has a host that is no DNS name and no address";
    else if (digits && !text_to_number(digits, 1, 65535, &number))
        wrong = "has a port that is not a number between 1 and 65535";
    if (!wrong) {
        *endpoint = (struct endpoint){.host = host_to_ascii(host), .port = (uint16_t)number};
        if (!endpoint->host)
            wrong = "has a host name that cannot be written in ASCII (IDNA)";
    }
    free(host);
    free(digits);
    return wrong;
}

static bool parse_hosts(const char *text, size_t length, const char *path, struct jdbc_url *url,
                        struct problems *problems)
{
    const char *end = text + length;
    size_t before = problems->refused;
    if (memchr(text, '@', length)) {
        problems_add(problems, path, "credentials-in-url",
                     "holds credentials before the host; they belong into USERNAME and PASSWORD");
        return false;
    }
    for (;;) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        size_t size = (size_t)((comma ? comma : end) - text);
        struct endpoint endpoint;
        const char *wrong = url->endpoint_count < HOSTS_MAXIMUM ? parse_host(text, size, &endpoint)
                                                                : "names more than 32 hosts";
        if (wrong) {
            problems_add(problems, path, "url", "%s", wrong);
        } else {
            url->endpoints =
                xrealloc(url->endpoints, (url->endpoint_count + 1) * sizeof *url->endpoints);
            url->endpoints[url->endpoint_count++] = endpoint;
        }
        if (!comma || url->endpoint_count >= HOSTS_MAXIMUM)
            return problems->refused == before;
        text = comma + 1;
    }
}

static void parse_parameter(const char *text, size_t length, const char *path, struct jdbc_url *url,
                            struct problems *problems)
{
    const char *equals = memchr(text, '=', length);
    size_t name_length = equals ? (size_t)(equals - text) : length;
    char *name = decode(text, name_length);
    char *value = equals ? decode(equals + 1, length - name_length - 1) : xstrdup("");
    if (!name || !value || !*name) {
        problems_add(problems, path, "url", "has a query parameter with %s",
                     name && value ? "an empty name" : "a broken percent escape");
        free(name);
        text_wipe_free(value);
        return;
    }
    url->parameters =
        xrealloc(url->parameters, (url->parameter_count + 1) * sizeof *url->parameters);
    url->parameters[url->parameter_count++] = (struct parameter){.name = name, .value = value};
}

static void parse_query(const char *query, const char *path, struct jdbc_url *url,
                        struct problems *problems)
{
    while (*query) {
        size_t length = strcspn(query, "&");
        if (length)
            parse_parameter(query, length, path, url, problems);
        query += length;
        query += *query == '&';
    }
}

static bool parse_generic(const char *rest, const char *path, struct jdbc_url *url,
                          struct problems *problems)
{
    if (!text_starts(rest, "//")) {
        problems_add(problems, path, "url", "has no //HOST:PORT after \"jdbc:%s:\"",
                     url->subprotocol);
        return false;
    }
    rest += 2;
    size_t authority = strcspn(rest, "/?#");
    bool right = parse_hosts(rest, authority, path, url, problems);
    rest += authority;
    if (*rest == '/') {
        rest++;
        size_t length = strcspn(rest, "?#");
        char *database = decode(rest, length);
        if (!database || strchr(database, '/')) {
            problems_add(problems, path, "url", "has a database name with %s",
                         database ? "a slash in it" : "a broken percent escape");
            right = false;
        } else if (*database) {
            url->database = xstrdup(database);
        }
        free(database);
        rest += length;
    }
    size_t before = problems->refused;
    if (*rest == '?')
        parse_query(rest + 1, path, url, problems);
    url->understood = right && problems->refused == before;
    return url->understood;
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

static void refuse_unknown(const char *subprotocol, const char *path, struct problems *problems)
{
    const char *names[sizeof vendors / sizeof *vendors + 1] = {NULL};
    for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++)
        names[i] = vendors[i].subprotocol;
    const char *nearest = text_nearest(subprotocol, names);
    if (!nearest && text_starts(subprotocol, "postgres"))
        nearest = "postgresql";
    problems_add(problems, path, "url", "\"jdbc:%.60s\" names no database driver we know%s%s%s",
                 subprotocol, nearest ? "; did you mean jdbc:" : "", nearest ? nearest : "",
                 nearest ? "://HOST:PORT/DATABASE ?" : "");
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

bool jdbc_url_parse(const char *url, const char *path, struct jdbc_url *result,
                    struct problems *problems)
{
    const char *rest;
    if (!text_starts_nocase(url, "jdbc:")) {
        problems_add(problems, path, "url", "does not begin with \"jdbc:\"");
        return false;
    }
    result->subprotocol = read_subprotocol(url, &rest);
    result->standing = find_standing(result->subprotocol, rest);
    if (strcmp(result->subprotocol, "redshift") == 0 && text_starts_nocase(rest, "iam:")) {
        result->iam = true;
        rest += strlen("iam:");
    }
    if (result->standing == JDBC_FILE)
        problems_add(problems, path, "file-engine",
                     "\"jdbc:%s\" opens a file or a resource of this host, which is refused",
                     result->subprotocol);
    else if (result->standing == JDBC_UNKNOWN)
        refuse_unknown(result->subprotocol, path, problems);
    else if (result->standing == JDBC_VENDOR &&
             find_vendor(result->subprotocol)->form == FORM_GENERIC)
        return parse_generic(rest, path, result, problems);
    return result->standing == JDBC_VENDOR || result->standing == JDBC_OTHER;
}

void jdbc_url_release(struct jdbc_url *url)
{
    free(url->subprotocol);
    for (size_t i = 0; i < url->endpoint_count; i++)
        free(url->endpoints[i].host);
    free(url->endpoints);
    free(url->database);
    for (size_t i = 0; i < url->parameter_count; i++) {
        free(url->parameters[i].name);
        text_wipe_free(url->parameters[i].value);
    }
    free(url->parameters);
    *url = JDBC_URL_INIT;
}
