/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_set.c - a set or cluster as the application will see it: what its members' state means.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mongodb_set.h"

static const char *option(const struct session *session, const char *name)
{
    return target_parameter(session->target, name);
}

static bool says(const struct session *session, const char *name, const char *value)
{
    const char *said = option(session, name);
    return said && strcmp(said, value) == 0;
}

/* Whether drivers look for the whole set, and fail when they cannot have it. */
static bool is_wanted(const struct session *session)
{
    return option(session, "replicaSet") || session->target->endpoint_count > 1;
}

static const char *topology(const struct set *set)
{
    const struct session *session = set->session;
    if (session->hello.mongos)
        return "Sharded";
    if (!session->hello.set_name[0] || says(session, "directConnection", "true"))
        return "Single";
    return set->has_primary ? "ReplicaSetWithPrimary" : "ReplicaSetNoPrimary";
}

#define REMEDY                                                                                     \
    "have the set announce names that resolve and can be reached from here (rs.reconfig()), make " \
    "them resolvable here, or connect to one member with directConnection=true and without "       \
    "replicaSet"

#define REMEDY_ADDRESS                                                                             \
    "see that the members run and listen on these addresses; where those are of another network "  \
    "(localhost, docker), have the set announce others (rs.reconfig()), or connect to one member " \
    "with directConnection=true and without replicaSet"

/* Names that lead nowhere are the set's fault, addresses may be, all else is the member's. */
static const char *remedy_of(const struct checked *item)
{
    if (item->error.reason == REASON_DNS_NOT_FOUND || item->error.reason == REASON_DNS_UNAVAILABLE)
        return REMEDY;
    if (item->listed && item->stage == STAGE_TCP && item->error.reason != REASON_POLICY_DENIED)
        return REMEDY_ADDRESS;
    return item->error.remedy[0] ? item->error.remedy : reason_info(item->error.reason)->remedy;
}

/* A server of the list that is, by its own word, of another set, or of none: drivers drop it. */
static void tell_foreign(const struct set *set)
{
    const char *name = set->session->hello.set_name;
    for (size_t i = 0; i < set->count; i++) {
        const struct checked *item = &set->items[i];
        bool of_another = item->set_name[0] && strcmp(item->set_name, name) != 0;
        if (!item->reached || !name[0] || (item->set_name[0] && !of_another))
            continue;
        probe_finding(set->session->probe, SEVERITY_WARNING, "member-of-another-set",
                      set->session->target->host_property,
                      "%s is %s of the set \"%s\", but says of itself that it is of %s%s%s: "
                      "drivers leave it alone",
                      item->where, item->listed ? "a member" : "named as a host", name,
                      of_another ? "the set \"" : "no set", of_another ? item->set_name : "",
                      of_another ? "\"" : "");
    }
}

/* Each member that cannot be reached, by its own cause. */
static void tell_unreachable(const struct set *set)
{
    const char *before = "";
    const struct session *session = set->session;
    for (size_t i = 0; i < set->count; i++) {
        const struct checked *item = &set->items[i];
        if (item->reached)
            continue;
        const char *remedy = remedy_of(item);
        bool again = strcmp(remedy, before) == 0;
        if (item->listed)
            probe_finding(session->probe, SEVERITY_WARNING, "member-unreachable",
                          session->target->host_property,
                          "the member %s, as the set \"%s\" names it, cannot be used from here: %s "
                          "at %s: %s%s%s",
                          item->where, session->hello.set_name, reason_name(item->error.reason),
                          stage_name(item->stage), item->error.message,
                          again ? "" : ". To fix it: ", again ? "" : remedy);
        else
            probe_finding(session->probe, SEVERITY_WARNING, "endpoint-failed",
                          session->target->host_property, "%s: %s at %s: %s", item->where,
                          reason_name(item->error.reason), stage_name(item->stage),
                          item->error.message);
        before = item->listed ? remedy : before;
    }
}

/* Whether the read preference finds what it wants. */
static bool is_usable(const struct set *set)
{
    const char *preference = option(set->session, "readPreference");
    if (set->has_mongos)
        return true;
    if (!preference || strcmp(preference, "primary") == 0)
        return set->has_primary;
    if (strcmp(preference, "secondary") == 0)
        return set->has_secondary;
    return set->has_primary || set->has_secondary;
}

/* "mongo1:27017 (DNS_NOT_FOUND), mongo2:27017 (secondary)" */
static void list_members(const struct set *set, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < set->count && used < size; i++) {
        const struct checked *item = &set->items[i];
        if (item->listed || !set->session->hello.member_count)
            used += (size_t)snprintf(out + used, size - used, "%s%s (%s)", used ? ", " : "",
                                     item->where,
                                     item->reached ? item->role : reason_name(item->error.reason));
    }
}

static const struct checked *first_unreachable(const struct set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].listed && !set->items[i].reached)
            return &set->items[i];
    return NULL;
}

static const char *wanted_of(const struct session *session)
{
    return says(session, "readPreference", "secondary") ? "secondary" : "primary";
}

static bool tell_unusable(const struct set *set, struct error *err)
{
    char members[2048];
    const struct session *session = set->session;
    const struct checked *lost = first_unreachable(set);
    const char *wanted = wanted_of(session);
    list_members(set, members, sizeof members);
    if (lost) {
        error_set(err, REASON_ADVERTISED_UNREACHABLE,
                  "%s lets us in, but no %s of its set \"%s\" can be reached by the names that the "
                  "set announces: %s: %s",
                  session->where, wanted, session->hello.set_name, members, lost->error.message);
        error_remedy(err, "%s", remedy_of(lost));
        error_brief(err, "no %s of the set \"%s\" can be reached: %s", wanted,
                    session->hello.set_name, members);
    } else {
        error_set(err, REASON_SERVER_STARTING, "the set \"%s\" has no %s at the moment: %s",
                  session->hello.set_name, wanted, members);
        if (strcmp(wanted, "secondary") == 0)
            error_remedy(err, "wait until a secondary is up (rs.status()), or write "
                              "readPreference=secondaryPreferred in the URL");
        else
            error_remedy(err, "wait for the election, or see the members' logs (rs.status())");
    }
    return error_property(err, session->target->host_property);
}

/* The set that the URL asks for is another one, or the server is of none. */
static bool check_name(const struct session *session, struct error *err)
{
    const char *wanted = option(session, "replicaSet");
    const char *found = session->hello.set_name;
    const char *comes = session->login->set_comes;
    if (!wanted || (found[0] && strcmp(wanted, found) == 0))
        return true;
    if (session->hello.mongos) {
        error_set(err, REASON_QUERY_FAILED,
                  "%s is a router of a sharded cluster (mongos), and %s asks for replicaSet=%s: "
                  "drivers leave it alone",
                  session->where, comes, wanted);
        error_remedy(err, "leave replicaSet out of %s", comes);
    } else if (found[0]) {
        error_set(err, REASON_QUERY_FAILED,
                  "%s is a member of the replica set \"%s\", and %s asks for replicaSet=%s: "
                  "drivers leave it alone",
                  session->where, found, comes, wanted);
        error_remedy(err, "write replicaSet=%s in %s", found, comes);
    } else {
        error_set(err, REASON_QUERY_FAILED,
                  "%s is a member of no replica set, and %s asks for replicaSet=%s: drivers "
                  "leave it alone",
                  session->where, comes, wanted);
        error_remedy(err, "leave replicaSet out of %s, or start the server for that set", comes);
    }
    return error_property(err, session->target->host_property);
}

/* What other drivers make of a URL with one host and no replicaSet. */
static void tell_others(const struct set *set)
{
    char members[2048];
    const struct session *session = set->session;
    if (is_usable(set))
        return;
    list_members(set, members, sizeof members);
    probe_finding(
        session->probe, SEVERITY_WARNING, "set-not-reachable", session->target->host_property,
        "%s works by itself, but it is a member of the set \"%s\", and the Java driver and "
        "pymongo look for the whole set without being asked to: they find no %s (%s). To fix it: "
        "add directConnection=true, or %s",
        session->where, session->hello.set_name, wanted_of(session), members,
        first_unreachable(set) ? "have the set announce names that can be reached from here"
                               : "see why the set has none (rs.status())");
}

/* Several hosts stand for a set or for routers: other drivers drop whoever is neither. */
static void tell_standalones(const struct set *set)
{
    const struct session *session = set->session;
    probe_finding(session->probe, SEVERITY_WARNING, "standalone-among-several",
                  session->target->host_property,
                  "%s is a server of its own, and the URL names %zu hosts: the Java driver and "
                  "pymongo take them for members of a set or for routers, drop a server that is "
                  "neither, and find none. To fix it: name one host only",
                  session->where, session->target->endpoint_count);
}

/* What MongoDB's own library makes of it: its inability is not the target's fault. */
static void try_library(const struct set *set)
{
    struct member members[MEMBERS_MAXIMUM];
    char words[512];
    size_t count = 0;
    for (size_t i = 0; i < set->count && count < MEMBERS_MAXIMUM; i++)
        if (set->items[i].reached)
            members[count++] = set->items[i].member;
    const char *mechanism = set->session->login->mechanism;
    /* Its Kerberos is that of another library, with settings of its own. */
    if (mechanism && strcmp(mechanism, "GSSAPI") == 0)
        return;
    if (!pool_ping(set->session, members, count, words, sizeof words))
        probe_finding(
            set->session->probe, SEVERITY_WARNING, "client-library", NULL,
            "every host that is needed works, but MongoDB's C driver does not get through "
            "to the whole: %s",
            words);
}

/* Whether what the definition asks for is there; what other drivers ask for is told. */
static bool judge(const struct set *set, bool wanted, struct error *err)
{
    set_tell_members(set);
    tell_foreign(set);
    tell_unreachable(set);
    if (!set->session->hello.set_name[0] && !set->session->hello.mongos) {
        tell_standalones(set);
        return true;
    }
    if (wanted)
        return is_usable(set) || tell_unusable(set, err);
    tell_others(set);
    return true;
}

bool set_check(struct session *session, struct error *err)
{
    bool wanted = is_wanted(session);
    bool alone = says(session, "directConnection", "true") || says(session, "loadBalanced", "true");
    if (!check_name(session, err))
        return false;
    struct set *set = set_look(session, alone);
    if (!set)
        return error_set(err, REASON_BUSY, "no memory for the members of the set");
    probe_note(session->probe, "topology", "%s", topology(set));
    /* A member that the set has removed, or not taken in yet, knows of nobody. */
    bool has_others = session->hello.member_count || wanted;
    bool good = alone || !has_others || judge(set, wanted, err);
    if (good && wanted && !alone)
        try_library(set);
    free(set);
    return good;
}
