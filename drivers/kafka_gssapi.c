/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_gssapi.c - SASL's GSSAPI (RFC 4752): a context, then "no security layer". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka_kerberos.h"

enum { WORDS_SIZE = 512, STEPS_MAXIMUM = 8, NO_LAYER = 1 };

/* GSSAPI's own words for MAJOR and MINOR. */
static bool tell_gss(const struct session *session, const char *what, OM_uint32 major,
                     OM_uint32 minor, struct error *err)
{
    OM_uint32 ignored;
    OM_uint32 more = 0;
    gss_buffer_desc words = GSS_C_EMPTY_BUFFER;
    gss_buffer_desc reason = GSS_C_EMPTY_BUFFER;
    gss.gss_display_status(&ignored, major, GSS_C_GSS_CODE, GSS_C_NO_OID, &more, &words);
    more = 0;
    gss.gss_display_status(&ignored, minor, GSS_C_MECH_CODE, GSS_C_NO_OID, &more, &reason);
    error_set(err, REASON_KERBEROS_FAILED, "%s: %s as \"%s\" failed: \"%.*s: %.*s\" (%u, %u)",
              session->where, what, session->target->user, (int)words.length,
              words.length ? (const char *)words.value : "", (int)reason.length,
              reason.length ? (const char *)reason.value : "", major, minor);
    gss.gss_release_buffer(&ignored, &words);
    gss.gss_release_buffer(&ignored, &reason);
    return error_property(err, session->target->user_property);
}

/* TOKEN to the broker; what it answers is IN's until the next call. */
static bool send_token(struct session *session, gss_buffer_t token, gss_buffer_t in,
                       struct error *err)
{
    struct kafka_authenticate answer;
    char ticket[WORDS_SIZE];
    if (!session_authenticate(session, token->length ? token->value : "", token->length, &answer,
                              err))
        return false;
    if (answer.code != KAFKA_NONE) {
        kerberos_describe_ticket(ticket, sizeof ticket);
        return session_refused(session, REASON_KERBEROS_FAILED, &answer, ticket, err);
    }
    *in =
        (gss_buffer_desc){.length = answer.token_length, .value = (void *)(uintptr_t)answer.token};
    return true;
}

static bool establish(struct session *session, gss_name_t name, gss_ctx_id_t *context,
                      gss_buffer_t in, struct error *err)
{
    OM_uint32 minor = 0;
    OM_uint32 ignored;
    for (int step = 0; step < STEPS_MAXIMUM; step++) {
        gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
        OM_uint32 major =
            gss.gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, context, name, GSS_C_NO_OID,
                                     GSS_C_MUTUAL_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_INTEG_FLAG, 0,
                                     GSS_C_NO_CHANNEL_BINDINGS, in, NULL, &out, NULL, NULL);
        if (GSS_ERROR(major))
            return tell_gss(session, "the Kerberos login", major, minor, err);
        bool sent = send_token(session, &out, in, err);
        gss.gss_release_buffer(&ignored, &out);
        if (!sent || major == GSS_S_COMPLETE)
            return sent;
    }
    return error_set(err, REASON_PROTOCOL_ERROR, "%s: the Kerberos login comes to no end",
                     session->where);
}

/* The broker offers layers (one byte of bits, three of a size); we want none. */
static bool decline_layers(struct session *session, gss_ctx_id_t context, gss_buffer_t in,
                           struct error *err)
{
    static const unsigned char none[4] = {NO_LAYER, 0, 0, 0};
    OM_uint32 minor = 0;
    OM_uint32 ignored;
    gss_buffer_desc offer = GSS_C_EMPTY_BUFFER;
    gss_buffer_desc choice = {.length = sizeof none, .value = (void *)(uintptr_t)none};
    gss_buffer_desc wrapped = GSS_C_EMPTY_BUFFER;
    OM_uint32 major = gss.gss_unwrap(&minor, context, in, &offer, NULL, NULL);
    if (GSS_ERROR(major))
        return tell_gss(session, "reading the broker's security layers", major, minor, err);
    bool may = offer.length == 4 && (((const unsigned char *)offer.value)[0] & NO_LAYER);
    gss.gss_release_buffer(&ignored, &offer);
    if (!may)
        return error_set(err, REASON_LOGIN_METHOD,
                         "%s demands a security layer of SASL, which Kafka's clients do not have",
                         session->where);
    major = gss.gss_wrap(&minor, context, 0, GSS_C_QOP_DEFAULT, &choice, NULL, &wrapped);
    if (GSS_ERROR(major))
        return tell_gss(session, "the answer to the broker's security layers", major, minor, err);
    bool accepted = send_token(session, &wrapped, in, err);
    gss.gss_release_buffer(&ignored, &wrapped);
    return accepted;
}

bool kafka_gssapi(struct session *session, struct error *err)
{
    OM_uint32 minor = 0;
    gss_name_t name = GSS_C_NO_NAME;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc in = GSS_C_EMPTY_BUFFER;
    char text[WORDS_SIZE];
    int length =
        snprintf(text, sizeof text, "%s@%s", target_parameter(session->target, "kerberos_service"),
                 session->endpoint->host);
    gss_buffer_desc service = {.length = (size_t)length, .value = text};
    /* GSS_C_NT_HOSTBASED_SERVICE (RFC 2743), which the library has as a variable. */
    gss_OID_desc host_based = {
        .length = 10, .elements = (void *)(uintptr_t) "\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04"};
    OM_uint32 major = gss.gss_import_name(&minor, &service, &host_based, &name);
    bool accepted = GSS_ERROR(major)
                        ? tell_gss(session, "the name of the service", major, minor, err)
                        : establish(session, name, &context, &in, err) &&
                              decline_layers(session, context, &in, err);
    if (context != GSS_C_NO_CONTEXT)
        gss.gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    if (name != GSS_C_NO_NAME)
        gss.gss_release_name(&minor, &name);
    return accepted;
}
