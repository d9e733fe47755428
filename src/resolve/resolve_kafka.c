/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_kafka.c - KAFKA: brokers, security protocol, mechanism, keystore. */
#include "resolve_kafka.h"

#include <stdlib.h>
#include <string.h>

#include "bootstrap.h"
#include "reference.h"
#include "text.h"
#include "words.h"

/* A property and its full name; static, as a target wants it. */
#define KEY(name) name, PROPERTIES name

static const char *const scram_keys[] = {"KAFKA_SASL_SCRAM_USERNAME", "KAFKA_SASL_SCRAM_PASSWORD",
                                         "ENCRYPTED_KAFKA_SASL_SCRAM_PASSWORD",
                                         "KAFKA_SASL_SCRAM_SECRETS_ARN", NULL};
static const char *const plain_keys[] = {"KAFKA_SASL_PLAIN_USERNAME", "KAFKA_SASL_PLAIN_PASSWORD",
                                         "ENCRYPTED_KAFKA_SASL_PLAIN_PASSWORD", NULL};
static const char *const gssapi_keys[] = {"KAFKA_SASL_GSSAPI_KEYTAB", "KAFKA_SASL_GSSAPI_KRB5_CONF",
                                          "KAFKA_SASL_GSSAPI_SERVICE",
                                          "KAFKA_SASL_GSSAPI_PRINCIPAL", NULL};
static const char *const tls_keys[] = {"KAFKA_CUSTOM_CERT",
                                       "KAFKA_SKIP_CUSTOM_CERT_VALIDATION",
                                       "KAFKA_CLIENT_KEYSTORE",
                                       "KAFKA_CLIENT_KEYSTORE_PASSWORD",
                                       "KAFKA_CLIENT_KEY_PASSWORD",
                                       "ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD",
                                       "ENCRYPTED_KAFKA_CLIENT_KEY_PASSWORD",
                                       NULL};
static const char *const keystore_keys[] = {
    "KAFKA_CLIENT_KEYSTORE_PASSWORD", "KAFKA_CLIENT_KEY_PASSWORD",
    "ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD", "ENCRYPTED_KAFKA_CLIENT_KEY_PASSWORD", NULL};
static const char *const secret_keys[] = {"SECRET_ID", NULL};
static const char *const login_keys[] = {"USERNAME", "PASSWORD", "ENCRYPTED_PASSWORD", NULL};

/* Each of KEYS that is given is a note: it is not used, for WHY. */
static void note_unused(struct resolving *resolving, const char *const *keys, const char *why)
{
    for (; *keys; keys++) {
        if (!resolving_property(resolving, *keys))
            continue;
        char *path = text_format(PROPERTIES "%s", *keys);
        problems_add_note(&resolving->out->problems, path, "ignored", "is not used: %s", why);
        free(path);
    }
}

static bool take_servers(struct resolving *resolving)
{
    struct endpoint *servers = NULL;
    const char *list = resolving_property(resolving, "KAFKA_BOOTSTRAP_SERVERS");
    if (!list || reference_in(list, REFERENCE_FILE))
        return false;
    resolving->target->host_property = PROPERTIES "KAFKA_BOOTSTRAP_SERVERS";
    size_t count = bootstrap_read(list, &servers, &resolving->out->problems);
    for (size_t i = 0; i < count; i++)
        resolving_add_endpoint(resolving, servers[i].host, servers[i].port,
                               PROPERTIES "KAFKA_BOOTSTRAP_SERVERS",
                               PROPERTIES "KAFKA_BOOTSTRAP_SERVERS");
    bootstrap_release(servers, count);
    return count > 0 && resolving->out->problems.refused == 0;
}

static void take_tls(struct resolving *resolving)
{
    const char *ca = resolving_property(resolving, "KAFKA_CUSTOM_CERT");
    const char *said = resolving_property(resolving, "KAFKA_SSL_ENABLED");
    bool on = !said || resolving_boolean(resolving, "KAFKA_SSL_ENABLED");
    struct tls_policy *tls = &resolving->target->tls;
    *tls = (struct tls_policy){.attempt = on,
                               .require = on,
                               .verify_chain = on,
                               .verify_name = on,
                               .ca_property = PROPERTIES "KAFKA_CUSTOM_CERT",
                               .name_property = PROPERTIES "KAFKA_BOOTSTRAP_SERVERS"};
    resolving_origin(resolving, "tls", on ? "required, chain and host name verified" : "off",
                     said ? PROPERTIES "KAFKA_SSL_ENABLED" : "default of KAFKA_SSL_ENABLED (true)");
    if (!on) {
        note_unused(resolving, tls_keys, "KAFKA_SSL_ENABLED is false");
        return;
    }
    tls->skip_ca_rules = resolving_boolean(resolving, "KAFKA_SKIP_CUSTOM_CERT_VALIDATION");
    if (ca)
        tls->ca_location = xstrdup(ca);
    resolving_origin(resolving, "ca",
                     !ca                   ? "this system's CA certificates"
                     : location_is_pem(ca) ? "inline PEM"
                                           : ca,
                     ca ? PROPERTIES "KAFKA_CUSTOM_CERT" : "default");
    if (tls->skip_ca_rules)
        resolving_origin(resolving, "ca rules", "skipped",
                         PROPERTIES "KAFKA_SKIP_CUSTOM_CERT_VALIDATION");
}

static void take_file(struct resolving *resolving, const char *name, const char *key,
                      const char *path)
{
    struct target *target = resolving->target;
    const char *location = resolving_property(resolving, key);
    if (!location)
        return;
    target->files = xrealloc(target->files, (target->file_count + 1) * sizeof *target->files);
    target->files[target->file_count++] =
        (struct target_file){.name = name, .property = path, .location = xstrdup(location)};
    resolving_origin(resolving, name, location, path);
}

/* A secret that may be given encrypted, which goes before the other. */
static void take_secret(struct resolving *resolving, const char *name, const char *key,
                        const char *path, const char *encrypted_key, const char *encrypted_path)
{
    struct target *target = resolving->target;
    const char *encrypted = resolving_property(resolving, encrypted_key);
    const char *plain = resolving_property(resolving, key);
    if (!encrypted && !plain)
        return;
    if (encrypted && plain)
        problems_add_note(&resolving->out->problems, path, "ignored",
                          "is not used: %s goes before it", encrypted_key);
    target->secrets =
        xrealloc(target->secrets, (target->secret_count + 1) * sizeof *target->secrets);
    target->secrets[target->secret_count++] =
        (struct target_secret){.name = name,
                               .property = encrypted ? encrypted_path : path,
                               .value = xstrdup(encrypted ? encrypted : plain),
                               .encrypted = encrypted != NULL};
    resolving_origin(resolving, name, "***", encrypted ? encrypted_path : path);
}

static void take_keystore(struct resolving *resolving)
{
    if (!resolving->target->tls.attempt)
        return;
    if (!resolving_property(resolving, "KAFKA_CLIENT_KEYSTORE")) {
        note_unused(resolving, keystore_keys, "KAFKA_CLIENT_KEYSTORE is not given");
        return;
    }
    take_file(resolving, "keystore", KEY("KAFKA_CLIENT_KEYSTORE"));
    take_secret(resolving, "keystore_password", KEY("KAFKA_CLIENT_KEYSTORE_PASSWORD"),
                KEY("ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD"));
    take_secret(resolving, "key_password", KEY("KAFKA_CLIENT_KEY_PASSWORD"),
                KEY("ENCRYPTED_KAFKA_CLIENT_KEY_PASSWORD"));
}

static void take_parameter(struct resolving *resolving, const char *name, const char *field,
                           const char *value, const char *source)
{
    if (!value)
        return;
    target_add_parameter(resolving->target, name, value);
    resolving_origin(resolving, field, value, source);
}

/* Where the user name and the password of a mechanism stand. */
struct login_words {
    const char *user, *user_path;
    const char *password, *password_path;
    const char *encrypted, *encrypted_path;
    const char *secret, *secret_path; /* beside SECRET_ID; NULL: none */
};

static const struct login_words scram_login = {
    KEY("KAFKA_SASL_SCRAM_USERNAME"), KEY("KAFKA_SASL_SCRAM_PASSWORD"),
    KEY("ENCRYPTED_KAFKA_SASL_SCRAM_PASSWORD"), KEY("KAFKA_SASL_SCRAM_SECRETS_ARN")};
static const struct login_words plain_login = {
    KEY("KAFKA_SASL_PLAIN_USERNAME"), KEY("KAFKA_SASL_PLAIN_PASSWORD"),
    KEY("ENCRYPTED_KAFKA_SASL_PLAIN_PASSWORD"), NULL, NULL};

static void take_from_secret(struct resolving *resolving, const char *secret, const char *path)
{
    struct target *target = resolving->target;
    target->secret_id = xstrdup(secret);
    target->user_property = target->password_property = path;
    resolving_origin(resolving, "user", "from the secret", path);
    resolving_origin(resolving, "password", "***", path);
}

/* The user name goes before a secret, an encrypted password before one in the clear. */
static void take_login(struct resolving *resolving, const struct login_words *words)
{
    struct target *target = resolving->target;
    const char *user = resolving_property(resolving, words->user);
    const char *password = resolving_property(resolving, words->password);
    const char *encrypted = resolving_property(resolving, words->encrypted);
    const char *own = words->secret ? resolving_property(resolving, words->secret) : NULL;
    const char *secret = own ? own : resolving_property(resolving, "SECRET_ID");
    const char *secret_path = own ? words->secret_path : PROPERTIES "SECRET_ID";
    if (!user && secret) {
        take_from_secret(resolving, secret, secret_path);
        return;
    }
    if (secret)
        problems_add_note(&resolving->out->problems, secret_path, "ignored",
                          "is not used: %s goes before it", words->user);
    target->user_property = words->user_path;
    target->password_property = encrypted ? words->encrypted_path : words->password_path;
    if (encrypted && password)
        problems_add_note(&resolving->out->problems, words->password_path, "ignored",
                          "is not used: %s goes before it", words->encrypted);
    if (user) {
        target->user = xstrdup(user);
        resolving_origin(resolving, "user", user, words->user_path);
    }
    if (encrypted)
        target->encrypted_password = xstrdup(encrypted);
    else if (password)
        target->password = xstrdup(password);
    if (encrypted || password)
        resolving_origin(resolving, "password", "***", target->password_property);
}

static void take_kerberos(struct resolving *resolving)
{
    struct target *target = resolving->target;
    take_file(resolving, "keytab", KEY("KAFKA_SASL_GSSAPI_KEYTAB"));
    take_file(resolving, "krb5_conf", KEY("KAFKA_SASL_GSSAPI_KRB5_CONF"));
    take_parameter(resolving, "kerberos_service", "service",
                   resolving_property(resolving, "KAFKA_SASL_GSSAPI_SERVICE"),
                   PROPERTIES "KAFKA_SASL_GSSAPI_SERVICE");
    target->user = xstrdup(resolving_property(resolving, "KAFKA_SASL_GSSAPI_PRINCIPAL"));
    target->user_property = PROPERTIES "KAFKA_SASL_GSSAPI_PRINCIPAL";
    resolving_origin(resolving, "user", target->user, target->user_property);
}

/* "us-east-1" of "b-1.demo.abc.c2.kafka.us-east-1.amazonaws.com"; NULL when the name has none. */
static char *region_of_broker(const char *host)
{
    const char *end = strstr(host, ".amazonaws.com");
    if (!end || end == host)
        return NULL;
    const char *begin = end;
    while (begin > host && begin[-1] != '.')
        begin--;
    static const char *const before[] = {"kafka.", "kafka-serverless."};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        size_t length = strlen(before[i]);
        if ((size_t)(begin - host) > length && strncmp(begin - length, before[i], length) == 0 &&
            begin[-1 - (long)length] == '.')
            return xstrndup(begin, (size_t)(end - begin));
    }
    return NULL;
}

static void take_iam(struct resolving *resolving)
{
    struct target *target = resolving->target;
    struct problems *problems = &resolving->out->problems;
    const char *region = resolving_property(resolving, "REGION");
    char *of_broker = region_of_broker(target->endpoints[0].host);
    target->needs_aws = true;
    if (!target->tls.attempt)
        problems_add(problems, PROPERTIES "KAFKA_SSL_ENABLED", "contradiction",
                     "is false, and AWS_MSK_IAM needs TLS");
    if (region && of_broker && !text_equal(region, of_broker))
        problems_add_note(problems, PROPERTIES "REGION", "contradiction",
                          "is \"%.40s\", but the broker's name says \"%.40s\"; REGION is used",
                          region, of_broker);
    take_parameter(resolving, "region", "region", region ? region : of_broker,
                   region ? PROPERTIES "REGION" : PROPERTIES "KAFKA_BOOTSTRAP_SERVERS");
    free(of_broker);
}

static void take_mechanism(struct resolving *resolving)
{
    const char *mechanism = resolving_property(resolving, "KAFKA_SASL_MECHANISM");
    const char *unused = "KAFKA_SASL_MECHANISM is not given, so nobody logs in";
    char *other = mechanism ? text_format("the mechanism is %s", mechanism) : xstrdup(unused);
    bool scram = mechanism && text_starts(mechanism, "SCRAM-");
    bool plain = mechanism && strcmp(mechanism, "PLAIN") == 0;
    bool gssapi = mechanism && strcmp(mechanism, "GSSAPI") == 0;
    take_parameter(resolving, "sasl_mechanism", "mechanism", mechanism,
                   PROPERTIES "KAFKA_SASL_MECHANISM");
    if (scram)
        take_login(resolving, &scram_login);
    else
        note_unused(resolving, scram_keys, other);
    if (plain)
        take_login(resolving, &plain_login);
    else
        note_unused(resolving, plain_keys, other);
    if (gssapi)
        take_kerberos(resolving);
    else
        note_unused(resolving, gssapi_keys, other);
    if (mechanism && strcmp(mechanism, "AWS_MSK_IAM") == 0)
        take_iam(resolving);
    if (!scram && !plain)
        note_unused(resolving, secret_keys, other);
    free(other);
    note_unused(resolving, login_keys,
                "a KAFKA connection has its names and passwords in KAFKA_SASL_*");
}

bool resolve_kafka(struct resolving *resolving)
{
    if (!take_servers(resolving))
        return false;
    bool taken = resolving_take_driver(resolving, registry_find_type(resolving->registry, "KAFKA"),
                                       "connection type KAFKA", "ConnectionType");
    take_tls(resolving);
    take_keystore(resolving);
    take_mechanism(resolving);
    return taken && resolving->out->problems.refused == 0;
}
