/* SPDX-License-Identifier: Apache-2.0 */
/* kafka.c - Apache Kafka and what speaks its protocol: TLS, login, metadata, every advertised
 * broker. */
#include <stdlib.h>
#include <string.h>

#include "kafka_driver.h"

bool session_open(struct session *session, struct error *err)
{
    session->stream = stream_open(session->probe, session->endpoint, err);
    if (!session->stream)
        return false;
    if (session->tls && !stream_secure(session->stream, NULL, err)) {
        if (err->reason == REASON_CONNECTION_CLOSED && !probe_tls_spoken(session->probe))
            kafka_explain_no_tls(session, err);
        return false;
    }
    probe_stage(session->probe, STAGE_LOGIN);
    if (session_ask_versions(session, err))
        return true;
    if (!session->tls && err->reason == REASON_CONNECTION_CLOSED &&
        stream_received(session->stream) == 0)
        kafka_explain_tls_required(session, err);
    return false;
}

/* What the broker's answer to ApiVersions tells of its software. */
static void note_software(const struct session *session)
{
    const struct kafka_versions *versions = &session->versions;
    const char *metadata = kafka_release(versions->metadata_level);
    probe_server(session->probe, "Apache Kafka", kafka_release(versions->software_level));
    probe_note_integer(session->probe, "apis", versions->apis);
    if (metadata)
        probe_note(session->probe, "metadata_version", "%s (level %d)", metadata,
                   versions->metadata_level);
}

static bool ask_cluster(struct session *session, struct error *err)
{
    struct kafka_metadata metadata;
    probe_stage(session->probe, STAGE_QUERY);
    bool works = session_ask_brokers(session, &metadata, err);
    if (works) {
        if (metadata.cluster_id[0])
            probe_note(session->probe, "cluster_id", "%s", metadata.cluster_id);
        if (metadata.controller >= 0)
            probe_note_integer(session->probe, "controller_id", metadata.controller);
        if (metadata.count == 0) {
            works = error_set(err, REASON_QUERY_FAILED,
                              "%s answers, but its metadata names no broker at all: no client can "
                              "do anything with it",
                              session->where);
            error_remedy(err, "look whether the brokers have registered with the controller, and "
                              "whether they have this listener");
        } else {
            works = kafka_try_brokers(session, &metadata, err);
        }
    }
    free(metadata.brokers);
    return works;
}

static bool attempt(struct probe *probe, const struct target *target,
                    const struct endpoint *endpoint, bool tls, struct error *err)
{
    struct session session;
    session_init(&session, probe, target, endpoint, tls);
    bool works = session_open(&session, err);
    if (works) {
        note_software(&session);
        works = session_log_in(&session, err) && ask_cluster(&session, err);
    }
    session_close(&session);
    return works;
}

static bool kafka_test(struct probe *probe, const struct target *target, struct error *err)
{
    return probe_each_endpoint(probe, target, attempt, err);
}

TESTCONN_DRIVER_MODULE = {
    .abi = TESTCONN_DRIVER_ABI,
    .name = "kafka",
    .summary = "Apache Kafka, Amazon MSK and what speaks Kafka's protocol",
    .types = (const char *const[]){"KAFKA", NULL},
    .default_port = 9092,
    .test = kafka_test,
};
