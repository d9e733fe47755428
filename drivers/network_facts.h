/* SPDX-License-Identifier: Apache-2.0 */
/* network_facts.h - what the first bytes of a service tell, as facts of the report. */
#ifndef NETWORK_FACTS_H
#define NETWORK_FACTS_H

#include "network_talk.h"
#include "testconn/probe.h"

/* That TALK's service speaks SPEAKS, with its version, software and first line. */
void network_note_protocol(struct probe *probe, const struct talk *talk, const char *speaks);

/* The first bytes of what nobody knows. */
void network_note_unknown(struct probe *probe, const struct talk *talk);

#endif
