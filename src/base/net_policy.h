/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_policy.h - which addresses may be connected to: rules of networks, host patterns and ports.
 *
 * A rule is WHAT, WHAT:PORT or WHAT:PORT-PORT; WHAT is an address ("192.0.2.7", "[2001:db8::7]"), a
 * network ("10.0.0.0/8", "[2001:db8::]/32"), a host name ("db.example"), a pattern
 * ("*.example.com", all names below), or "*". Deny goes before allow; where there is an allow rule,
 * what none allows is denied.
 */
#ifndef NET_POLICY_H
#define NET_POLICY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "testconn/error.h"

struct net_policy;

struct net_policy *net_policy_new(void);
void net_policy_free(struct net_policy *policy); /* NULL is allowed */

enum net_policy_kind { NET_POLICY_ALLOW, NET_POLICY_DENY, NET_POLICY_DENY_UNLESS_ALLOWED };

/* False with ERR set when RULE is none. */
bool net_policy_add(struct net_policy *policy, enum net_policy_kind kind, const char *rule,
                    struct error *err);

/* Deny, unless a rule allows it: link-local addresses, where cloud hosts have their metadata, and
 * multicast. */
void net_policy_add_defaults(struct net_policy *policy);

/* Whether there is any rule. */
bool net_policy_is_empty(const struct net_policy *policy);

/* The rules as one text and back; the caller frees it. */
char *net_policy_to_text(const struct net_policy *policy);
struct net_policy *net_policy_from_text(const char *text);

/*
 * The rule that forbids a connection to PEER, which HOST ("": no name) resolved to; NULL: it is
 * allowed. POLICY NULL allows all.
 */
const char *net_policy_refuses(const struct net_policy *policy, const char *host,
                               const struct sockaddr *peer);

#endif
