/* SPDX-License-Identifier: Apache-2.0 */
/* tls_verdict.c - why a handshake failed, in words that a person can act on. */
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "net_observer.h"
#include "peer.h"
#include "text.h"
#include "tls_observer.h"

/* RFC 8446, section 6.2, and the older ones. OpenSSL 3.0 does not know 116. */
static const struct {
    int number;
    const char *name;
} alerts[] = {
    {10, "unexpected message"},
    {20, "bad record MAC"},
    {22, "record overflow"},
    {40, "handshake failure"},
    {42, "bad certificate"},
    {43, "unsupported certificate"},
    {44, "certificate revoked"},
    {45, "certificate expired"},
    {46, "certificate unknown"},
    {47, "illegal parameter"},
    {48, "unknown CA"},
    {49, "access denied"},
    {50, "decode error"},
    {51, "decrypt error"},
    {70, "protocol version"},
    {71, "insufficient security"},
    {80, "internal error"},
    {86, "inappropriate fallback"},
    {109, "missing extension"},
    {110, "unsupported extension"},
    {112, "unrecognized name"},
    {113, "bad certificate status response"},
    {116, "certificate required"},
    {120, "no application protocol"},
};

static const char *alert_name(int number)
{
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
        if (alerts[i].number == number)
            return alerts[i].name;
    return "unknown alert";
}

static bool is_about_our_certificate(int alert)
{
    return alert == 40 || (alert >= 42 && alert <= 46) || alert == 48 || alert == 49 ||
           alert == 116;
}

static bool tell_client_certificate(bool sent, const char *where, int alert, struct error *err)
{
    const char *name = alert_name(alert);
    if (sent) {
        error_set(err, REASON_TLS_CLIENT_CERT_REFUSED,
                  "%s refused our client certificate: alert \"%s\" (%d)", where, name, alert);
        return error_brief(err, "our client certificate is refused: \"%s\" (%d)", name, alert);
    }
    error_set(err, REASON_TLS_CLIENT_CERT_REQUIRED,
              "%s demands a client certificate and we have none to give: alert \"%s\" (%d)", where,
              name, alert);
    return error_brief(err, "a client certificate is demanded");
}

static bool tell_alert(const struct tls_record *record, const char *where, struct error *err)
{
    int alert = record->alert_received;
    const char *name = alert_name(alert);
    if (alert == 70) {
        error_set(err, REASON_TLS_VERSION,
                  "%s offers no TLS version of ours: it answered with the alert \"%s\" (%d); we "
                  "speak TLS 1.2 and 1.3",
                  where, name, alert);
        return error_brief(err, "it speaks neither TLS 1.2 nor TLS 1.3");
    }
    if (alert == 116 || (record->certificate_asked && is_about_our_certificate(alert)))
        return tell_client_certificate(record->certificate_sent, where, alert, err);
    if (alert == 71)
        error_set(err, REASON_TLS_WEAK, "%s finds no cipher strong enough: alert \"%s\" (%d)",
                  where, name, alert);
    else
        error_set(err, REASON_TLS_HANDSHAKE,
                  "%s ended the TLS handshake with the alert \"%s\" (%d)%s", where, name, alert,
                  alert == 40
                      ? ", as a server does that has no cipher, curve or signature in common "
                        "with us"
                      : "");
    return error_brief(err, "the handshake ended with the alert \"%s\" (%d)", name, alert);
}

/* Bytes of something else where a TLS record is due. */
static bool tell_foreign_bytes(const struct tls_record *record, const char *where,
                               struct error *err)
{
    const char *protocol = peer_protocol(record->header, record->header_length);
    char bytes[32];
    if (protocol && strcmp(protocol, "TLS") == 0)
        return error_set(err, REASON_PROTOCOL_ERROR,
                         "%s answered our TLS handshake with a record that TLS does not have: %s",
                         where, ERR_reason_error_string(record->error));
    text_one_line(bytes, sizeof bytes, (const char *)record->header, record->header_length);
    if (protocol)
        return error_set(
            err, REASON_WRONG_PROTOCOL,
            "%s answered our TLS handshake in another protocol: %s (first bytes \"%s\")", where,
            protocol, bytes);
    bytes[0] = '\0';
    for (size_t i = 0; i < record->header_length && i < sizeof bytes / 3; i++)
        snprintf(bytes + 3 * i, 4, "%02x%s", record->header[i],
                 i + 1 < record->header_length ? " " : "");
    return error_set(err, REASON_PROTOCOL_ERROR,
                     "%s answered our TLS handshake with bytes that are not TLS (%s)", where,
                     bytes);
}

/* What OpenSSL's reasons of a failed handshake mean; the rest is TLS_HANDSHAKE. */
static const struct {
    int reason;
    enum reason means;
} library_reasons[] = {
    {SSL_R_UNSUPPORTED_PROTOCOL, REASON_TLS_VERSION},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, REASON_TLS_VERSION},
    {SSL_R_WRONG_VERSION_NUMBER, REASON_WRONG_PROTOCOL},
    {SSL_R_HTTP_REQUEST, REASON_WRONG_PROTOCOL},
    {SSL_R_HTTPS_PROXY_REQUEST, REASON_WRONG_PROTOCOL},
    {SSL_R_PACKET_LENGTH_TOO_LONG, REASON_WRONG_PROTOCOL},
    {SSL_R_ENCRYPTED_LENGTH_TOO_LONG, REASON_WRONG_PROTOCOL},
    {SSL_R_DATA_LENGTH_TOO_LONG, REASON_WRONG_PROTOCOL},
    {SSL_R_BAD_RECORD_TYPE, REASON_WRONG_PROTOCOL},
    {SSL_R_UNEXPECTED_MESSAGE, REASON_WRONG_PROTOCOL},
    {SSL_R_DH_KEY_TOO_SMALL, REASON_TLS_WEAK},
    {SSL_R_EE_KEY_TOO_SMALL, REASON_TLS_WEAK},
    {SSL_R_CA_KEY_TOO_SMALL, REASON_TLS_WEAK},
    {SSL_R_CA_MD_TOO_WEAK, REASON_TLS_WEAK},
    {SSL_R_WRONG_SIGNATURE_TYPE, REASON_TLS_WEAK},
    {SSL_R_WRONG_CIPHER_RETURNED, REASON_TLS_WEAK},
    {SSL_R_UNEXPECTED_EOF_WHILE_READING, REASON_CONNECTION_CLOSED},
};

static enum reason find_library_reason(const struct tls_record *record)
{
    /* OpenSSL 3.0 may complain of the signature first when the server is old as well. */
    if (record->hello_version && record->hello_version < TLS1_2_VERSION)
        return REASON_TLS_VERSION;
    for (size_t i = 0; i < sizeof library_reasons / sizeof *library_reasons; i++)
        if (library_reasons[i].reason == ERR_GET_REASON(record->error))
            return library_reasons[i].means;
    return REASON_TLS_HANDSHAKE;
}

static const char *old_version(const struct tls_record *record)
{
    if (record->hello_version == TLS1_1_VERSION)
        return "TLS 1.1";
    return record->hello_version == TLS1_VERSION ? "TLS 1.0" : "an older version of TLS";
}

/* No setting of TLS would mend that. */
static bool is_of_altered_bytes(int reason)
{
    return reason == SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC || reason == SSL_R_BAD_SIGNATURE ||
           reason == SSL_R_DIGEST_CHECK_FAILED || reason == SSL_R_INVALID_SESSION_ID;
}

static bool tell_library_error(const struct tls_record *record, const char *where,
                               struct error *err)
{
    const char *words = ERR_reason_error_string(record->error);
    enum reason reason = find_library_reason(record);
    if (!words)
        words = "a fault without words";
    if (reason == REASON_WRONG_PROTOCOL)
        return tell_foreign_bytes(record, where, err);
    if (reason == REASON_TLS_VERSION)
        return error_set(err, reason, "%s offers only %s; TLS 1.2 or 1.3 is demanded", where,
                         old_version(record));
    if (reason == REASON_TLS_WEAK)
        return error_set(err, reason, "the TLS of %s is below our level: %s", where, words);
    if (reason == REASON_CONNECTION_CLOSED)
        return error_set(err, reason, "%s closed the connection in the middle of the TLS handshake",
                         where);
    error_set(err, reason, "the TLS handshake with %s failed: %s", where, words);
    if (is_of_altered_bytes(ERR_GET_REASON(record->error)))
        error_remedy(err, "what came was altered on the way, or the server is broken: look for a "
                          "proxy or a device that touches the connection");
    return false;
}

static bool policy_refused(const struct tls_observer *tls)
{
    const struct tls_record *record = &tls->record;
    return record->verify_ran && ((tls->policy->verify_chain && record->chain_error != X509_V_OK) ||
                                  (tls->policy->verify_name && !record->name_matches));
}

static bool explain(struct probe *probe, const char *where, struct error *err)
{
    const struct tls_observer *tls = probe->tls;
    const struct tls_record *record = &tls->record;
    if (policy_refused(tls))
        return tls_verification(tls, where, err);
    if (record->alert_received != TLS_ALERT_NONE)
        return tell_alert(record, where, err);
    if (record->error)
        return tell_library_error(record, where, err);
    return true;
}

/* TLS 1.3 tells a client without a certificate after the handshake, and the alert may be lost with
 * the connection. */
static bool was_dropped(const struct tls_record *record)
{
    return record->state == TLS_STATE_UP && strcmp(record->version, "TLSv1.3") == 0 &&
           record->certificate_asked && !record->certificate_sent && !record->heard_afterwards;
}

static bool tell_dropped(const char *where, struct error *err)
{
    return error_set(err, REASON_TLS_CLIENT_CERT_REQUIRED,
                     "%s asked for a client certificate, which we have none of, and closed the "
                     "connection right after the TLS handshake",
                     where);
}

bool tls_observed(struct probe *probe, struct error *err)
{
    char where[300];
    const struct tls_record *record = &probe->tls->record;
    bool dropped = was_dropped(record) && probe->stage == STAGE_LOGIN;
    if (record->state == TLS_STATE_NONE || (record->state == TLS_STATE_UP && !dropped))
        return true;
    net_observer_where(probe, -1, where, sizeof where);
    pthread_mutex_lock(&probe->tls->lock);
    bool fine = dropped ? tell_dropped(where, err) : explain(probe, where, err);
    if (!fine && sk_X509_num(probe->tls->record.chain) > 0)
        tls_report(probe);
    pthread_mutex_unlock(&probe->tls->lock);
    if (!fine && !probe->aside)
        probe->stage = STAGE_TLS;
    return fine;
}
