/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_members.c - every member reached by the name that the set gives it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mongodb_set.h"

enum { FACTS = 4, MEMBERS_PARTS = 2, MEMBERS_MS = 3000 };

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

void set_tell_members(const struct set *set)
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

struct set *set_look(struct session *session, bool alone)
{
    struct set *set = calloc(1, sizeof *set);
    if (!set)
        return NULL;
    set->session = session;
    gather(set);
    if (!alone)
        look_at_all(set);
    count_roles(set);
    return set;
}
