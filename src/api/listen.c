/* SPDX-License-Identifier: Apache-2.0 */
/* listen.c - HOST:PORT taken apart. */
#include "listen.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "text.h"

enum { LISTENERS_MAXIMUM = 8 };

static bool split(const char *address, char host[256], unsigned long *port, struct error *err)
{
    const char *colon = strrchr(address, ':');
    bool brackets = *address == '[';
    size_t length = colon ? (size_t)(colon - address) : 0;
    if (colon && length < 256) {
        snprintf(host, 256, "%.*s", (int)length, address);
        if (brackets && length > 1 && host[length - 1] == ']') {
            memmove(host, host + 1, length - 2);
            host[length - 2] = '\0';
        }
    }
    if (colon && length > 0 && length < 256 && (brackets || !strchr(host, ':')) &&
        text_to_number(colon + 1, 0, 65535, port))
        return true;
    return error_set(err, REASON_INVALID_INPUT,
                     "\"%s\" is not HOST:PORT, as 127.0.0.1:9480 or [::1]:9480", address);
}

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return text_equal_nocase(host, "localhost");
}

bool listen_check(const struct service_texts *addresses, bool *loopback, struct error *err)
{
    char host[256];
    unsigned long port;
    *loopback = true;
    if (addresses->count > LISTENERS_MAXIMUM)
        return error_set(err, REASON_INVALID_INPUT, "at most %d addresses can be listened at",
                         LISTENERS_MAXIMUM);
    for (size_t i = 0; i < addresses->count; i++) {
        if (!split(addresses->items[i], host, &port, err))
            return false;
        *loopback = *loopback && is_loopback(host);
    }
    return true;
}

bool listen_begin(const struct service_texts *addresses, struct http_server *server,
                  struct error *err)
{
    char host[256];
    unsigned long port;
    uint16_t bound;
    for (size_t i = 0; i < addresses->count; i++) {
        char where[300];
        if (!split(addresses->items[i], host, &port, err) ||
            !http_server_listen(server, host, (uint16_t)port, &bound, err))
            return false;
        text_endpoint(where, sizeof where, host, bound);
        log_line(LOG_INFO, "listening", "address", where, NULL);
    }
    return true;
}
