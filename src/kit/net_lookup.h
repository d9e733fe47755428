/* SPDX-License-Identifier: Apache-2.0 */
/* net_lookup.h - name resolution that ends in time, keeps what it learned, and says what went
 * wrong. */
#ifndef NET_LOOKUP_H
#define NET_LOOKUP_H

#include <jansson.h>
#include <netdb.h>
#include <pthread.h>
#include <stddef.h>

#include "testconn/deadline.h"
#include "testconn/error.h"
#include "text.h"

typedef int net_resolver(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* What names resolved to in this process. */
struct net_lookups {
    net_resolver *resolver;
    struct net_answer *answers;
    pthread_mutex_t lock;
};

void net_lookups_init(struct net_lookups *lookups, net_resolver *resolver);

/* Ask in advance, as TCP libraries do, and do not wait: who asks the same later finds it asked. */
void net_lookup_begin(struct net_lookups *lookups, const char *node, const char *service,
                      struct deadline deadline);

/* The answer to that if it is there by DEADLINE, or NULL; it stays the look-ups'. */
const struct addrinfo *net_lookup_await(struct net_lookups *lookups, const char *node,
                                        const char *service, struct deadline deadline);

/*
 * getaddrinfo() by DEADLINE: what was asked before is answered from memory. Returns 0 or an EAI
 * code, and then ERR is DNS_NOT_FOUND or DNS_UNAVAILABLE. *RESULT is freed with freeaddrinfo().
 */
int net_lookup(struct net_lookups *lookups, const char *node, const char *service,
               const struct addrinfo *hints, struct deadline deadline, struct addrinfo **result,
               struct error *err);

/* The addresses of RESULT, each once, as a JSON array of strings. */
json_t *net_lookup_addresses(const struct addrinfo *result);

/* The name that resolved to ADDRESS, "" when none did. */
void net_lookups_host(struct net_lookups *lookups, const char *address, char *host, size_t size);

/* Whether NAME resolved to ADDRESS. */
bool net_lookups_has(struct net_lookups *lookups, const char *name, const char *address);

/* Whether NODE is an address, not a name. */
bool net_is_address(const char *node);

/* How many addresses HOST resolved to. */
size_t net_lookups_count(struct net_lookups *lookups, const char *host);

/* Append "10.0.0.2, 10.0.0.3" of /etc/resolv.conf, or nothing when it names none. */
void net_lookup_servers(struct text_buffer *list);

#endif
