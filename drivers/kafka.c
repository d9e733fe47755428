/* SPDX-License-Identifier: Apache-2.0 */
/* kafka.c - Apache Kafka and what speaks its protocol: TLS, login, metadata, every advertised
 * broker. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka_driver.h"
#include "kafka_library.h"
#include "kerberos.h"
#include "testconn/keystore.h"

enum { EXPIRES_SOON_DAYS = 30 };

/* The peer left, SILENT until then: ask in OTHER ways why. */
static void explain_silence(struct session *session, bool silent,
                            void (*other)(struct session *, struct error *), struct error *err)
{
    if (!silent || err->reason != REASON_CONNECTION_CLOSED)
        return;
    other(session, err);
    if (err->reason == REASON_CONNECTION_CLOSED)
        kafka_explain_closed(session, err);
}

bool session_open(struct session *session, struct error *err)
{
    session->stream = stream_open(session->probe, session->endpoint, err);
    if (!session->stream)
        return false;
    /* Behind ours: where a broker lets in few connections, the test's own is the one. */
    if (session->first)
        library_start(session->target);
    if (session->tls && !stream_secure(session->stream, kafka_identity, err)) {
        explain_silence(session, !probe_tls_spoken(session->probe), kafka_explain_no_tls, err);
        kafka_explain_certificate(session, err);
        return false;
    }
    probe_stage(session->probe, STAGE_LOGIN);
    if (session_ask_versions(session, err))
        return true;
    explain_silence(session, !session->tls && stream_received(session->stream) == 0,
                    kafka_explain_tls_required, err);
    kafka_explain_certificate(session, err);
    return false;
}

/* What the broker's answer to ApiVersions tells of its software. */
static void note_software(const struct session *session)
{
    const struct kafka_versions *versions = &session->versions;
    const char *metadata = kafka_release(versions->metadata_level);
    probe_server(session->probe, "Apache Kafka", kafka_release(versions->software_level));
    probe_note_integer(session->probe, "apis", versions->apis);
    probe_note(session->probe, "api_versions",
               "Metadata %d-%d, SaslHandshake %d-%d, SaslAuthenticate %d-%d",
               versions->metadata.minimum, versions->metadata.maximum,
               versions->sasl_handshake.minimum, versions->sasl_handshake.maximum,
               versions->sasl_authenticate.minimum, versions->sasl_authenticate.maximum);
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
        if (metadata.throttle_ms > 0)
            probe_finding(session->probe, SEVERITY_WARNING, "throttled", NULL,
                          "%s throttles us: it keeps our next request waiting for %d ms (client "
                          "quotas)",
                          session->where, metadata.throttle_ms);
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
    session.first = true;
    bool works = session_open(&session, err);
    if (works)
        note_software(&session);
    works = works && session_log_in(&session, err);
    bool with_library = works && !library_is_known_to_fail(
                                     probe, target, session.versions.software_level, session.where);
    /* Only now: a password that is refused is tried once. */
    if (with_library)
        library_connect(probe, endpoint);
    works = works && ask_cluster(&session, err);
    /* First: where a broker lets in few connections, the library has to have this one's place. */
    session_close(&session);
    if (works && with_library)
        library_tell(probe, target, session.where);
    return works;
}

const struct identity *kafka_identity;
char kafka_identity_words[KAFKA_TEXT_SIZE];

/* The property that the secret NAME was given by; PLAIN where none was. */
static const char *secret_property(const struct target *target, const char *name, const char *plain)
{
    for (size_t i = 0; i < target->secret_count; i++)
        if (strcmp(target->secrets[i].name, name) == 0)
            return target->secrets[i].property;
    return plain;
}

/* Open the client's keystore, and say what is in it. */
static bool open_keystore(struct probe *probe, const struct target *target, struct error *err)
{
    const struct target_file *file = target_file(target, "keystore");
    struct keystore_facts facts;
    if (!file)
        return true;
    const struct keystore store = {
        .name = file->location,
        .data = file->content,
        .length = file->length,
        .password = target_secret(target, "keystore_password"),
        .key_password = target_secret(target, "key_password"),
        .property = file->property,
        .password_property = secret_property(target, "keystore_password",
                                             "ConnectionProperties.KAFKA_CLIENT_KEYSTORE_PASSWORD"),
        .key_password_property = secret_property(target, "key_password",
                                                 "ConnectionProperties.KAFKA_CLIENT_KEY_PASSWORD"),
    };
    kafka_identity = keystore_open(&store, &facts, err);
    if (!kafka_identity)
        return false;
    snprintf(kafka_identity_words, sizeof kafka_identity_words,
             "%.200s of %.200s, issued by %.200s, %s %.10s, sent with %d certificates above it",
             facts.subject, file->location, facts.issuer,
             facts.days_left < 0 ? "expired on" : "good until", facts.not_after, facts.chain);
    probe_note(probe, "keystore", "%s", facts.format);
    if (facts.alias[0])
        probe_note(probe, "keystore_alias", "%s", facts.alias);
    probe_note(probe, "client_certificate", "%s", facts.subject);
    probe_note_integer(probe, "client_certificate_chain", facts.chain);
    if (facts.days_left < EXPIRES_SOON_DAYS)
        probe_finding(probe, SEVERITY_WARNING,
                      facts.days_left < 0 ? "client-certificate-expired"
                                          : "client-certificate-expires-soon",
                      file->property, "the client certificate %s in %s %s on %s", facts.subject,
                      file->location, facts.days_left < 0 ? "expired" : "expires", facts.not_after);
    return true;
}

static void begin(const struct target *target)
{
    (void)target;
    library_begin();
}

static bool prepare_login(struct probe *probe, const struct target *target, struct error *err)
{
    const char *mechanism = kafka_mechanism(target);
    if (mechanism && strcmp(mechanism, "GSSAPI") == 0)
        return kerberos_prepare(probe, kafka_kerberos(target), err);
    return !mechanism || strcmp(mechanism, "AWS_MSK_IAM") != 0 ||
           kafka_iam_prepare(probe, target, err);
}

static bool prepare(struct probe *probe, const struct target *target, struct error *err)
{
    if (!open_keystore(probe, target, err) || !prepare_login(probe, target, err))
        return false;
    library_make(probe, target);
    return true;
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
    .libraries = (const struct library[]){{"librdkafka.so.1", "librdkafka1"},
                                          {"libgssapi_krb5.so.2", "libgssapi-krb5-2"},
                                          {NULL, NULL}},
    .preload = library_preload,
    .begin = begin,
    .prepare = prepare,
    .test = kafka_test,
};
