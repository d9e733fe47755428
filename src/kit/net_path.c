/* SPDX-License-Identifier: Apache-2.0 */
/* net_path.c - the way to an address, asked for by the path probe within a test. */
#include "net_path.h"

#include <jansson.h>
#include <stdlib.h>

#include "path_probe.h"
#include "probe_state.h"
#include "text.h"

static void trace_of(struct probe *probe, const struct net_connection *connection,
                     struct path_trace *trace)
{
    probe->tracing = true;
    path_probe((const struct sockaddr *)&connection->peer, connection->peer_length, probe->deadline,
               trace);
    probe->tracing = false;
}

char *net_path_explain(struct probe *probe, const struct net_connection *connection)
{
    struct path_trace trace;
    if (deadline_passed(probe->deadline))
        return NULL;
    trace_of(probe, connection, &trace);
    return path_trace_explain(&trace, connection->peer.ss_family);
}

char *net_path_tell(struct probe *probe, const struct net_connection *connection, char **brief)
{
    struct path_trace trace;
    trace_of(probe, connection, &trace);
    json_t *hops = json_array();
    for (int i = 0; i <= trace.last; i++) {
        const struct path_hop *hop = &trace.hops[i];
        const char *who = hop->error.seen ? hop->error.from
                          : hop->reached  ? connection->address
                                          : "*";
        char *line = text_format("%d %s", i + 1, who);
        json_array_append_new(hops, json_string(line));
        free(line);
    }
    probe_note_json(probe, STAGE_TCP, "path", hops);
    if (brief)
        *brief = path_trace_brief(&trace, connection->peer.ss_family);
    return path_trace_explain(&trace, connection->peer.ss_family);
}
