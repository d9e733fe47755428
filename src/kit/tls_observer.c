/* SPDX-License-Identifier: Apache-2.0 */
/* tls_observer.c - the hook in OpenSSL: handshake states, alerts and messages of every library. */
#include "tls_observer.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certificate.h"
#include "guard.h"
#include "hold.h"
#include "net_observer.h"
#include "text.h"

static struct tls_record *record_of(const SSL *ssl)
{
    struct tls_observer *tls = probe_here() ? probe_here()->tls : NULL;
    return tls && tls->record.ssl == ssl ? &tls->record : NULL;
}

void tls_record_clear(struct tls_record *record)
{
    if (record->chain) /* OpenSSL is loaded at its first call */
        sk_X509_pop_free(record->chain, X509_free);
    if (record->chain_error_certificate)
        X509_free(record->chain_error_certificate);
    *record = (struct tls_record){.alert_received = TLS_ALERT_NONE, .alert_sent = TLS_ALERT_NONE};
}

static void begin(struct probe *probe, const SSL *ssl)
{
    struct tls_record *record = &probe->tls->record;
    bool is_known = record->ssl == ssl && record->state != TLS_STATE_NONE;
    if (is_known || record->state == TLS_STATE_FAILED)
        return;
    tls_record_clear(record);
    record->ssl = ssl;
    record->state = TLS_STATE_STARTED;
    if (!probe->entered || probe->stage < STAGE_TLS)
        probe_stage(probe, STAGE_TLS);
}

static void finish(struct probe *probe, const SSL *ssl)
{
    struct tls_record *record = record_of(ssl);
    if (!record || record->state != TLS_STATE_STARTED)
        return;
    record->state = TLS_STATE_UP;
    snprintf(record->version, sizeof record->version, "%s", SSL_get_version(ssl));
    snprintf(record->cipher, sizeof record->cipher, "%s", SSL_get_cipher_name(ssl));
    record->certificate_sent = record->certificate_asked && SSL_get_certificate(ssl);
    tls_report(probe);
    /* TLS had a share of the time to come up in; what follows has all that is left. */
    probe->attempt_deadline = probe->endpoint_deadline;
    guard_secured(probe);
}

static void see_alert(struct tls_record *record, int where, int value)
{
    bool fatal = (value >> 8) == SSL3_AL_FATAL;
    if (!record || !fatal)
        return;
    if (where & SSL_CB_READ)
        record->alert_received = value & 0xFF;
    else
        record->alert_sent = value & 0xFF;
    record->state = TLS_STATE_FAILED;
}

static void see_state(const SSL *ssl, int where, int value)
{
    struct probe *probe = probe_here();
    if (!probe || !probe->tls)
        return;
    pthread_mutex_lock(&probe->tls->lock);
    if (where & SSL_CB_HANDSHAKE_START)
        begin(probe, ssl);
    else if (where & SSL_CB_HANDSHAKE_DONE)
        finish(probe, ssl);
    else if (where & SSL_CB_ALERT)
        see_alert(record_of(ssl), where, value);
    else if ((where & SSL_CB_EXIT) && value < 0 && record_of(ssl)) {
        struct tls_record *record = record_of(ssl);
        unsigned long error = ERR_peek_error();
        if (error && record->state != TLS_STATE_UP) {
            record->error = error;
            record->state = TLS_STATE_FAILED;
        }
        record->certificate_sent = record->certificate_asked && SSL_get_certificate(ssl);
    }
    pthread_mutex_unlock(&probe->tls->lock);
    if (where & SSL_CB_HANDSHAKE_DONE)
        hold_wait(probe, POINT_TLS);
}

static void see_message(int written, int version, int kind, const void *data, size_t length,
                        SSL *ssl, void *unused)
{
    const unsigned char *bytes = data;
    struct tls_record *record = record_of(ssl);
    (void)version;
    (void)unused;
    if (written || !record)
        return;
    record->heard_afterwards |= record->state == TLS_STATE_UP;
    if (kind == SSL3_RT_HEADER && record->header_length == 0) {
        record->header_length = length < sizeof record->header ? length : sizeof record->header;
        memcpy(record->header, data, record->header_length);
    } else if (kind == SSL3_RT_HANDSHAKE && length > 5 && bytes[0] == SSL3_MT_SERVER_HELLO) {
        record->hello_version = bytes[4] << 8 | bytes[5];
    } else if (kind == SSL3_RT_HANDSHAKE && length && bytes[0] == SSL3_MT_CERTIFICATE_REQUEST) {
        record->certificate_asked = true;
    }
}

static void new_context(void *parent, void *pointer, CRYPTO_EX_DATA *data, int index, long argl,
                        void *argp)
{
    SSL_CTX *context = parent;
    (void)pointer;
    (void)data;
    (void)index;
    (void)argl;
    (void)argp;
    SSL_CTX_set_cert_verify_callback(context, tls_verify, NULL);
    SSL_CTX_set_info_callback(context, see_state);
    SSL_CTX_set_msg_callback(context, see_message);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_security_level(context, 2);
}

bool tls_observer_install(void)
{
    static int index = -1;
    if (index < 0)
        index = CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, NULL, new_context, NULL, NULL);
    return index >= 0;
}

const char *tls_library(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}

bool probe_tls_prepare(void)
{
    return tls_observer_install();
}

void tls_warm_up(void)
{
    static bool is_warm; /* no two threads do it at once */
    if (is_warm)
        return;
    is_warm = true;
    SSL_CTX_free(SSL_CTX_new(TLS_client_method()));
}

void tls_observer_start(struct probe *probe)
{
    probe->tls = xcalloc(1, sizeof *probe->tls);
    pthread_mutex_init(&probe->tls->lock, NULL);
    tls_record_clear(&probe->tls->record);
    if (probe->whole) {
        const struct tls_observer *whole = probe->whole->tls;
        probe->tls->policy = whole->policy;
        probe->tls->store = whole->store;
        probe->tls->roots = whole->roots;
    }
}

void tls_observer_free(struct probe *side)
{
    struct tls_observer *tls = side->tls;
    if (tls->store != side->whole->tls->store) { /* of a policy of its own */
        X509_STORE_free(tls->store);
        sk_X509_pop_free(tls->roots, X509_free);
    }
    tls_record_clear(&tls->record);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}

void tls_observer_forget(struct probe *probe)
{
    pthread_mutex_lock(&probe->tls->lock);
    tls_record_clear(&probe->tls->record);
    pthread_mutex_unlock(&probe->tls->lock);
}

static bool trust_system(X509_STORE *store)
{
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    return lookup && X509_LOOKUP_add_dir(lookup, "/etc/ssl/certs", X509_FILETYPE_PEM) == 1;
}

bool probe_tls_expect(struct probe *probe, const struct tls_policy *policy, struct error *err)
{
    struct tls_observer *tls = probe->tls;
    if (tls->policy == policy)
        return true;
    tls->policy = policy;
    if (!probe->whole) { /* a side only borrows */
        X509_STORE_free(tls->store);
        sk_X509_pop_free(tls->roots, X509_free);
    }
    tls->roots = NULL;
    tls->store = policy ? X509_STORE_new() : NULL;
    if (!policy)
        return true;
    if (!policy->ca_pem)
        return trust_system(tls->store) ||
               error_set(err, REASON_INTERNAL, "the system's CA folder cannot be used");
    tls->roots =
        certificate_read_bundle(policy->ca_location, policy->ca_pem, policy->ca_pem_length, err);
    for (int i = 0; i < sk_X509_num(tls->roots); i++)
        X509_STORE_add_cert(tls->store, sk_X509_value(tls->roots, i));
    return tls->roots != NULL;
}

static json_t *describe_tls(const struct tls_record *record)
{
    json_t *tls = json_object();
    if (record->version[0])
        json_object_set_new(tls, "version", json_string(record->version));
    if (record->cipher[0])
        json_object_set_new(tls, "cipher", json_string(record->cipher));
    json_object_set_new(tls, "verified",
                        json_boolean(record->verify_ran && record->chain_error == X509_V_OK &&
                                     record->name_matches));
    json_t *chain = json_array();
    for (int i = 0; i < sk_X509_num(record->chain); i++)
        json_array_append_new(chain, certificate_to_json(sk_X509_value(record->chain, i)));
    json_object_set_new(tls, "chain", chain);
    return tls;
}

static void warn(struct probe *probe, const char *rule, const char *lead, const struct error *said)
{
    char *message = text_format("%s%s: %s", lead, reason_name(said->reason), said->message);
    probe_finding_at(probe, STAGE_TLS, SEVERITY_WARNING, rule,
                     said->property[0] ? said->property : NULL, message);
    free(message);
}

/* What is wrong with the dates of LEAF, unless verification SAID so already. */
static void warn_of_dates(struct probe *probe, X509 *leaf, enum reason said)
{
    struct certificate_fault fault;
    probe_note_json(probe, STAGE_TLS, "days_to_expiry", json_integer(certificate_days_left(leaf)));
    if (certificate_check_dates(leaf, 1, 1, &fault) && fault.reason != said)
        probe_finding_at(probe, STAGE_TLS, SEVERITY_WARNING, fault.rule, NULL, fault.message);
}

/* What verification found, whether it decided or not. */
static enum reason warn_of_verification(struct probe *probe)
{
    const struct tls_record *record = &probe->tls->record;
    struct error said = ERROR_INIT;
    struct error name = ERROR_INIT;
    char where[300];
    if (record->state != TLS_STATE_UP || !record->verify_ran)
        return REASON_NONE;
    net_observer_where(probe, -1, where, sizeof where);
    if (!tls_verification(probe->tls, where, &said))
        warn(probe, "certificate-not-verified", "TLS is up, but not verified: ", &said);
    if (record->chain_error != X509_V_OK && !tls_name_verification(probe->tls, where, &name))
        warn(probe, "certificate-name-mismatch", "", &name);
    return said.reason;
}

void tls_report(struct probe *probe)
{
    struct tls_record *record = &probe->tls->record;
    if (record->told || probe->aside)
        return;
    record->told = true;
    probe_send(probe, "tls", describe_tls(record));
    if (record->version[0])
        probe_note_json(probe, STAGE_TLS, "version", json_string(record->version));
    if (record->cipher[0])
        probe_note_json(probe, STAGE_TLS, "cipher", json_string(record->cipher));
    enum reason said = warn_of_verification(probe);
    if (sk_X509_num(record->chain) > 0)
        warn_of_dates(probe, sk_X509_value(record->chain, 0), said);
}

void probe_tls_adopt(struct probe *probe)
{
    pthread_mutex_lock(&probe->tls->lock);
    probe_stage(probe, STAGE_TLS);
    tls_report(probe);
    pthread_mutex_unlock(&probe->tls->lock);
}

enum tls_state probe_tls_state(const struct probe *probe)
{
    return probe->tls->record.state;
}

bool probe_tls_spoken(const struct probe *probe)
{
    const struct tls_record *record = &probe->tls->record;
    return record->hello_version != 0 || record->alert_received != TLS_ALERT_NONE ||
           record->state == TLS_STATE_UP;
}

bool probe_tls_verified(const struct probe *probe)
{
    const struct tls_record *record = &probe->tls->record;
    return record->state == TLS_STATE_UP && record->verify_ran &&
           record->chain_error == X509_V_OK && record->name_matches;
}

bool tls_observer_was_bypassed(const struct probe *probe)
{
    return probe->tls->policy && probe->tls->record.state == TLS_STATE_UP &&
           !probe->tls->record.verify_ran;
}
