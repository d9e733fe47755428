/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_session.c - one connection to one broker: requests, answers, and what it is that answers.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka_driver.h"

enum { VERSIONS_MAXIMUM = 64 * 1024, METADATA_MAXIMUM = 1024 * 1024 }; /* bytes of an answer */

void kafka_where(const struct endpoint *endpoint, char out[WHERE_SIZE])
{
    bool v6 = strchr(endpoint->host, ':') != NULL;
    snprintf(out, WHERE_SIZE, "%s%s%s:%u", v6 ? "[" : "", endpoint->host, v6 ? "]" : "",
             endpoint->port);
}

const char *kafka_mechanism(const struct target *target)
{
    return target_parameter(target, "sasl_mechanism");
}

void session_init(struct session *session, struct probe *probe, const struct target *target,
                  const struct endpoint *endpoint, bool tls)
{
    *session = (struct session){.probe = probe, .target = target, .endpoint = endpoint, .tls = tls};
    kafka_where(endpoint, session->where);
}

void session_close(struct session *session)
{
    stream_close(session->stream);
    free(session->answer);
    session->stream = NULL;
    session->answer = NULL;
}

/* What answers is no Kafka broker: say what, from its first bytes. */
static bool tell_foreign(const struct session *session, struct error *err)
{
    const unsigned char *bytes = NULL;
    size_t length = probe_peer_bytes(session->probe, &bytes);
    const char *protocol = probe_peer_protocol(session->probe);
    char shown[3 * 16 + 1] = "";
    if (protocol && strcmp(protocol, "TLS") == 0)
        return kafka_tell_tls_required(session, "answered our request in the clear with TLS", err);
    if (protocol)
        return error_set(err, REASON_WRONG_PROTOCOL,
                         "%s is no Kafka broker: it answers in another protocol, %s (first bytes "
                         "\"%.*s\")",
                         session->where, protocol, (int)(length < 24 ? length : 24),
                         (const char *)bytes);
    for (size_t i = 0; i < length && i < 16; i++)
        snprintf(shown + 3 * i, 4, "%02x ", bytes[i]);
    return error_set(err, REASON_PROTOCOL_ERROR,
                     "%s does not answer as a Kafka broker does (first bytes %s)", session->where,
                     shown);
}

bool session_garbled(const struct session *session, const char *what, struct error *err)
{
    if (session->versions.apis == 0)
        return tell_foreign(session, err);
    return error_set(err, REASON_PROTOCOL_ERROR, "%s: %s breaks Kafka's protocol", session->where,
                     what);
}

static uint32_t read_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

bool session_call(struct session *session, struct kafka_request *request, size_t limit,
                  const char *what, struct error *err)
{
    unsigned char head[8];
    kafka_finish(request);
    bool sent = stream_write(session->stream, request->data, request->length, what, err);
    kafka_wipe(request);
    if (!sent || !stream_read(session->stream, head, 4, what, err))
        return false;
    size_t length = read_u32(head);
    if (length < 4 || length > limit) {
        if (session->versions.apis == 0)
            return tell_foreign(session, err);
        return error_set(err, REASON_PROTOCOL_ERROR,
                         "%s: %s breaks Kafka's protocol: it announces %zu bytes", session->where,
                         what, length);
    }
    free(session->answer);
    session->answer_length = length - 4;
    session->answer = calloc(1, length);
    if (!session->answer)
        abort();
    if (!stream_read(session->stream, head + 4, 4, what, err))
        return false;
    if (read_u32(head + 4) != (uint32_t)session->correlation)
        return session->versions.apis == 0
                   ? tell_foreign(session, err)
                   : error_set(err, REASON_PROTOCOL_ERROR,
                               "%s: %s is one to another request (correlation %u for %d)",
                               session->where, what, read_u32(head + 4), session->correlation);
    return stream_read(session->stream, session->answer, session->answer_length, what, err);
}

static bool ask_versions(struct session *session, int version, struct error *err)
{
    static const char what[] = "its answer to our first request (ApiVersions)";
    struct kafka_request request;
    kafka_begin(&request, KAFKA_API_VERSIONS, version, ++session->correlation);
    if (version >= 3)
        kafka_put_software(&request, "testconn", TESTCONN_VERSION);
    if (!session_call(session, &request, VERSIONS_MAXIMUM, what, err))
        return false;
    struct kafka_versions versions;
    bool read = kafka_read_versions(session->answer, session->answer_length, version, &versions);
    if (!read || (versions.code == KAFKA_NONE && versions.apis == 0))
        return session_garbled(session, what, err);
    session->versions = versions;
    return true;
}

bool session_ask_versions(struct session *session, struct error *err)
{
    if (!ask_versions(session, 3, err))
        return false;
    if (session->versions.code == KAFKA_UNSUPPORTED_VERSION && !ask_versions(session, 0, err))
        return false;
    if (session->versions.code != KAFKA_NONE)
        return error_set(err, REASON_QUERY_FAILED, "%s refused to tell its API versions: %s (%d)",
                         session->where, kafka_code_name(session->versions.code),
                         session->versions.code);
    return true;
}

/* It speaks the protocol, and is not asked for brokers. */
static bool tell_no_metadata(const struct session *session, struct error *err)
{
    const char *controller = kafka_controller_words(session);
    error_set(err, REASON_QUERY_FAILED,
              "%s does not take the request by which clients find the cluster's brokers "
              "(Metadata)%s",
              session->where, controller);
    error_brief(err, "%s", *controller ? "a controller, not a broker" : "takes no Metadata");
    error_remedy(err, "name the port of a listener of the brokers (listeners, not "
                      "controller.listener.names) in KAFKA_BOOTSTRAP_SERVERS");
    return error_property(err, session->target->host_property);
}

bool session_ask_brokers(struct session *session, struct kafka_metadata *metadata,
                         struct error *err)
{
    static const char what[] = "its answer to our request for the cluster's brokers (Metadata)";
    struct kafka_request request;
    const struct kafka_range *range = &session->versions.metadata;
    int version = range->maximum < 4 ? range->maximum : range->minimum > 4 ? range->minimum : 4;
    *metadata = (struct kafka_metadata){0};
    if (range->maximum < 0)
        return tell_no_metadata(session, err);
    if (version < 1 || version > 7)
        return error_set(
            err, REASON_QUERY_FAILED,
            "%s takes Metadata requests of the versions %d to %d only; we speak 1 to 7",
            session->where, range->minimum, range->maximum);
    kafka_begin(&request, KAFKA_METADATA, version, ++session->correlation);
    kafka_put_no_topics(&request, version);
    if (!session_call(session, &request, METADATA_MAXIMUM, what, err)) {
        if (err->reason == REASON_CONNECTION_CLOSED && !kafka_mechanism(session->target))
            kafka_explain_login_required(session, err);
        return false;
    }
    return kafka_read_metadata(session->answer, session->answer_length, version, metadata) ||
           session_garbled(session, what, err);
}
