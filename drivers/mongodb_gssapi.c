/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_gssapi.c - GSSAPI logins: Kerberos by password or keytab, in SASL's conversation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kerberos.h"
#include "mongodb_driver.h"

enum { VALUE_SIZE = 256 };

/* NAME:VALUE of the option authMechanismProperties into VALUE; false when it is not there. */
static bool read_property(const struct target *target, const char *name, char value[VALUE_SIZE])
{
    const char *at = target_parameter(target, "authMechanismProperties");
    size_t length = strlen(name);
    for (; at && *at; at += strcspn(at, ","), at += *at == ',') {
        size_t size = strcspn(at, ",");
        if (size <= length || strncmp(at, name, length) != 0 || at[length] != ':')
            continue;
        snprintf(value, VALUE_SIZE, "%.*s", (int)(size - length - 1), at + length + 1);
        return true;
    }
    return false;
}

static const struct kerberos_login *find_login(const struct target *target)
{
    static struct kerberos_login login;
    static char service[VALUE_SIZE];
    if (!read_property(target, "SERVICE_NAME", service))
        snprintf(service, sizeof service, "mongodb");
    login = (struct kerberos_login){
        .principal = target->user,
        .principal_property = target->user_property,
        .keytab = target_file(target, "keytab"),
        .password = target->password ? target->password : "",
        .password_property = target->password_property,
        .conf = target_file(target, "krb5_conf"),
        .service = service,
        .service_property = target->host_property,
        .service_remedy = "name the server by the host name of its principal, or the service by "
                          "authMechanismProperties=SERVICE_NAME:NAME in the URL",
    };
    return &login;
}

bool gssapi_prepare(struct probe *probe, const struct target *target, struct error *err)
{
    return !target_file(target, "krb5_conf") || kerberos_prepare(probe, find_login(target), err);
}

static bool has_conf(const struct session *session, struct error *err)
{
    if (target_file(session->target, "krb5_conf"))
        return true;
    error_set(err, REASON_KERBEROS_FAILED,
              "a login by GSSAPI at %s as \"%s\" needs a krb5.conf that names the KDC, and the "
              "definition gives none",
              session->where, session->target->user);
    error_remedy(err, "name it in MONGODB_KRB5_CONF");
    return error_property(err, "ConnectionProperties.MONGODB_KRB5_CONF");
}

/* What goes on of the conversation. */
struct talk {
    struct session *session;
    struct step *step;
    bool begun;
};

static bool exchange(void *argument, const void *token, size_t length,
                     struct kerberos_token *answer, struct error *err)
{
    struct talk *talk = argument;
    bool first = !talk->begun;
    talk->begun = true;
    if (!login_converse(talk->session, "GSSAPI", first, token, length, talk->step, err))
        return false;
    *answer = (struct kerberos_token){.data = talk->step->payload, .length = talk->step->length};
    return true;
}

bool login_by_gssapi(struct session *session, struct error *err)
{
    const struct kerberos_login *login = find_login(session->target);
    struct step *step = calloc(1, sizeof *step);
    char host[VALUE_SIZE];
    if (!step)
        return error_set(err, REASON_BUSY, "no memory for a login");
    struct endpoint service = {.host = host, .port = session->endpoint->port};
    if (!read_property(session->target, "SERVICE_HOST", host))
        snprintf(host, sizeof host, "%s", session->endpoint->host);
    struct talk talk = {.session = session, .step = step};
    const struct kerberos_dialogue dialogue = {.login = login,
                                               .where = session->where,
                                               .host = host,
                                               .authorize_as = login->principal,
                                               .exchange = exchange,
                                               .argument = &talk};
    bool accepted = has_conf(session, err) &&
                    kerberos_get_tickets(session->probe, login, &service, err) &&
                    kerberos_log_in(&dialogue, err) && login_finish(session, "GSSAPI", step, err);
    free(step);
    return accepted;
}
