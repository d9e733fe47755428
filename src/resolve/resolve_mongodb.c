/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_mongodb.c - connections of type MONGODB: the URL's options held against what they may
 * say. */
#include "resolve_mongodb.h"

#include <stdlib.h>
#include <string.h>

#include "mongodb_url.h"
#include "reference.h"
#include "text.h"
#include "words.h"

#define PATH PROPERTIES "CONNECTION_URL"
#define EXTERNAL "$external"
enum { MILLISECONDS_MAXIMUM = 2147483647, APPLICATION_MAXIMUM = 128 /* bytes */ };

static const char *const mechanisms[] = {"SCRAM-SHA-256", "SCRAM-SHA-1", "MONGODB-X509",
                                         "PLAIN",         "GSSAPI",      "MONGODB-AWS",
                                         "MONGODB-OIDC",  "MONGODB-CR",  NULL};
static const char *const preferences[] = {
    "primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest", NULL};
static const char *const booleans[] = {"true", "false", NULL};

/* What an option may say: one of WORDS, or a number where there are none. */
static const struct {
    const char *name;
    const char *const *words;
} rules[] = {
    {"authMechanism", mechanisms},      {"readPreference", preferences},
    {"directConnection", booleans},     {"loadBalanced", booleans},
    {"connectTimeoutMS", NULL},         {"socketTimeoutMS", NULL},
    {"serverSelectionTimeoutMS", NULL}, {"srvMaxHosts", NULL},
};

static void refuse(struct resolving *resolving, const char *rule, const char *what)
{
    problems_add(&resolving->out->problems, PATH, rule, "%s", what);
}

static void check_word(struct resolving *resolving, const struct parameter *option,
                       const char *const *words)
{
    for (const char *const *word = words; *word; word++)
        if (strcmp(*word, option->value) == 0)
            return;
    struct text_buffer list = TEXT_BUFFER_INIT;
    const char *nearest = text_nearest(option->value, words);
    for (const char *const *word = words; *word; word++)
        text_append_format(&list, "%s%s", list.length ? ", " : "", *word);
    problems_add(&resolving->out->problems, PATH, "url-parameter",
                 "has the option %s=%.60s, which is none of %s%s%s%s", option->name, option->value,
                 list.data, nearest ? "; did you mean " : "", nearest ? nearest : "",
                 nearest ? " ?" : "");
    text_buffer_release(&list);
}

static void check_option(struct resolving *resolving, const struct parameter *option)
{
    unsigned long number;
    if (!*option->value)
        problems_add(&resolving->out->problems, PATH, "url-parameter",
                     "has the option %s without a value", option->name);
    if (strcmp(option->name, "appName") == 0 && strlen(option->value) > APPLICATION_MAXIMUM)
        problems_add(&resolving->out->problems, PATH, "url-parameter",
                     "has an appName of %zu bytes; MongoDB takes at most %d", strlen(option->value),
                     APPLICATION_MAXIMUM);
    for (size_t i = 0; *option->value && i < sizeof rules / sizeof *rules; i++) {
        if (strcmp(rules[i].name, option->name) != 0)
            continue;
        if (rules[i].words)
            check_word(resolving, option, rules[i].words);
        else if (!text_to_number(option->value, 0, MILLISECONDS_MAXIMUM, &number))
            problems_add(&resolving->out->problems, PATH, "url-parameter",
                         "has the option %s=%.40s, which is not a whole number between 0 and %d",
                         option->name, option->value, MILLISECONDS_MAXIMUM);
    }
}

static bool says(const struct target *target, const char *name, const char *value)
{
    const char *said = target_parameter(target, name);
    return said && strcmp(said, value) == 0;
}

/* The options' specification has drivers refuse this, whichever goes before elsewhere. */
static void check_tls_words(struct resolving *resolving, const struct jdbc_url *url)
{
    const struct parameter *said = NULL;
    for (size_t i = 0; i < url->parameter_count; i++) {
        const struct parameter *option = &url->parameters[i];
        if (!text_equal_nocase(option->name, "tls") && !text_equal_nocase(option->name, "ssl"))
            continue;
        if (said && !text_equal_nocase(said->value, option->value))
            problems_add(&resolving->out->problems, PATH, "url-parameter",
                         "has %s=%.40s and %s=%.40s, which contradict each other", said->name,
                         said->value, option->name, option->value);
        said = option;
    }
}

/* Options that exclude each other, or the form of the URL. */
static void check_together(struct resolving *resolving, const struct jdbc_url *url)
{
    const struct target *target = resolving->target;
    bool srv = strcmp(url->subprotocol, MONGODB_SRV) == 0;
    bool direct = says(target, "directConnection", "true");
    bool balanced = says(target, "loadBalanced", "true");
    const char *source = target_parameter(target, "authSource");
    if (direct && (srv || url->endpoint_count > 1))
        refuse(resolving, "url-parameter",
               "has directConnection=true, which goes with one host of mongodb:// only");
    if (balanced && (direct || url->endpoint_count > 1 || target_parameter(target, "replicaSet")))
        refuse(resolving, "url-parameter",
               "has loadBalanced=true, which goes with one host, without directConnection and "
               "replicaSet");
    if (!srv &&
        (target_parameter(target, "srvServiceName") || target_parameter(target, "srvMaxHosts")))
        refuse(resolving, "url-parameter",
               "has an option of SRV look-ups (srvServiceName, srvMaxHosts), which goes with "
               "mongodb+srv:// only");
    if (source && strcmp(source, EXTERNAL) != 0 &&
        (says(target, "authMechanism", "MONGODB-X509") || says(target, "authMechanism", "GSSAPI")))
        problems_add(&resolving->out->problems, PATH, "url-parameter",
                     "has authSource=%.60s; accounts of %s live in " EXTERNAL, source,
                     target_parameter(target, "authMechanism"));
}

/* Twice the same option: the first counts here, and which does elsewhere depends on the driver. */
static void note_repeated(struct resolving *resolving)
{
    const struct target *target = resolving->target;
    for (size_t i = 0; i < target->parameter_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(target->parameters[i].name, target->parameters[k].name) == 0) {
                problems_add_note(&resolving->out->problems, PATH, "url-parameter-repeated",
                                  "has the option %s more than once; the first one counts here",
                                  target->parameters[i].name);
                break;
            }
}

static void check_options(struct resolving *resolving, const struct jdbc_url *url)
{
    const struct target *target = resolving->target;
    for (size_t i = 0; i < target->parameter_count; i++)
        check_option(resolving, &target->parameters[i]);
    note_repeated(resolving);
    check_tls_words(resolving, url);
    check_together(resolving, url);
}

static void take_endpoints(struct resolving *resolving, const struct jdbc_url *url)
{
    bool srv = strcmp(url->subprotocol, MONGODB_SRV) == 0;
    for (size_t i = 0; i < url->endpoint_count; i++) {
        const struct endpoint *endpoint = &url->endpoints[i];
        unsigned port = endpoint->port ? endpoint->port : MONGODB_PORT;
        if (srv)
            resolving_add_service(resolving, endpoint->host, PATH, "by its SRV records");
        else
            resolving_add_endpoint(resolving, endpoint->host, port, PATH,
                                   endpoint->port ? PATH : "default of MongoDB");
    }
}

/* A file of testconn's own properties: a path, or where INLINE_OK PEM as it is. */
static void take_file(struct resolving *resolving, const char *name, const char *key,
                      const char *path, bool inline_ok)
{
    struct target *target = resolving->target;
    const char *location = resolving_property(resolving, key);
    if (!location)
        return;
    bool is_inline = inline_ok && location_is_pem(location);
    target->files = xrealloc(target->files, (target->file_count + 1) * sizeof *target->files);
    target->files[target->file_count++] = (struct target_file){
        .name = name,
        .property = path,
        .location = xstrdup(is_inline ? "the inline client certificate" : location),
        .content = is_inline ? xstrdup(location) : NULL,
        .length = is_inline ? strlen(location) : 0};
    resolving_origin(resolving, name, is_inline ? "inline PEM" : location, path);
}

/* What logs in beside a password: a client certificate, Kerberos. */
static void take_files(struct resolving *resolving)
{
    struct target *target = resolving->target;
    const char *password = resolving_property(resolving, "MONGODB_CLIENT_KEY_PASSWORD");
    take_file(resolving, "client_certificate", "MONGODB_CLIENT_CERT",
              PROPERTIES "MONGODB_CLIENT_CERT", true);
    if (says(target, "authMechanism", "GSSAPI")) {
        take_file(resolving, "keytab", "MONGODB_KEYTAB", PROPERTIES "MONGODB_KEYTAB", false);
        take_file(resolving, "krb5_conf", "MONGODB_KRB5_CONF", PROPERTIES "MONGODB_KRB5_CONF",
                  false);
    }
    if (!password)
        return;
    target->secrets = xcalloc(1, sizeof *target->secrets);
    target->secret_count = 1;
    target->secrets[0] =
        (struct target_secret){.name = "client_key_password",
                               .property = PROPERTIES "MONGODB_CLIENT_KEY_PASSWORD",
                               .value = xstrdup(password)};
    resolving_origin(resolving, "key password", "***", PROPERTIES "MONGODB_CLIENT_KEY_PASSWORD");
}

static void use_url(struct resolving *resolving, const struct jdbc_url *url)
{
    const char *database = resolving_property(resolving, "DATABASE");
    resolving->target->subprotocol = xstrdup(url->subprotocol);
    resolving_take_login(resolving);
    take_files(resolving);
    take_endpoints(resolving, url);
    resolving_take_database(resolving, url->database ? url->database : database,
                            url->database ? PATH : PROPERTIES "DATABASE");
    if (url->database)
        resolving_note_ignored(resolving, "DATABASE", url->database, "CONNECTION_URL");
    resolving_note_ignored(resolving, "HOST", url->endpoints[0].host, "CONNECTION_URL");
    resolving_tell_tls(resolving);
}

bool resolve_mongodb(struct resolving *resolving)
{
    const char *text = resolving_property(resolving, "CONNECTION_URL");
    struct jdbc_url url = JDBC_URL_INIT;
    bool taken = false;
    if (!text || reference_in(text, REFERENCE_FILE))
        return false;
    resolving->target->host_property = resolving->target->database_property = PATH;
    resolving_take_tls(resolving);
    bool usable = mongodb_url_parse(text, PATH, &url, &resolving->out->problems);
    if (usable) {
        resolving_take_parameters(resolving, &url, PATH);
        check_options(resolving, &url);
    }
    if (usable && resolving->out->problems.refused == 0) {
        taken = resolving_take_driver(resolving, registry_find_type(resolving->registry, "MONGODB"),
                                      "connection type MONGODB", "ConnectionType");
        use_url(resolving, &url);
    }
    jdbc_url_release(&url);
    return taken;
}
