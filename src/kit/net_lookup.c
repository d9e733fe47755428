/* SPDX-License-Identifier: Apache-2.0 */
/* net_lookup.c - getaddrinfo() in a thread of its own, so that a silent resolver cannot hold us. */
#include "net_lookup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fd.h"
#include "text.h"

/* One question and its answer. Kept for the life of the process. */
struct net_answer {
    char *node;
    char *service; /* NULL: none */
    struct addrinfo hints;
    struct addrinfo *result;
    int status;
    int error; /* errno for EAI_SYSTEM */
    bool done;
    net_resolver *resolver;
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    struct net_answer *next;
};

enum { RESOLVER_FILE_MAXIMUM = 65536, LOOKUP_RESERVE_MS = 30 };

void net_lookups_init(struct net_lookups *lookups, net_resolver *resolver)
{
    *lookups = (struct net_lookups){.resolver = resolver};
    pthread_mutex_init(&lookups->lock, NULL);
}

static void *resolve_name(void *argument)
{
    struct net_answer *answer = argument;
    struct addrinfo *result = NULL;
    int status = answer->resolver(answer->node, answer->service, &answer->hints, &result);
    int error = errno;
    pthread_mutex_lock(&answer->lock);
    answer->result = result;
    answer->status = status;
    answer->error = error;
    answer->done = true;
    pthread_cond_broadcast(&answer->arrived);
    pthread_mutex_unlock(&answer->lock);
    return NULL;
}

bool net_is_address(const char *node)
{
    struct in6_addr v6;
    struct in_addr v4;
    return strchr(node, ':') || inet_pton(AF_INET, node, &v4) == 1 ||
           inet_pton(AF_INET6, node, &v6) == 1;
}

/* The resolver's own patience, in whole seconds, not above the time left. */
static void limit_resolver(struct deadline deadline)
{
    char options[64];
    int seconds = deadline_left_ms(deadline) / 2000;
    snprintf(options, sizeof options, "timeout:%d attempts:2",
             seconds < 1   ? 1
             : seconds > 5 ? 5
                           : seconds);
    setenv("RES_OPTIONS", options, 1);
}

static void wait_for(struct net_answer *answer, struct deadline deadline)
{
    struct timespec until = {.tv_sec = deadline.at_us / 1000000,
                             .tv_nsec = deadline.at_us % 1000000 * 1000};
    pthread_mutex_lock(&answer->lock);
    while (!answer->done)
        if (pthread_cond_clockwait(&answer->arrived, &answer->lock, CLOCK_MONOTONIC, &until) != 0)
            break;
    pthread_mutex_unlock(&answer->lock);
}

static bool is_same_question(const struct net_answer *answer, const char *node, const char *service,
                             const struct addrinfo *hints)
{
    return strcmp(answer->node, node) == 0 && text_equal(answer->service, service) &&
           answer->hints.ai_flags == hints->ai_flags &&
           answer->hints.ai_family == hints->ai_family &&
           answer->hints.ai_socktype == hints->ai_socktype &&
           answer->hints.ai_protocol == hints->ai_protocol;
}

/* Ask, or find what was asked before. */
static struct net_answer *ask(struct net_lookups *lookups, const char *node, const char *service,
                              const struct addrinfo *hints, struct deadline deadline)
{
    struct addrinfo question = {.ai_family = AF_UNSPEC};
    pthread_t thread;
    if (hints) {
        question.ai_flags = hints->ai_flags;
        question.ai_family = hints->ai_family;
        question.ai_socktype = hints->ai_socktype;
        question.ai_protocol = hints->ai_protocol;
    }
    /* The same answers, and one question less where a library says so and another does not. */
    if (question.ai_socktype == SOCK_STREAM && question.ai_protocol == 0)
        question.ai_protocol = IPPROTO_TCP;
    pthread_mutex_lock(&lookups->lock);
    struct net_answer *answer = lookups->answers;
    while (answer && !is_same_question(answer, node, service, &question))
        answer = answer->next;
    if (!answer) {
        answer = xcalloc(1, sizeof *answer);
        answer->node = xstrdup(node);
        answer->service = service ? xstrdup(service) : NULL;
        answer->hints = question;
        answer->resolver = lookups->resolver;
        pthread_mutex_init(&answer->lock, NULL);
        pthread_cond_init(&answer->arrived, NULL);
        answer->next = lookups->answers;
        lookups->answers = answer;
        limit_resolver(deadline);
        if (net_is_address(node) || pthread_create(&thread, NULL, resolve_name, answer) != 0)
            resolve_name(answer);
        else
            pthread_detach(thread);
    }
    pthread_mutex_unlock(&lookups->lock);
    return answer;
}

/* A copy that freeaddrinfo() can free: each node one block with its address, as glibc makes them.
 */
static struct addrinfo *copy_result(const struct addrinfo *from)
{
    struct addrinfo *first = NULL;
    struct addrinfo **end = &first;
    for (; from; from = from->ai_next) {
        struct addrinfo *node = xmalloc(sizeof *node + from->ai_addrlen);
        *node = *from;
        node->ai_next = NULL;
        node->ai_addr = (struct sockaddr *)(node + 1);
        memcpy(node->ai_addr, from->ai_addr, from->ai_addrlen);
        node->ai_canonname = from->ai_canonname ? xstrdup(from->ai_canonname) : NULL;
        *end = node;
        end = &node->ai_next;
    }
    return first;
}

void net_lookup_servers(struct text_buffer *list)
{
    size_t length = 0;
    struct error ignored = ERROR_INIT;
    char *file = fd_read_file("/etc/resolv.conf", RESOLVER_FILE_MAXIMUM, deadline_in_ms(0), &length,
                              &ignored);
    char *rest = file;
    for (char *line; (line = strsep(&rest, "\n"));) {
        line += strspn(line, " \t");
        if (!text_starts(line, "nameserver"))
            continue;
        line += strlen("nameserver");
        line += strspn(line, " \t");
        if (list->length)
            text_append(list, ", ");
        text_append_bytes(list, line, strcspn(line, " \t#"));
    }
    free(file);
}

static void explain(const struct net_answer *answer, int status, struct error *err)
{
    struct text_buffer servers = TEXT_BUFFER_INIT;
    net_lookup_servers(&servers);
    const char *asked = servers.length ? servers.data : "none configured";
    if (!answer->done)
        error_set(err, REASON_DNS_UNAVAILABLE,
                  "the name servers (%s) gave no answer for \"%s\" within the time of the test",
                  asked, answer->node);
    else if (status == EAI_NONAME || status == EAI_NODATA || status == EAI_ADDRFAMILY)
        error_set(err, REASON_DNS_NOT_FOUND, "the host name \"%s\" %s (%s; name servers: %s)",
                  answer->node, status == EAI_NONAME ? "does not exist" : "has no address",
                  gai_strerror(status), asked);
    else
        error_set(err, REASON_DNS_UNAVAILABLE,
                  "\"%s\" could not be looked up: %s%s%s (name servers: %s)", answer->node,
                  gai_strerror(status), status == EAI_SYSTEM ? ": " : "",
                  status == EAI_SYSTEM ? strerror(answer->error) : "", asked);
    if (answer->done)
        error_brief(err, "\"%s\" %s", answer->node,
                    err->reason != REASON_DNS_NOT_FOUND ? "could not be looked up"
                    : status == EAI_NONAME              ? "does not exist"
                                                        : "has no address");
    else
        error_brief(err, "the name servers gave no answer");
    text_buffer_release(&servers);
}

/* As TCP libraries ask. */
static const struct addrinfo usual_hints = {.ai_socktype = SOCK_STREAM};

void net_lookup_begin(struct net_lookups *lookups, const char *node, const char *service,
                      struct deadline deadline)
{
    if (!net_is_address(node))
        ask(lookups, node, service, &usual_hints, deadline);
}

const struct addrinfo *net_lookup_await(struct net_lookups *lookups, const char *node,
                                        const char *service, struct deadline deadline)
{
    struct net_answer *answer = ask(lookups, node, service, &usual_hints, deadline);
    wait_for(answer, deadline);
    return answer->done ? answer->result : NULL;
}

int net_lookup(struct net_lookups *lookups, const char *node, const char *service,
               const struct addrinfo *hints, struct deadline deadline, struct addrinfo **result,
               struct error *err)
{
    struct net_answer *answer = ask(lookups, node, service, hints, deadline);
    deadline.at_us -= LOOKUP_RESERVE_MS * 1000;
    wait_for(answer, deadline);
    int status = answer->done ? answer->status : EAI_AGAIN;
    *result = NULL;
    if (status)
        explain(answer, status, err);
    else
        *result = copy_result(answer->result);
    errno = answer->error;
    /* Not "try again": libmariadb does, until its time is over, and would hear the same. */
    return status == EAI_AGAIN ? EAI_FAIL : status;
}

static bool print_address(const struct sockaddr *address, char *out, socklen_t size)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        return inet_ntop(AF_INET, &v4.sin_addr, out, size) != NULL;
    }
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(&v6, address, sizeof v6);
    return inet_ntop(AF_INET6, &v6.sin6_addr, out, size) != NULL;
}

json_t *net_lookup_addresses(const struct addrinfo *result)
{
    json_t *list = json_array();
    for (; result; result = result->ai_next) {
        char address[INET6_ADDRSTRLEN];
        bool known = !print_address(result->ai_addr, address, sizeof address);
        for (size_t i = 0; !known && i < json_array_size(list); i++)
            known = strcmp(json_string_value(json_array_get(list, i)), address) == 0;
        if (!known)
            json_array_append_new(list, json_string(address));
    }
    return list;
}

static bool holds(const struct net_answer *answer, const char *address)
{
    char text[INET6_ADDRSTRLEN];
    for (struct addrinfo *one = answer->done ? answer->result : NULL; one; one = one->ai_next)
        if (print_address(one->ai_addr, text, sizeof text) && strcmp(text, address) == 0)
            return true;
    return false;
}

bool net_lookups_has(struct net_lookups *lookups, const char *name, const char *address)
{
    bool found = false;
    pthread_mutex_lock(&lookups->lock);
    for (struct net_answer *answer = lookups->answers; answer && !found; answer = answer->next)
        found = text_equal_nocase(answer->node, name) && holds(answer, address);
    pthread_mutex_unlock(&lookups->lock);
    return found;
}

void net_lookups_host(struct net_lookups *lookups, const char *address, char *host, size_t size)
{
    host[0] = '\0';
    pthread_mutex_lock(&lookups->lock);
    for (struct net_answer *answer = lookups->answers; answer && !host[0]; answer = answer->next)
        if (holds(answer, address))
            snprintf(host, size, "%s", answer->node);
    pthread_mutex_unlock(&lookups->lock);
}

size_t net_lookups_count(struct net_lookups *lookups, const char *host)
{
    size_t count = 0;
    pthread_mutex_lock(&lookups->lock);
    for (struct net_answer *answer = lookups->answers; answer; answer = answer->next)
        if (answer->done && !answer->status && strcmp(answer->node, host) == 0) {
            json_t *addresses = net_lookup_addresses(answer->result);
            if (json_array_size(addresses) > count)
                count = json_array_size(addresses);
            json_decref(addresses);
        }
    pthread_mutex_unlock(&lookups->lock);
    return count;
}
