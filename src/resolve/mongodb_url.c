/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_url.c - MongoDB's connection strings: several hosts, IPv6, SRV, percent-encoding. */
#include "mongodb_url.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "jdbc_url_parts.h"
#include "text.h"

enum { DATABASE_MAXIMUM = 63, SRV_LABELS = 3, SCHEME_MAXIMUM = 24 /* bytes */ };

static bool refuse(const char *path, struct problems *problems, const char *what)
{
    problems_add(problems, path, "url", "%s", what);
    return false;
}

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t tail = strlen(end);
    return length >= tail && text_equal_nocase(text + length - tail, end);
}

static bool is_socket(const char *host)
{
    return *host == '/' || ends_in(host, ".sock");
}

static bool refuse_socket(const char *path, struct problems *problems)
{
    problems_add(
        problems, path, "unix-socket",
        "names a Unix socket; a test goes over the network: write HOST:PORT of the server");
    return false;
}

static bool add_host(struct jdbc_url *url, const char *text, size_t length, const char *path,
                     struct problems *problems)
{
    char *decoded = url_decode(text, length);
    bool socket = decoded && is_socket(decoded);
    free(decoded);
    return socket ? refuse_socket(path, problems) : url_add_host(url, text, length, path, problems);
}

/* HOST[:PORT],HOST[:PORT]: all of them are looked at, so that all problems are told. */
static bool add_hosts(struct jdbc_url *url, const char *text, size_t length, const char *path,
                      struct problems *problems)
{
    bool good = true;
    for (const char *end = text + length; text <= end;) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *stop = comma ? comma : end;
        good = add_host(url, text, (size_t)(stop - text), path, problems) && good;
        text = stop + 1;
    }
    return good;
}

static size_t count_labels(const char *host)
{
    size_t count = 1;
    for (; *host; host++)
        count += *host == '.' && host[1];
    return count;
}

/* One name and no port: both come by its SRV records. */
static bool check_srv(const struct jdbc_url *url, const char *path, struct problems *problems)
{
    const struct endpoint *name = &url->endpoints[0];
    unsigned char address[16];
    if (url->endpoint_count != 1)
        return refuse(path, problems,
                      "names several hosts; mongodb+srv:// takes one name, whose SRV records list "
                      "the hosts");
    if (name->port)
        return refuse(path, problems,
                      "has a port; with mongodb+srv:// the ports come by the SRV records: leave it "
                      "out, or write mongodb://");
    if (strchr(name->host, ':') || inet_pton(AF_INET, name->host, address) == 1)
        return refuse(path, problems,
                      "has an address; mongodb+srv:// takes a name that has SRV records: write "
                      "mongodb://");
    if (count_labels(name->host) < SRV_LABELS)
        problems_add_note(
            problems, path, "srv-short-name",
            "\"%s\" has fewer than three parts (HOST.DOMAIN.TLD): many drivers refuse "
            "it with mongodb+srv://",
            name->host);
    return true;
}

/* What follows the slash, up to the query. */
static bool read_database(struct jdbc_url *url, const char *text, size_t length, const char *path,
                          struct problems *problems)
{
    if (length && text[length - 1] == '/')
        length--;
    char *database = length ? url_decode(text, length) : NULL;
    if (length && !database)
        return refuse(path, problems, "has a broken percent escape in the database's name");
    url->database = database;
    if (!database)
        return true;
    if (database[strcspn(database, "/\\. \"$")])
        return refuse(path, problems,
                      "has a database name with one of / \\ . \" $ or a blank, which MongoDB does "
                      "not allow");
    return strlen(database) <= DATABASE_MAXIMUM ||
           refuse(path, problems, "has a database name of more than 63 bytes");
}

/* A login before the host, with whatever its password holds unescaped. */
static bool has_credentials(const char *rest)
{
    return memchr(rest, '@', strcspn(rest, "?")) || memchr(rest, '@', strcspn(rest, "=&"));
}

void mongodb_url_refuse(const char *text, const char *path, struct problems *problems)
{
    const char *end = strstr(text, "://");
    size_t length = end ? (size_t)(end + 3 - text) : 0;
    if (length && length <= SCHEME_MAXIMUM)
        problems_add(problems, path, "url",
                     "begins with \"%.*s\"; it has to begin with mongodb:// or mongodb+srv://",
                     (int)length, text);
    else
        problems_add(problems, path, "url", "does not begin with mongodb:// or mongodb+srv://");
}

bool mongodb_url_is_one(const char *text)
{
    return text_starts(text, "mongodb://") || text_starts(text, MONGODB_SRV "://");
}

bool mongodb_url_parse(const char *text, const char *path, struct jdbc_url *url,
                       struct problems *problems)
{
    bool srv = text_starts(text, MONGODB_SRV "://");
    if (!mongodb_url_is_one(text)) {
        mongodb_url_refuse(text, path, problems);
        return false;
    }
    const char *rest = strstr(text, "://") + 3;
    url->subprotocol = xstrdup(srv ? MONGODB_SRV : "mongodb");
    url->standing = JDBC_VENDOR;
    if (has_credentials(rest))
        return url_refuse_credentials(path, problems);
    size_t length = strcspn(rest, "/?");
    if (length == 0 && strstr(rest, ".sock"))
        return refuse_socket(path, problems);
    bool good = add_hosts(url, rest, length, path, problems);
    rest += length;
    if (*rest == '/') {
        length = strcspn(++rest, "?");
        good = read_database(url, rest, length, path, problems) && good;
        rest += length;
    }
    if (*rest == '?')
        url_read_query(url, rest + 1, path, problems);
    return good && (!srv || check_srv(url, path, problems));
}
