/* SPDX-License-Identifier: Apache-2.0 */
/* agent_call.h - AWS Glue asked as the agent, and waited for: for who has nothing else to do. */
#ifndef AGENT_CALL_H
#define AGENT_CALL_H

#include "testconn/error.h"

/*
 * Send REQUEST, {"region"?, "endpoint"?, "operation", "body", "what"}, in a worker that faces no
 * target, with the agent's own identity, within LIMIT_MS (0: 10 s). The answer, JSON, is the
 * caller's to wipe and free. NULL with ERR set.
 */
char *agent_call_glue(const char *request, int limit_ms, struct error *err);

#endif
