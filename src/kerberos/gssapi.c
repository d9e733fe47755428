/* SPDX-License-Identifier: Apache-2.0 */
/* gssapi.c - SASL's GSSAPI (RFC 4752): a context, then "no security layer". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kerberos.h"
#include "kerberos_library.h"

enum { WORDS_SIZE = 512, STEPS_MAXIMUM = 8, NO_LAYER = 1, LAYERS_SIZE = 4 };

/* GSSAPI's own words for MAJOR and MINOR. */
static bool tell_gss(const struct kerberos_dialogue *dialogue, const char *what, OM_uint32 major,
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
              dialogue->where, what, dialogue->login->principal, (int)words.length,
              words.length ? (const char *)words.value : "", (int)reason.length,
              reason.length ? (const char *)reason.value : "", major, minor);
    gss.gss_release_buffer(&ignored, &words);
    gss.gss_release_buffer(&ignored, &reason);
    return error_property(err, dialogue->login->principal_property);
}

/* TOKEN to the service; what it answers is IN's until the next call. */
static bool send_token(const struct kerberos_dialogue *dialogue, gss_buffer_t token,
                       gss_buffer_t in, struct error *err)
{
    struct kerberos_token answer = {.data = NULL};
    if (!dialogue->exchange(dialogue->argument, token->length ? token->value : "", token->length,
                            &answer, err))
        return false;
    *in = (gss_buffer_desc){.length = answer.length, .value = (void *)(uintptr_t)answer.data};
    return true;
}

static bool establish(const struct kerberos_dialogue *dialogue, gss_name_t name,
                      gss_ctx_id_t *context, gss_buffer_t in, struct error *err)
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
            return tell_gss(dialogue, "the Kerberos login", major, minor, err);
        bool sent = send_token(dialogue, &out, in, err);
        gss.gss_release_buffer(&ignored, &out);
        if (!sent || major == GSS_S_COMPLETE)
            return sent;
    }
    return error_set(err, REASON_PROTOCOL_ERROR, "%s: the Kerberos login comes to no end",
                     dialogue->where);
}

/* The service offers layers (one byte of bits, three of a size); we want none. */
static bool decline_layers(const struct kerberos_dialogue *dialogue, gss_ctx_id_t context,
                           gss_buffer_t in, struct error *err)
{
    char none[WORDS_SIZE] = {NO_LAYER, 0, 0, 0};
    OM_uint32 minor = 0;
    OM_uint32 ignored;
    gss_buffer_desc offer = GSS_C_EMPTY_BUFFER;
    gss_buffer_desc wrapped = GSS_C_EMPTY_BUFFER;
    OM_uint32 major = gss.gss_unwrap(&minor, context, in, &offer, NULL, NULL);
    if (GSS_ERROR(major))
        return tell_gss(dialogue, "reading the service's security layers", major, minor, err);
    bool may = offer.length == LAYERS_SIZE && (((const unsigned char *)offer.value)[0] & NO_LAYER);
    gss.gss_release_buffer(&ignored, &offer);
    if (!may)
        return error_set(err, REASON_LOGIN_METHOD,
                         "%s demands a security layer of SASL, which its clients do not have",
                         dialogue->where);
    int name = snprintf(none + LAYERS_SIZE, sizeof none - LAYERS_SIZE, "%s",
                        dialogue->authorize_as ? dialogue->authorize_as : "");
    gss_buffer_desc choice = {.length = LAYERS_SIZE + (size_t)name, .value = none};
    if (choice.length >= sizeof none)
        return error_set(err, REASON_KERBEROS_FAILED, "%s: the name to log in as is too long",
                         dialogue->where);
    major = gss.gss_wrap(&minor, context, 0, GSS_C_QOP_DEFAULT, &choice, NULL, &wrapped);
    if (GSS_ERROR(major))
        return tell_gss(dialogue, "the answer to the service's security layers", major, minor, err);
    bool accepted = send_token(dialogue, &wrapped, in, err);
    gss.gss_release_buffer(&ignored, &wrapped);
    return accepted;
}

bool kerberos_log_in(const struct kerberos_dialogue *dialogue, struct error *err)
{
    OM_uint32 minor = 0;
    gss_name_t name = GSS_C_NO_NAME;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc in = GSS_C_EMPTY_BUFFER;
    char text[WORDS_SIZE];
    int length = snprintf(text, sizeof text, "%s@%s", dialogue->login->service, dialogue->host);
    gss_buffer_desc service = {.length = (size_t)length, .value = text};
    /* GSS_C_NT_HOSTBASED_SERVICE (RFC 2743), which the library has as a variable. */
    gss_OID_desc host_based = {
        .length = 10, .elements = (void *)(uintptr_t) "\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04"};
    OM_uint32 major = gss.gss_import_name(&minor, &service, &host_based, &name);
    bool accepted = GSS_ERROR(major)
                        ? tell_gss(dialogue, "the name of the service", major, minor, err)
                        : establish(dialogue, name, &context, &in, err) &&
                              decline_layers(dialogue, context, &in, err);
    if (context != GSS_C_NO_CONTEXT)
        gss.gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    if (name != GSS_C_NO_NAME)
        gss.gss_release_name(&minor, &name);
    return accepted;
}
