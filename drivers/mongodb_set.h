/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_set.h - the members of a set, looked at one by one. */
#ifndef MONGODB_SET_H
#define MONGODB_SET_H

#include "mongodb_driver.h"

enum { CHECKED_MAXIMUM = 2 * MEMBERS_MAXIMUM };

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

/* Every member that SESSION's server lists, and every seed that was not tried before, looked at
 * side by side - or, where ALONE, only written down. The caller frees it. NULL: no memory. */
struct set *set_look(struct session *session, bool alone);

/* The members as facts. */
void set_tell_members(const struct set *set);

#endif
