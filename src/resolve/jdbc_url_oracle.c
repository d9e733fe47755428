/* SPDX-License-Identifier: Apache-2.0 */
/* jdbc_url_oracle.c - thin:@//HOST:PORT/SERVICE, thin:@HOST:PORT:SID, thin:@tcps://..., connect
 * descriptors, and Glue's //@ forms (Oracle Net Services, Local Naming and EZConnect Plus). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "jdbc_url_parts.h"
#include "text.h"

enum { DEPTH_MAXIMUM = 12 };

static bool refuse(const char *path, struct problems *problems, const char *rule, const char *why)
{
    problems_add(problems, path, rule, "%s", why);
    return false;
}

/* A descriptor as it is read: the parts of one address, then what holds for all. */
struct descriptor {
    struct jdbc_url *url;
    const char *path;
    struct problems *problems;
    const char *at;
    char *protocol; /* of the address at hand */
    char *host;
    char *port;
};

static void skip_blanks(struct descriptor *descriptor)
{
    while (isspace((unsigned char)*descriptor->at))
        descriptor->at++;
}

static char *read_word(struct descriptor *descriptor)
{
    const char *begin = descriptor->at;
    while (isalnum((unsigned char)*descriptor->at) || *descriptor->at == '_')
        descriptor->at++;
    return xstrndup(begin, (size_t)(descriptor->at - begin));
}

/* Up to the closing parenthesis, or "quoted". */
static char *read_value(struct descriptor *descriptor)
{
    bool quoted = *descriptor->at == '"';
    const char *begin = descriptor->at + quoted;
    size_t length = strcspn(begin, quoted ? "\"" : "()");
    descriptor->at = begin + length;
    if (quoted && *descriptor->at == '"')
        descriptor->at++;
    while (!quoted && length && isspace((unsigned char)begin[length - 1]))
        length--;
    return xstrndup(begin, length);
}

static void replace(char **old, char *new)
{
    free(*old);
    *old = new;
}

/* One NAME=VALUE of a descriptor; takes VALUE over. */
static void take(struct descriptor *descriptor, const char *name, char *value)
{
    struct jdbc_url *url = descriptor->url;
    if (text_equal_nocase(name, "PROTOCOL"))
        replace(&descriptor->protocol, value);
    else if (text_equal_nocase(name, "HOST"))
        replace(&descriptor->host, value);
    else if (text_equal_nocase(name, "PORT"))
        replace(&descriptor->port, value);
    else if (text_equal_nocase(name, "SERVICE_NAME"))
        replace(&url->database, value);
    else if (text_equal_nocase(name, "SID")) {
        url_add_parameter(url, xstrdup("SID"), xstrdup(value));
        replace(&url->database, value);
    } else
        url_add_parameter(url, xstrdup(name), value);
}

static bool end_address(struct descriptor *descriptor)
{
    const char *protocol = descriptor->protocol ? descriptor->protocol : "TCP";
    bool secure = text_equal_nocase(protocol, "TCPS");
    bool right = secure || text_equal_nocase(protocol, "TCP");
    if (!right)
        refuse(descriptor->path, descriptor->problems, "url",
               "has an address with a PROTOCOL other than TCP and TCPS");
    else
        right = url_add_endpoint(descriptor->url, descriptor->host ? descriptor->host : "",
                                 descriptor->port, descriptor->path, descriptor->problems);
    if (right && secure)
        url_add_parameter(descriptor->url, xstrdup("PROTOCOL"), xstrdup("TCPS"));
    replace(&descriptor->protocol, NULL);
    replace(&descriptor->host, NULL);
    replace(&descriptor->port, NULL);
    return right;
}

/* A group with groups in it that is no part of every descriptor: its name counts as well. */
static void tell_group(struct descriptor *descriptor, const char *name)
{
    static const char *const usual[] = {"DESCRIPTION",  "DESCRIPTION_LIST", "ADDRESS",
                                        "ADDRESS_LIST", "CONNECT_DATA",     "SECURITY"};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (text_equal_nocase(name, usual[i]))
            return;
    url_add_parameter(descriptor->url, xstrdup(name), xstrdup("..."));
}

/* (NAME=VALUE) or (NAME=(NAME=...)(...)). */
static bool read_group(struct descriptor *descriptor, int depth)
{
    skip_blanks(descriptor);
    if (*descriptor->at != '(' || depth > DEPTH_MAXIMUM)
        return false;
    descriptor->at++;
    skip_blanks(descriptor);
    char *name = read_word(descriptor);
    skip_blanks(descriptor);
    bool right = *name && *descriptor->at == '=';
    descriptor->at += right;
    skip_blanks(descriptor);
    if (right && *descriptor->at == '(') {
        tell_group(descriptor, name);
        while (right && *descriptor->at == '(') {
            right = read_group(descriptor, depth + 1);
            skip_blanks(descriptor);
        }
        if (right && text_equal_nocase(name, "ADDRESS"))
            right = end_address(descriptor);
    } else if (right) {
        take(descriptor, name, read_value(descriptor));
        skip_blanks(descriptor);
    }
    free(name);
    right = right && *descriptor->at == ')';
    descriptor->at += right;
    return right;
}

static bool read_descriptor(struct jdbc_url *url, const char *text, const char *path,
                            struct problems *problems)
{
    struct descriptor descriptor = {.url = url, .path = path, .problems = problems, .at = text};
    size_t before = problems->refused;
    bool right = read_group(&descriptor, 0);
    skip_blanks(&descriptor);
    right = right && !*descriptor.at;
    if (right && url->endpoint_count == 0 && descriptor.host)
        end_address(&descriptor); /* an ADDRESS may be left out around one address */
    free(descriptor.protocol);
    free(descriptor.host);
    free(descriptor.port);
    if (!right && problems->refused == before)
        refuse(path, problems, "url", "has a connect descriptor whose parentheses do not match");
    if (right && url->endpoint_count == 0 && problems->refused == before)
        refuse(path, problems, "url", "has a connect descriptor without an ADDRESS");
    return problems->refused == before;
}

/* HOST[:PORT][,HOST[:PORT]...] of EZConnect; a port behind the last host holds for all without. */
static bool read_hosts(struct jdbc_url *url, const char *text, size_t length, const char *path,
                       struct problems *problems)
{
    const char *end = text + length;
    for (;;) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *stop = comma ? comma : end;
        if (!url_add_host(url, text, (size_t)(stop - text), path, problems))
            return false;
        if (!comma)
            break;
        text = comma + 1;
    }
    uint16_t port = url->endpoints[url->endpoint_count - 1].port;
    for (size_t i = 0; i < url->endpoint_count; i++)
        if (url->endpoints[i].port == 0)
            url->endpoints[i].port = port;
    return true;
}

/* SERVICE[:SERVER][/INSTANCE][?NAME=VALUE&...] behind the slash. */
static void read_service(struct jdbc_url *url, const char *text, const char *path,
                         struct problems *problems)
{
    size_t length = strcspn(text, ":/?");
    if (length)
        replace(&url->database, url_decode(text, length));
    text += length;
    if (*text == ':') {
        length = strcspn(++text, "/?");
        url_add_parameter(url, xstrdup("SERVER"), xstrndup(text, length));
        text += length;
    }
    if (*text == '/') {
        length = strcspn(++text, "?");
        url_add_parameter(url, xstrdup("INSTANCE_NAME"), xstrndup(text, length));
        text += length;
    }
    if (*text == '?')
        url_read_query(url, text + 1, path, problems);
}

/* HOST:PORT:SID: the second colon outside of brackets. */
static const char *find_sid(const char *text, size_t length)
{
    const char *end = text + length;
    const char *from = length && *text == '[' ? memchr(text, ']', length) : text;
    const char *colon = from ? memchr(from, ':', (size_t)(end - from)) : NULL;
    return colon ? memchr(colon + 1, ':', (size_t)(end - colon - 1)) : NULL;
}

static bool read_address(struct jdbc_url *url, const char *text, const char *path,
                         struct problems *problems)
{
    size_t before = problems->refused;
    bool slashes = text_starts(text, "//");
    text += slashes ? 2 : 0;
    size_t length = strcspn(text, "/?");
    const char *sid = find_sid(text, length);
    if (!slashes && !text[length] && !memchr(text, ':', length))
        return refuse(path, problems, "url",
                      "names an alias of a tnsnames.ora file, which is not read: write "
                      "@//HOST:PORT/SERVICE");
    if (!read_hosts(url, text, sid ? (size_t)(sid - text) : length, path, problems))
        return false;
    if (sid) {
        url->database = url_decode(sid + 1, (size_t)(text + length - sid - 1));
        if (url->database)
            url_add_parameter(url, xstrdup("SID"), xstrdup(url->database));
    } else if (text[length] == '/') {
        read_service(url, text + length + 1, path, problems);
    } else if (text[length] == '?') {
        url_read_query(url, text + length + 1, path, problems);
    }
    if (!url->database || !*url->database)
        refuse(path, problems, "url",
               "names no service and no SID: write @//HOST:PORT/SERVICE or @HOST:PORT:SID");
    return problems->refused == before;
}

/* What begins with SCHEME: behind the @. */
static bool read_target(struct jdbc_url *url, const char *text, const char *path,
                        struct problems *problems)
{
    static const char *const fetched[] = {"ldap:", "ldaps:", "config-", "jdbc:"};
    for (size_t i = 0; i < sizeof fetched / sizeof *fetched; i++)
        if (text_starts_nocase(text, fetched[i]))
            return refuse(path, problems, "url",
                          "takes its connect descriptor from elsewhere (ldap:, config-...), which "
                          "is refused: write @//HOST:PORT/SERVICE");
    if (*text == '(')
        return read_descriptor(url, text, path, problems);
    if (text_starts_nocase(text, "tcps://")) {
        url_add_parameter(url, xstrdup("PROTOCOL"), xstrdup("TCPS"));
        return read_address(url, text + strlen("tcps:"), path, problems);
    }
    return read_address(url, text_starts_nocase(text, "tcp://") ? text + strlen("tcp:") : text,
                        path, problems);
}

bool jdbc_url_oracle(struct jdbc_url *url, const char *rest, const char *path,
                     struct problems *problems)
{
    if (text_starts(rest, "//") && !text_starts(rest, "//@"))
        return read_target(url, rest, path, problems); /* jdbc:oracle://HOST:PORT/SERVICE */
    size_t word = strcspn(rest, ":");
    if (word == 3 && text_starts_nocase(rest, "oci"))
        return refuse(path, problems, "url",
                      "is of Oracle's OCI driver, which needs an installed Oracle client: write "
                      "jdbc:oracle:thin:");
    if (word != 4 || !text_starts_nocase(rest, "thin") || rest[word] != ':')
        return refuse(path, problems, "url",
                      "is none of Oracle's forms: jdbc:oracle:thin:@//HOST:PORT/SERVICE, "
                      "thin:@HOST:PORT:SID, thin:@(DESCRIPTION=...)");
    rest += word + 1;
    if (text_starts(rest, "//@"))
        return read_target(url, rest + 3, path, problems);
    if (*rest == '@')
        return read_target(url, rest + 1, path, problems);
    if (strchr(rest, '@'))
        return url_refuse_credentials(path, problems);
    return refuse(path, problems, "url", "has no @ before the host");
}
