/* SPDX-License-Identifier: Apache-2.0 */
/* agent_item.h - the agent's identity piece by piece, as the files that get it share them. */
#ifndef AGENT_ITEM_H
#define AGENT_ITEM_H

#include <jansson.h>
#include <stdint.h>

#include "agent_identity.h"

/* Something to be known: what the operator configured, an output, an identity. */
struct agent_item {
    enum agent_item_kind { ITEM_PLAN, ITEM_PROCESS, ITEM_OWN, ITEM_ROLE } kind;
    char *role_arn;   /* ITEM_ROLE */
    char *value;      /* JSON, locked; NULL: not known */
    char *failure;    /* JSON of an error; NULL: none */
    int64_t until_us; /* VALUE or FAILURE is good until then, monotonic */
    struct agent_worker *worker;
    struct credential_process *process;
    struct agent_identity *agent;
    struct agent_item *next;
};

struct agent_wait {
    struct agent_identity *agent;
    struct agent_item *item;
    struct deadline deadline;
    struct event *timer;
    agent_ready *ready;
    void *argument;
    struct agent_wait *next;
};

struct agent_identity {
    struct event_base *base;
    char *drivers;
    bool fork;
    struct template *template;
    json_t *environment;
    struct agent_item *items;
    struct agent_wait *waits;
};

enum agent_standing { STANDING_KNOWN, STANDING_FAILED, STANDING_PENDING };

/* The item of AGENT of that KIND and, for a role, of that name; made where there is none. */
struct agent_item *agent_item_find(struct agent_identity *agent, enum agent_item_kind kind,
                                   const char *role);
void agent_item_free(struct agent_item *item);

/* Whether ITEM is known; what is not yet begun for it is begun. */
enum agent_standing agent_item_see(struct agent_item *item);

/* What is known, as a new reference. */
json_t *agent_item_value(const struct agent_item *item);

/* Keep VALUE for SECONDS, less where it says itself that it "expires" earlier. */
void agent_item_set_value(struct agent_item *item, const json_t *value, long long seconds);

/* Keep for a moment why there is none. */
void agent_item_set_failure(struct agent_item *item, const struct error *err);

/* Neither value nor failure is known any more. */
void agent_item_forget(struct agent_item *item);

/* The latest by which somebody wants to know. */
struct deadline agent_identity_latest(const struct agent_identity *agent);

/* What waits for nothing any more is told; more may be got now. */
void agent_identity_advance(struct agent_identity *agent);

#endif
