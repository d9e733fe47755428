/* SPDX-License-Identifier: Apache-2.0 */
/* net_policy.c - rules read, and held against one address. */
#include "net_policy.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text.h"

struct rule {
    enum net_policy_kind kind;
    char *text;
    char *pattern;         /* of host names; NULL: it is of addresses */
    unsigned char net[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned prefix;       /* bits */
    unsigned long low, high;
};

struct net_policy {
    struct rule *rules;
    size_t count;
    bool allows; /* a rule of that kind is there */
};

#define NOT_ALLOWED "no --allow rule allows it"

struct net_policy *net_policy_new(void)
{
    return xcalloc(1, sizeof(struct net_policy));
}

void net_policy_free(struct net_policy *policy)
{
    for (size_t i = 0; policy && i < policy->count; i++) {
        free(policy->rules[i].text);
        free(policy->rules[i].pattern);
    }
    if (policy)
        free(policy->rules);
    free(policy);
}

static void map_v4(const void *four, unsigned char out[16])
{
    static const unsigned char prefix[12] = {[10] = 0xFF, [11] = 0xFF};
    memcpy(out, prefix, sizeof prefix);
    memcpy(out + sizeof prefix, four, 4);
}

/* Where the port of "WHAT:PORT" begins; NULL: it has none. */
static char *find_port(char *rule)
{
    char *bracket = strrchr(rule, ']');
    char *colon = strchr(bracket ? bracket : rule, ':');
    if (!colon || (!bracket && strchr(colon + 1, ':'))) /* an IPv6 address without brackets */
        return NULL;
    *colon = '\0';
    return colon + 1;
}

static bool read_ports(char *text, struct rule *rule)
{
    char *dash = text ? strchr(text, '-') : NULL;
    rule->low = 1;
    rule->high = 65535;
    if (!text)
        return true;
    if (dash)
        *dash++ = '\0';
    return text_to_number(text, 1, 65535, &rule->low) &&
           text_to_number(dash ? dash : text, rule->low, 65535, &rule->high);
}

/* An address or a network; false when TEXT is neither. */
static bool read_network(char *text, struct rule *rule, bool *wrong)
{
    unsigned char four[4];
    unsigned long bits = 128;
    char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    char *address = xstrndup(text, length);
    size_t skip = *address == '[';
    if (skip && length && address[length - 1] == ']')
        address[length - 1] = '\0';
    bool v4 = inet_pton(AF_INET, address, four) == 1;
    bool v6 = !v4 && inet_pton(AF_INET6, address + skip, rule->net) == 1;
    free(address);
    if (v4)
        map_v4(four, rule->net);
    if (!v4 && !v6) {
        *wrong = slash != NULL;
        return false;
    }
    *wrong = slash && !text_to_number(slash + 1, 0, v4 ? 32 : 128, &bits);
    rule->prefix = (unsigned)(slash && v4 ? bits + 96 : bits);
    return true;
}

static bool is_pattern(const char *text)
{
    if (strcmp(text, "*") == 0)
        return true;
    if (text_starts(text, "*."))
        text += 2;
    for (const char *at = text; *at; at++)
        if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
              (*at >= '0' && *at <= '9') || strchr("-._", *at)))
            return false;
    return *text != '\0';
}

bool net_policy_add(struct net_policy *policy, enum net_policy_kind kind, const char *rule,
                    struct error *err)
{
    struct rule added = {.kind = kind};
    bool wrong = false;
    char *copy = xstrdup(rule);
    bool ports = read_ports(find_port(copy), &added);
    bool network = read_network(copy, &added, &wrong);
    if (!network && !wrong && is_pattern(copy))
        added.pattern = xstrdup(copy);
    else if (!network)
        wrong = true;
    free(copy);
    if (!ports || wrong) {
        free(added.pattern);
        return error_set(err, REASON_INVALID_INPUT,
                         "\"%s\" is no rule: ADDRESS, NETWORK/BITS, HOST, *.DOMAIN or *, and :PORT "
                         "or :PORT-PORT where it is for some ports only",
                         rule);
    }
    added.text = xstrdup(rule);
    policy->rules = xrealloc(policy->rules, (policy->count + 1) * sizeof *policy->rules);
    policy->rules[policy->count++] = added;
    policy->allows = policy->allows || kind == NET_POLICY_ALLOW;
    return true;
}

void net_policy_add_defaults(struct net_policy *policy)
{
    static const char *const rules[] = {"169.254.0.0/16", "[fe80::]/10",     "[fd00:ec2::254]",
                                        "224.0.0.0/4",    "255.255.255.255", "[ff00::]/8"};
    struct error ignored = ERROR_INIT;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        net_policy_add(policy, NET_POLICY_DENY_UNLESS_ALLOWED, rules[i], &ignored);
}

bool net_policy_is_empty(const struct net_policy *policy)
{
    return policy->count == 0;
}

char *net_policy_to_text(const struct net_policy *policy)
{
    static const char kinds[] = {
        [NET_POLICY_ALLOW] = 'a', [NET_POLICY_DENY] = 'd', [NET_POLICY_DENY_UNLESS_ALLOWED] = 'u'};
    struct text_buffer out = TEXT_BUFFER_INIT;
    for (size_t i = 0; i < policy->count; i++)
        text_append_format(&out, "%c%s\n", kinds[policy->rules[i].kind], policy->rules[i].text);
    return text_take(&out);
}

struct net_policy *net_policy_from_text(const char *text)
{
    struct net_policy *policy = net_policy_new();
    struct error ignored = ERROR_INIT;
    char *copy = xstrdup(text);
    char *rest = copy;
    for (char *line; (line = strsep(&rest, "\n"));)
        if (*line)
            net_policy_add(policy,
                           *line == 'a'   ? NET_POLICY_ALLOW
                           : *line == 'd' ? NET_POLICY_DENY
                                          : NET_POLICY_DENY_UNLESS_ALLOWED,
                           line + 1, &ignored);
    free(copy);
    return policy;
}

static bool in_network(const struct rule *rule, const unsigned char address[16])
{
    unsigned whole = rule->prefix / 8;
    unsigned rest = rule->prefix % 8;
    if (memcmp(rule->net, address, whole) != 0)
        return false;
    unsigned char mask = (unsigned char)(0xFF00 >> rest);
    return rest == 0 || (rule->net[whole] & mask) == (address[whole] & mask);
}

static bool fits(const struct rule *rule, const char *host, const unsigned char address[16],
                 unsigned port)
{
    if (port < rule->low || port > rule->high)
        return false;
    if (!rule->pattern)
        return in_network(rule, address);
    if (strcmp(rule->pattern, "*") == 0)
        return true;
    size_t length = strlen(host);
    if (length && host[length - 1] == '.')
        length--;
    const char *wanted = rule->pattern + (rule->pattern[0] == '*');
    size_t size = strlen(wanted);
    bool below = rule->pattern[0] == '*';
    return (below ? length > size : length == size) &&
           strncasecmp(host + length - size, wanted, size) == 0;
}

/* The first rule of KIND that fits; NETWORKS: only of those that are no names. */
static const char *find(const struct net_policy *policy, enum net_policy_kind kind, bool networks,
                        const char *host, const unsigned char address[16], unsigned port)
{
    for (size_t i = 0; i < policy->count; i++)
        if (policy->rules[i].kind == kind && !(networks && policy->rules[i].pattern) &&
            fits(&policy->rules[i], host, address, port))
            return policy->rules[i].text;
    return NULL;
}

const char *net_policy_refuses(const struct net_policy *policy, const char *host,
                               const struct sockaddr *peer)
{
    unsigned char address[16];
    unsigned port;
    if (!policy)
        return NULL;
    if (peer->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, peer, sizeof v4);
        map_v4(&v4.sin_addr, address);
        port = ntohs(v4.sin_port);
    } else {
        struct sockaddr_in6 v6;
        memcpy(&v6, peer, sizeof v6);
        memcpy(address, &v6.sin6_addr, sizeof address);
        port = ntohs(v6.sin6_port);
    }
    const char *denied = find(policy, NET_POLICY_DENY, false, host, address, port);
    if (denied)
        return denied;
    /* A name leads wherever its owner likes: it does not open what is shut by default. */
    denied = find(policy, NET_POLICY_DENY_UNLESS_ALLOWED, false, host, address, port);
    if (denied && !find(policy, NET_POLICY_ALLOW, true, host, address, port))
        return denied;
    if (policy->allows && !find(policy, NET_POLICY_ALLOW, false, host, address, port))
        return NOT_ALLOWED;
    return NULL;
}
