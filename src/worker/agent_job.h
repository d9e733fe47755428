/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent_job.h - what the agent itself asks of AWS, in a worker that faces no target.
 *
 * {"plan": {"environment": {...}}, "deadline_us":N}
 *     reads the operator's files and asks nobody; answers {"plan": {"settings", "source", "roles"}}
 * {"identify": {"settings", "source", "roles"}, "drivers": FOLDER, "deadline_us":N}
 *     asks AWS and the host it runs on; answers {"identity": {...}}
 * {"encrypt": {"key", "values"}, "aws": {"settings", "identity"}, "drivers": FOLDER,
 * "deadline_us":N} has KMS encrypt what is to be stored; answers {"encrypted": {...}}
 * {"glue": {"region"?, "endpoint"?, "operation", "body", "what"}, "aws", "drivers", "deadline_us"}
 *     asks Glue; answers {"glue": {...}}
 *
 * Each may end in a verdict that failed instead.
 */
#ifndef AGENT_JOB_H
#define AGENT_JOB_H

#include <jansson.h>
#include <stdbool.h>

#include "testconn/probe.h"

/* Whether REQUEST is one of these; then it is done, and the worker's work is. */
bool agent_job_run(struct probe *probe, const json_t *request);

#endif
