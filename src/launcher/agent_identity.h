/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent_identity.h - the agent's own AWS identity, and the roles that it assumes for connections:
 * got by workers of their own when a test first needs them, kept in locked memory until they
 * expire.
 *
 * Everything runs in the front's one thread, on its event loop. A credential process is started
 * here, from the operator's configuration only.
 */
#ifndef AGENT_IDENTITY_H
#define AGENT_IDENTITY_H

#include <event2/event.h>
#include <stdbool.h>

#include "testconn/deadline.h"
#include "testconn/error.h"

struct agent_identity;
struct template;
struct agent_wait; /* who waits for an identity */

/* Nothing is asked yet; the environment counts as it is now. DRIVERS is the folder of the drivers.
 * FORK: get workers by forking this process, for a front that runs one test. */
struct agent_identity *agent_identity_new(struct event_base *base, const char *drivers, bool fork);
void agent_identity_free(struct agent_identity *agent); /* NULL is allowed */

/*
 * What a worker's request says of AWS: {"settings", "identity"} or {"error"}, as JSON text. Called
 * once, perhaps before agent_identity_ask() returns.
 */
typedef void agent_ready(void *argument, const char *access);

/*
 * Have READY called when there is an identity for ROLE_ARN (NULL: the agent's own) or when there is
 * none, by DEADLINE at the latest. NULL: it was called already. Otherwise the caller may give up by
 * agent_identity_forget().
 */
struct agent_wait *agent_identity_ask(struct agent_identity *agent, const char *role_arn,
                                      struct deadline deadline, agent_ready *ready, void *argument);
void agent_identity_forget(struct agent_wait *wait);

/* For other jobs of the agent's own: where workers come from that face no target (NULL: this
 * process is forked), the loop, and the folder of the drivers. */
struct template *agent_identity_template(struct agent_identity *agent);
struct event_base *agent_identity_base(const struct agent_identity *agent);
const char *agent_identity_drivers(const struct agent_identity *agent);

#endif
