/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_gssapi.c - SASL's GSSAPI over SaslAuthenticate, by what the API says of Kerberos. */
#include "kafka_driver.h"
#include "kerberos.h"

#define OF(property) "ConnectionProperties.KAFKA_SASL_GSSAPI_" property

enum { WORDS_SIZE = 512 };

const struct kerberos_login *kafka_kerberos(const struct target *target)
{
    static struct kerberos_login login;
    login = (struct kerberos_login){
        .principal = target->user,
        .principal_property = OF("PRINCIPAL"),
        .keytab = target_file(target, "keytab"),
        .conf = target_file(target, "krb5_conf"),
        .service = target_parameter(target, "kerberos_service"),
        .service_property = OF("SERVICE"),
        .service_remedy =
            "set KAFKA_SASL_GSSAPI_SERVICE to the brokers' sasl.kerberos.service.name, "
            "and name the broker by the host name of its principal",
    };
    return &login;
}

static bool exchange(void *argument, const void *token, size_t length,
                     struct kerberos_token *answer, struct error *err)
{
    struct session *session = argument;
    struct kafka_authenticate said;
    char ticket[WORDS_SIZE];
    if (!session_authenticate(session, token, length, &said, err))
        return false;
    if (said.code != KAFKA_NONE) {
        kerberos_describe_ticket(ticket, sizeof ticket);
        return session_refused(session, REASON_KERBEROS_FAILED, &said, ticket, err);
    }
    *answer = (struct kerberos_token){.data = said.token, .length = said.token_length};
    return true;
}

bool kafka_gssapi(struct session *session, struct error *err)
{
    const struct kerberos_dialogue dialogue = {.login = kafka_kerberos(session->target),
                                               .where = session->where,
                                               .host = session->endpoint->host,
                                               .exchange = exchange,
                                               .argument = session};
    return kerberos_log_in(&dialogue, err);
}
