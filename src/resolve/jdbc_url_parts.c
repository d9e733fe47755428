/* SPDX-License-Identifier: Apache-2.0 */
/* jdbc_url_parts.c - hosts, ports, percent-encoding and queries of JDBC URLs. */
#include "jdbc_url_parts.h"

#include <dlfcn.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "text.h"

enum { HOSTS_MAXIMUM = 32, PARAMETERS_MAXIMUM = 256 };

static int hex(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

char *url_decode(const char *text, size_t length)
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

/* Loaded for the few hosts that need it: with its tables of Unicode it costs every start of the
 * program what reading the definition does. */
static char *translate(const char *host)
{
    char *ascii = NULL;
    char *own = NULL;
    void *library = dlopen("libidn2.so.0", RTLD_LAZY | RTLD_LOCAL);
    __typeof__(idn2_to_ascii_8z) *to_ascii = NULL;
    if (library)
        *(void **)&to_ascii = dlsym(library, "idn2_to_ascii_8z");
    if (to_ascii && to_ascii(host, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) == IDN2_OK)
        own = xstrdup(ascii);
    free(ascii);
    if (library)
        dlclose(library);
    return own;
}

char *host_to_ascii(const char *host)
{
    for (const char *at = host; *at; at++)
        if ((unsigned char)*at >= 0x80)
            return translate(host);
    return xstrdup(host);
}

static char *tell_host(const char *host, const char *wrong)
{
    /* What stands before a slash and behind it may be a login. */
    return strchr(host, '/') ? xstrdup("has a host that is no DNS name and no address")
                             : text_format("has the host \"%.80s\", which %s", host, wrong);
}

static char *tell_port(const char *host, const char *port)
{
    /* What is no number may be a password, where the rest of the login was left out. */
    if (!*port || port[strspn(port, "-+0123456789")])
        return text_format("has a port behind \"%.80s\" that is not a number between 1 and 65535",
                           host);
    return text_format("has the port %.20s behind \"%.80s\", which is not a number between 1 and "
                       "65535",
                       port, host);
}

/* What is wrong with HOST and PORT, NULL when nothing is: then ENDPOINT is filled. */
static char *make_endpoint(const char *host, const char *port, struct endpoint *endpoint)
{
    unsigned long number = 0;
    const char *wrong = *host ? check_host(host) : NULL;
    if (!*host)
        return xstrdup("names no host");
    if (wrong)
        return tell_host(host, wrong);
    if (port && !text_to_number(port, 1, 65535, &number))
        return tell_port(host, port);
    *endpoint = (struct endpoint){.host = host_to_ascii(host), .port = (uint16_t)number};
    return endpoint->host ? NULL
                          : text_format("has the host name \"%.80s\", which cannot be written in "
                                        "ASCII (IDNA)",
                                        host);
}

bool url_add_endpoint(struct jdbc_url *url, const char *host, const char *port, const char *path,
                      struct problems *problems)
{
    struct endpoint endpoint;
    char *wrong = url->endpoint_count < HOSTS_MAXIMUM ? make_endpoint(host, port, &endpoint)
                                                      : xstrdup("names more than 32 hosts");
    if (wrong) {
        problems_add(problems, path, "url", "%s", wrong);
        free(wrong);
        return false;
    }
    url->endpoints = xrealloc(url->endpoints, (url->endpoint_count + 1) * sizeof *url->endpoints);
    url->endpoints[url->endpoint_count++] = endpoint;
    return true;
}

/* Where the port begins in HOST:PORT or [IPV6]:PORT, NULL without one; the host is cut out. */
static const char *split_host(const char *text, size_t length, const char **host,
                              size_t *host_length, const char **port)
{
    const char *end = text + length;
    *host = text;
    *host_length = length;
    *port = NULL;
    if (length && *text == '[') {
        const char *close = memchr(text, ']', length);
        if (!close)
            return "has an IPv6 address without the closing bracket";
        if (close + 1 < end && close[1] != ':')
            return "has something other than a port after the closing bracket";
        *port = close + 1 < end ? close + 2 : NULL;
        *host = text + 1;
        *host_length = (size_t)(close - *host);
        return memchr(*host, ':', *host_length) ? NULL
                                                : "has brackets around what is no IPv6 address";
    }
    const char *colon = memchr(text, ':', length);
    if (!colon)
        return NULL;
    if (memchr(colon + 1, ':', (size_t)(end - colon - 1)))
        return "has an IPv6 address without brackets: write [ADDRESS]:PORT";
    *host_length = (size_t)(colon - text);
    *port = colon + 1;
    return NULL;
}

bool url_add_host(struct jdbc_url *url, const char *text, size_t length, const char *path,
                  struct problems *problems)
{
    const char *name;
    const char *port;
    size_t name_length;
    const char *wrong = split_host(text, length, &name, &name_length, &port);
    char *host = wrong ? NULL : url_decode(name, name_length);
    if (!wrong && !host)
        wrong = "has a broken percent escape in the host";
    if (wrong) {
        problems_add(problems, path, "url", "%s", wrong);
        return false;
    }
    char *digits = port ? xstrndup(port, (size_t)(text + length - port)) : NULL;
    bool added = url_add_endpoint(url, host, digits, path, problems);
    free(host);
    free(digits);
    return added;
}

void url_add_parameter(struct jdbc_url *url, char *name, char *value)
{
    url->parameters =
        xrealloc(url->parameters, (url->parameter_count + 1) * sizeof *url->parameters);
    url->parameters[url->parameter_count++] = (struct parameter){.name = name, .value = value};
}

static void read_parameter(struct jdbc_url *url, const char *text, size_t length, const char *path,
                           struct problems *problems)
{
    const char *equals = memchr(text, '=', length);
    size_t name_length = equals ? (size_t)(equals - text) : length;
    char *name = url_decode(text, name_length);
    char *value = equals ? url_decode(equals + 1, length - name_length - 1) : xstrdup("");
    if (name && value && *name) {
        url_add_parameter(url, name, value);
        return;
    }
    problems_add(problems, path, "url", "has a query parameter with %s",
                 name && value ? "an empty name" : "a broken percent escape");
    free(name);
    text_wipe_free(value);
}

void url_read_query(struct jdbc_url *url, const char *query, const char *path,
                    struct problems *problems)
{
    while (*query && url->parameter_count < PARAMETERS_MAXIMUM) {
        size_t length = strcspn(query, "&");
        if (length)
            read_parameter(url, query, length, path, problems);
        query += length;
        query += *query == '&';
    }
    if (*query)
        problems_add(problems, path, "url", "has more than %d parameters", PARAMETERS_MAXIMUM);
}

bool url_refuse_credentials(const char *path, struct problems *problems)
{
    problems_add(problems, path, "credentials-in-url",
                 "holds credentials before the host; they belong into USERNAME and PASSWORD");
    return false;
}
