/* SPDX-License-Identifier: Apache-2.0 */
/* agent_worker.h - one worker of the agent's own: a request down, one answer up, bounded in time
 * and bytes. */
#ifndef AGENT_WORKER_H
#define AGENT_WORKER_H

#include <event2/event.h>
#include <jansson.h>

#include "agent_identity.h"
#include "testconn/deadline.h"
#include "testconn/error.h"

struct agent_worker;

/* Called once, from the loop: the member KEY of what it said, or NULL with ERR set. */
typedef void agent_worker_done(void *argument, json_t *answer, const struct error *err);

/* Have a worker of AGENT's do REQUEST (its deadline is added); KEY names the answer. NULL with ERR
 * set where there can be none. */
struct agent_worker *agent_worker_start(struct agent_identity *agent, json_t *request,
                                        const char *key, struct deadline deadline,
                                        agent_worker_done *done, void *argument, struct error *err);

/* Kill it; DONE is not called. NULL is allowed. */
void agent_worker_free(struct agent_worker *worker);

/* Why ACCESS, as agent_ready() is given it, holds no identity, in ERR; false: it holds one. */
bool agent_access_failed(const json_t *access, struct error *err);

#endif
