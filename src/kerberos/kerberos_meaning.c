/* SPDX-License-Identifier: Apache-2.0 */
/* kerberos_meaning.c - the causes of having no ticket, in plain words. */
#include "kerberos_meaning.h"

#include <krb5/krb5.h>
#include <stddef.h>

/* Whose property a code is about. */
enum blame { BLAME_NOBODY, BLAME_PRINCIPAL, BLAME_KEY, BLAME_SERVICE, BLAME_CONF };

/* A remedy of NULL: the login has that of its service. */
static const struct meaning {
    krb5_error_code code;
    enum blame blame;
    const char *text;
    const char *remedy;
} meanings[] = {
    {KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, BLAME_PRINCIPAL, "the KDC does not know our principal",
     "correct the principal, or have it created"},
    {KRB5_KT_NOTFOUND, BLAME_PRINCIPAL, "the keytab holds no key of our principal",
     "name a principal that the keytab holds (klist -k FILE lists them)"},
    {KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, BLAME_SERVICE,
     "the KDC does not know the service: its name, or the host's, is another", NULL},
    {KRB5KDC_ERR_NAME_EXP, BLAME_PRINCIPAL, "our principal has expired", "have it prolonged"},
    {KRB5KDC_ERR_KEY_EXP, BLAME_PRINCIPAL, "our principal's key has expired", "have it renewed"},
    {KRB5KDC_ERR_CLIENT_REVOKED, BLAME_PRINCIPAL, "our principal is locked", "have it unlocked"},
    {KRB5KRB_AP_ERR_SKEW, BLAME_NOBODY, "the clocks of this host and the KDC differ too much",
     "set the clocks by NTP"},
    {KRB5_KDCREP_SKEW, BLAME_NOBODY, "the clocks of this host and the KDC differ too much",
     "set the clocks by NTP"},
    {KRB5_REALM_UNKNOWN, BLAME_CONF, "krb5.conf names no KDC for the realm",
     "add the realm with its KDC to [realms] of the krb5.conf"},
    {KRB5_KDC_UNREACH, BLAME_CONF, "no KDC of the realm can be reached",
     "look whether the KDC that krb5.conf names is up and its port 88 let through"},
    {KRB5_CONFIG_NODEFREALM, BLAME_PRINCIPAL,
     "the principal has no realm, and krb5.conf no default_realm",
     "write the principal as NAME@REALM"},
};
static const struct meaning stale_key = {
    0, BLAME_KEY,
    "the key in the keytab is not the principal's current one: it was changed since the keytab was "
    "made",
    "export the keytab again (ktadd -norandkey keeps the key)"};
static const struct meaning wrong_password = {0, BLAME_KEY, "the password is wrong",
                                              "check the password of the principal"};

static const char *blamed(const struct kerberos_login *login, enum blame blame)
{
    switch (blame) {
    case BLAME_PRINCIPAL:
        return login->principal_property;
    case BLAME_KEY:
        return login->keytab ? login->keytab->property : login->password_property;
    case BLAME_SERVICE:
        return login->service_property;
    case BLAME_CONF:
        return login->conf ? login->conf->property : NULL;
    case BLAME_NOBODY:
    default:
        return NULL;
    }
}

static const struct meaning *find(const struct kerberos_login *login, krb5_error_code code)
{
    if (code == KRB5KRB_AP_ERR_BAD_INTEGRITY || code == KRB5KDC_ERR_PREAUTH_FAILED)
        return login->keytab ? &stale_key : &wrong_password;
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].code == code)
            return &meanings[i];
    return NULL;
}

bool kerberos_find_meaning(const struct kerberos_login *login, long code,
                           struct kerberos_meaning *meaning)
{
    const struct meaning *found = find(login, (krb5_error_code)code);
    if (!found)
        return false;
    meaning->text = found->text;
    meaning->remedy = found->remedy ? found->remedy : login->service_remedy;
    meaning->property = blamed(login, found->blame);
    return true;
}
