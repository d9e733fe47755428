/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_set.c - a set or cluster as the application will see it: every member reached by the name
 * that the set gives it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mongodb_driver.h"

enum { FACTS = 4, CHECKED_MAXIMUM = 2 * MEMBERS_MAXIMUM, MEMBERS_PARTS = 2, MEMBERS_MS = 3000 };

/* One member or seed, looked at. */
struct checked {
    struct member member;
    bool listed; /* the set names it; otherwise only the URL does */
    bool reached;
    char role[16];
    char set_name[128];
    enum stage stage; /* where it failed */
    struct error error;
    char where[HOST_MAXIMUM + 8];
    const struct session *like; /* how to connect */
};

struct set {
    struct session *session;
    struct checked items[CHECKED_MAXIMUM];
    size_t count;
    size_t unreachable; /* of those that are listed */
    bool has_primary;   /* reached */
    bool has_secondary;
    bool has_mongos;
};

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

static struct checked *find(struct set *set, const struct member *member)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].member.port == member->port &&
            strcasecmp(set->items[i].member.host, member->host) == 0)
            return &set->items[i];
    return NULL;
}

static void add(struct set *set, const struct member *member, bool listed)
{
    if (find(set, member) || set->count == CHECKED_MAXIMUM)
        return;
    struct checked *item = &set->items[set->count++];
    *item = (struct checked){.member = *member, .listed = listed, .like = set->session};
    snprintf(item->where, sizeof item->where, strchr(member->host, ':') ? "[%s]:%u" : "%s:%u",
             member->host, member->port);
}

static void take_hello(struct checked *item, const struct hello *hello)
{
    item->reached = true;
    snprintf(item->role, sizeof item->role, "%s", hello_role(hello));
    snprintf(item->set_name, sizeof item->set_name, "%s", hello->set_name);
}

static bool look(struct probe *side, const struct endpoint *endpoint, void *argument,
                 struct error *err)
{
    struct checked *item = argument;
    struct session session = {.probe = side,
                              .target = item->like->target,
                              .identity = item->like->identity,
                              .tls = item->like->tls};
    bool reached = session_open(&session, endpoint, err);
    if (reached)
        take_hello(item, &session.hello);
    session_close(&session);
    return reached;
}

/* Every member and seed but the one that is connected already, side by side. */
static void look_at_all(struct set *set)
{
    struct probe *probe = set->session->probe;
    struct probe_side *sides = calloc(set->count, sizeof *sides);
    size_t count = 0;
    for (size_t i = 0; sides && i < set->count; i++)
        if (!set->items[i].reached)
            sides[count++] = (struct probe_side){
                .endpoint = {.host = set->items[i].member.host, .port = set->items[i].member.port},
                .argument = &set->items[i]};
    /* A member that is silent must not take the time that the whole needs. */
    probe_bound(probe, deadline_earlier(deadline_share(probe_deadline(probe), MEMBERS_PARTS),
                                        deadline_in_ms(MEMBERS_MS)));
    if (count)
        probe_sides(probe, sides, count, look);
    probe_unbound(probe);
    for (size_t i = 0; i < count; i++) {
        struct checked *item = sides[i].argument;
        item->reached = sides[i].reached;
        item->stage = sides[i].stage;
        item->error = sides[i].error;
    }
    free(sides);
}

static void gather(struct set *set)
{
    const struct session *session = set->session;
    const struct target *target = session->target;
    struct member member;
    bool ours = false;
    for (size_t i = 0; i < session->hello.member_count; i++)
        add(set, &session->hello.members[i], true);
    for (size_t i = 0; i < target->endpoint_count; i++) {
        const struct endpoint *seed = &target->endpoints[i];
        /* Those before ours have been tried, and told. */
        ours = ours || seed == session->endpoint;
        if (!ours)
            continue;
        member = (struct member){.port = seed->port};
        snprintf(member.host, sizeof member.host, "%s", seed->host);
        add(set, &member, false);
    }
    for (size_t i = 0; i < set->count; i++)
        if (strcasecmp(set->items[i].where, session->where) == 0)
            take_hello(&set->items[i], &session->hello);
}

static void count_roles(struct set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct checked *item = &set->items[i];
        if (item->listed && !item->reached)
            set->unreachable++;
        /* Drivers leave what the set does not name alone. */
        if (!item->reached || (!item->listed && set->session->hello.member_count))
            continue;
        set->has_primary |= strcmp(item->role, "primary") == 0;
        set->has_secondary |= strcmp(item->role, "secondary") == 0;
        set->has_mongos |= strcmp(item->role, "mongos") == 0;
    }
}

static void tell_members(const struct set *set)
{
    struct fact facts[CHECKED_MAXIMUM * FACTS];
    for (size_t i = 0; i < set->count; i++) {
        const struct checked *item = &set->items[i];
        struct fact *row = &facts[i * FACTS];
        row[0] = (struct fact){.key = "host", .kind = FACT_TEXT, .text = item->member.host};
        row[1] = (struct fact){.key = "port", .kind = FACT_INTEGER, .integer = item->member.port};
        row[2] = (struct fact){
            .key = "state", .kind = FACT_TEXT, .text = item->reached ? item->role : NULL};
        row[3] = (struct fact){.key = "reached", .kind = FACT_BOOLEAN, .boolean = item->reached};
    }
    probe_note_table(set->session->probe, "members", facts, FACTS, set->count);
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

/* Names that lead nowhere are the set's fault, all else is the member's. */
static const char *remedy_of(const struct checked *item)
{
    bool by_name =
        item->error.reason == REASON_DNS_NOT_FOUND || item->error.reason == REASON_DNS_UNAVAILABLE;
    if (by_name)
        return REMEDY;
    return item->error.remedy[0] ? item->error.remedy : reason_info(item->error.reason)->remedy;
}

/* Each member that cannot be reached, by its own cause. */
static void tell_unreachable(const struct set *set)
{
    const struct session *session = set->session;
    for (size_t i = 0; i < set->count; i++) {
        const struct checked *item = &set->items[i];
        if (item->reached)
            continue;
        if (item->listed)
            probe_finding(session->probe, SEVERITY_WARNING, "member-unreachable",
                          session->target->host_property,
                          "the member %s, as the set \"%s\" names it, cannot be used from here: %s "
                          "at %s: %s. To fix it: %s",
                          item->where, session->hello.set_name, reason_name(item->error.reason),
                          stage_name(item->stage), item->error.message, remedy_of(item));
        else
            probe_finding(session->probe, SEVERITY_WARNING, "endpoint-failed",
                          session->target->host_property, "%s: %s at %s: %s", item->where,
                          reason_name(item->error.reason), stage_name(item->stage),
                          item->error.message);
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
        if (item->listed)
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

static bool tell_unusable(const struct set *set, struct error *err)
{
    char members[2048];
    const struct session *session = set->session;
    const struct checked *lost = first_unreachable(set);
    const char *wanted = says(session, "readPreference", "secondary") ? "secondary" : "primary";
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
        error_remedy(err, "wait for the election, or see the members' logs (rs.status())");
    }
    return error_property(err, session->target->host_property);
}

/* The set that the URL asks for is another one, or the server is of none. */
static bool check_name(const struct session *session, struct error *err)
{
    const char *wanted = option(session, "replicaSet");
    const char *found = session->hello.set_name;
    if (!wanted || session->hello.mongos || strcmp(wanted, found) == 0)
        return true;
    if (found[0]) {
        error_set(err, REASON_QUERY_FAILED,
                  "%s is a member of the replica set \"%s\", and the URL asks for replicaSet=%s: "
                  "drivers leave it alone",
                  session->where, found, wanted);
        error_remedy(err, "write replicaSet=%s in the URL", found);
    } else {
        error_set(err, REASON_QUERY_FAILED,
                  "%s is a member of no replica set, and the URL asks for replicaSet=%s: drivers "
                  "leave it alone",
                  session->where, wanted);
        error_remedy(err, "leave replicaSet out of the URL, or start the server for that set");
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
        "pymongo look for the whole set without being asked to: they find no primary "
        "(%s). To fix it: add directConnection=true, or have the set announce names that "
        "can be reached from here",
        session->where, session->hello.set_name, members);
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
    if (!pool_ping(set->session, members, count, words, sizeof words))
        probe_finding(
            set->session->probe, SEVERITY_WARNING, "client-library", NULL,
            "every host that is needed works, but MongoDB's C driver does not get through "
            "to the whole: %s",
            words);
}

bool set_check(struct session *session, struct error *err)
{
    struct set *set = calloc(1, sizeof *set);
    bool wanted = is_wanted(session);
    bool direct =
        says(session, "directConnection", "true") || says(session, "loadBalanced", "true");
    bool good = true;
    if (!set)
        return error_set(err, REASON_BUSY, "no memory for the members of the set");
    set->session = session;
    if (!check_name(session, err)) {
        free(set);
        return false;
    }
    gather(set);
    if (!direct)
        look_at_all(set);
    count_roles(set);
    probe_note(session->probe, "topology", "%s", topology(set));
    if (!direct && (session->hello.member_count || set->count > 1)) {
        tell_members(set);
        tell_unreachable(set);
        if (!session->hello.set_name[0] && !session->hello.mongos)
            good = true;
        else if (wanted)
            good = is_usable(set) || tell_unusable(set, err);
        else
            tell_others(set);
    }
    if (good && wanted && !direct)
        try_library(set);
    free(set);
    return good;
}
