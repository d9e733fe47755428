/* SPDX-License-Identifier: Apache-2.0 */
/* bootstrap.c - HOST:PORT, HOST:PORT, ... */
#include "bootstrap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "jdbc_url.h"
#include "text.h"

#define PROPERTY "ConnectionProperties.KAFKA_BOOTSTRAP_SERVERS"

static void refuse(struct problems *problems, const char *server, const char *what)
{
    /* What stands before an @ may be a login. */
    const char *at = strrchr(server, '@');
    problems_add(problems, PROPERTY, "host-port", "\"%s%.100s\" %s", at ? "***" : "",
                 at ? at : server, what);
}

/* What stands before "://", as in the listeners of a broker. */
static const char *skip_protocol(const char *server, struct problems *problems)
{
    const char *rest = strstr(server, "://");
    if (!rest)
        return server;
    problems_add_note(problems, PROPERTY, "ignored",
                      "the protocol of \"%.100s\" is not used: KAFKA_SSL_ENABLED and "
                      "KAFKA_SASL_MECHANISM say it",
                      server);
    return rest + strlen("://");
}

/* Part "host:port" or "[v6]:port"; NULL with a problem told. HOST is the caller's to free. */
static char *split(const char *server, unsigned long *port, struct problems *problems)
{
    const char *at = skip_protocol(server, problems);
    const char *colon = strrchr(at, ':');
    const char *begin = at;
    const char *end = colon;
    char *ascii = NULL;
    if (colon == at) {
        refuse(problems, server, "names no host: HOST:PORT is demanded");
        return NULL;
    }
    if (!colon || (*at == '[' && colon[-1] != ']')) {
        refuse(problems, server, "has no port: HOST:PORT is demanded");
        return NULL;
    }
    if (!text_to_number(colon + 1, 1, 65535, port)) {
        refuse(problems, server, "has no port between 1 and 65535 after its last colon");
        return NULL;
    }
    if (*at == '[') {
        begin++;
        end--;
        if (!memchr(begin, ':', (size_t)(end - begin))) {
            refuse(problems, server, "has brackets around what is no IPv6 address");
            return NULL;
        }
    } else if (memchr(at, ':', (size_t)(colon - at))) {
        refuse(problems, server,
               strpbrk(at, "; \t")
                   ? "is not one HOST:PORT: several are parted by commas"
                   : "is not HOST:PORT: an IPv6 address is put in brackets, [::1]:9092");
        return NULL;
    }
    char *host = xstrndup(begin, (size_t)(end - begin));
    const char *wrong = *host ? check_host(host) : "names no host";
    if (wrong)
        refuse(problems, server, wrong);
    else if (!(ascii = host_to_ascii(host)))
        refuse(problems, server, "cannot be written in ASCII (IDNA)");
    free(host);
    return ascii;
}

static bool is_known(const struct endpoint *servers, size_t count, const char *host,
                     unsigned long port)
{
    for (size_t i = 0; i < count; i++)
        if (servers[i].port == port && text_equal_nocase(servers[i].host, host))
            return true;
    return false;
}

size_t bootstrap_read(const char *list, struct endpoint **servers, struct problems *problems)
{
    char *copy = xstrdup(list);
    char *rest = copy;
    size_t count = 0;
    *servers = NULL;
    for (char *server; (server = strsep(&rest, ","));) {
        unsigned long port = 0;
        server += strspn(server, " \t");
        for (size_t length = strlen(server); length > 0 && strchr(" \t", server[length - 1]);
             length--)
            server[length - 1] = '\0';
        char *host = *server ? split(server, &port, problems) : NULL;
        if (host && !is_known(*servers, count, host, port)) {
            *servers = xrealloc(*servers, (count + 1) * sizeof **servers);
            (*servers)[count++] = (struct endpoint){.host = host, .port = (uint16_t)port};
            host = NULL;
        }
        free(host);
    }
    if (count == 0 && problems->refused == 0)
        problems_add(problems, PROPERTY, "required",
                     "names no broker: a list of HOST:PORT is demanded");
    free(copy);
    return count;
}

void bootstrap_release(struct endpoint *servers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(servers[i].host);
    free(servers);
}
