/* SPDX-License-Identifier: Apache-2.0 */
/* url_parameter.c - one table for the URL parameters of all vendors. */
#include "url_parameter.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

enum parameter_use {
    USE_PASS,       /* to the driver, as PASSED_AS */
    USE_TLS,        /* see apply_tls() */
    USE_REFUSE,     /* a class, a file, a socket, statements to run */
    USE_CREDENTIAL, /* a login, which belongs into the properties */
    USE_TIME        /* a time limit: the test has its own */
};

static const struct parameter_rule {
    const char *vendors; /* blank-separated subprotocols */
    const char *name;    /* without case */
    enum parameter_use use;
    const char *passed_as;
} rules[] = {
    {"postgresql redshift", "ApplicationName", USE_PASS, "application_name"},
    {"postgresql redshift", "options", USE_PASS, "options"},
    {"postgresql redshift", "currentSchema", USE_PASS, "search_path"},
    {"postgresql", "targetServerType", USE_PASS, "target_session_attrs"},
    {"postgresql", "channelBinding", USE_PASS, "channel_binding"},
    {"postgresql redshift", "sslmode", USE_TLS, NULL},
    {"postgresql redshift", "ssl", USE_TLS, NULL},
    {"postgresql redshift", "connectTimeout", USE_TIME, NULL},
    {"postgresql redshift", "loginTimeout", USE_TIME, NULL},
    {"postgresql redshift", "socketTimeout", USE_TIME, NULL},
    {"postgresql redshift", "sslrootcert", USE_REFUSE, NULL},
    {"postgresql redshift", "sslcert", USE_REFUSE, NULL},
    {"postgresql redshift", "sslkey", USE_REFUSE, NULL},
    {"postgresql redshift", "sslcrl", USE_REFUSE, NULL},
    {"postgresql redshift", "sslhostnameverifier", USE_REFUSE, NULL},
    {"postgresql redshift", "loggerFile", USE_REFUSE, NULL},
    {"postgresql redshift", "passfile", USE_REFUSE, NULL},
    {"postgresql redshift", "service", USE_REFUSE, NULL},
    {"postgresql redshift", "jaasApplicationName", USE_REFUSE, NULL},
    {"postgresql redshift", "DSILogLevel", USE_REFUSE, NULL},
    {"postgresql redshift", "LogPath", USE_REFUSE, NULL},
    {"postgresql redshift", "sslpassword", USE_CREDENTIAL, NULL},
    {"*", "user", USE_CREDENTIAL, NULL},
    {"*", "username", USE_CREDENTIAL, NULL},
    {"*", "password", USE_CREDENTIAL, NULL},
    {"*", "UID", USE_CREDENTIAL, NULL},
    {"*", "PWD", USE_CREDENTIAL, NULL},
    {"mysql mariadb aurora", "allowLoadLocalInfile", USE_REFUSE, NULL},
    {"mysql mariadb aurora", "allowLoadLocalInfileInPath", USE_REFUSE, NULL},
    {"mysql mariadb aurora", "allowUrlInLocalInfile", USE_REFUSE, NULL},
    {"mysql mariadb aurora", "allowLocalInfile", USE_REFUSE, NULL},
    {"mysql mariadb aurora", "autoDeserialize", USE_REFUSE, NULL},
    {"mysql mariadb aurora", "propertiesTransform", USE_REFUSE, NULL},
    {"mysql mariadb aurora", "sessionVariables", USE_REFUSE, NULL},
    {"mysql mariadb aurora", "localSocket", USE_REFUSE, NULL},
    {"mysql mariadb aurora", "pipe", USE_REFUSE, NULL},
    {"mysql mariadb aurora", "serverSslCert", USE_REFUSE, NULL},
    {"mysql mariadb aurora", "serverRSAPublicKeyFile", USE_REFUSE, NULL},
    {"mysql mariadb aurora", "profilerEventHandler", USE_REFUSE, NULL},
    {"mysql mariadb aurora", "logger", USE_REFUSE, NULL},
};

/* Whoever the vendor: a name with one of these in it names code, a file or statements. */
static const char *const refused_parts[] = {
    "factory",   "callback",  "interceptor", "serializer", "plugin",    "plug-in",
    "classname", "classpath", "keystore",    "truststore", "initsql",   "init_sql",
    "tracefile", "logfile",   "socketpath",  "script",     "runscript", "infile"};

static bool is_of(const char *vendors, const char *subprotocol)
{
    size_t length = strlen(subprotocol);
    if (strcmp(vendors, "*") == 0)
        return true;
    for (const char *at = vendors; (at = strstr(at, subprotocol)); at += length)
        if ((at == vendors || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

static const struct parameter_rule *find_rule(const char *subprotocol, const char *name)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (is_of(rules[i].vendors, subprotocol) && text_equal_nocase(rules[i].name, name))
            return &rules[i];
    return NULL;
}

static bool is_refused_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof refused_parts / sizeof *refused_parts; i++)
        if (strcasestr(name, refused_parts[i]))
            return true;
    return false;
}

/* The policies that sslmode's words stand for, from lax to strict. */
static const struct {
    const char *word;
    bool attempt, require, chain, name;
} modes[] = {
    {"disable", false, false, false, false}, {"allow", true, false, false, false},
    {"prefer", true, false, false, false},   {"require", true, true, false, false},
    {"verify-ca", true, true, true, false},  {"verify-full", true, true, true, true},
};

static bool set_mode(const char *word, struct tls_policy *tls)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (text_equal_nocase(modes[i].word, word)) {
            tls->attempt = modes[i].attempt;
            tls->require = modes[i].require;
            tls->verify_chain = modes[i].chain;
            tls->verify_name = modes[i].name;
            return true;
        }
    return false;
}

/* The word of sslmode that a TLS parameter means; NULL when its value is none. */
static const char *mode_of(const struct parameter *parameter, const char *subprotocol)
{
    if (text_equal_nocase(parameter->name, "sslmode"))
        return parameter->value;
    if (text_equal_nocase(parameter->value, "false"))
        return "disable";
    if (text_equal_nocase(parameter->value, "true") || !*parameter->value)
        return strcmp(subprotocol, "redshift") == 0 ? "verify-ca" : "verify-full";
    return NULL;
}

static void apply_tls(const struct parameter *parameter, const struct jdbc_url *url,
                      const char *path, bool enforced, struct target *target,
                      struct problems *problems)
{
    struct tls_policy wanted = target->tls;
    const char *mode = mode_of(parameter, url->subprotocol);
    if (!mode || !set_mode(mode, &wanted)) {
        problems_add(
            problems, path, "url-parameter",
            "has the parameter %s with a value that is none of "
            "disable, allow, prefer, require, verify-ca, verify-full (true, false for ssl)",
            parameter->name);
        return;
    }
    if (enforced && !wanted.verify_name)
        problems_add_note(
            problems, path, "tls-overruled",
            "%s=%s is overruled: JDBC_ENFORCE_SSL is true, so chain and host name are verified",
            parameter->name, parameter->value);
    else
        target->tls = wanted;
}

static void pass(const struct parameter_rule *rule, const struct parameter *parameter,
                 struct target *target)
{
    target->parameters =
        xrealloc(target->parameters, (target->parameter_count + 1) * sizeof *target->parameters);
    target->parameters[target->parameter_count++] =
        (struct parameter){.name = xstrdup(rule->passed_as), .value = xstrdup(parameter->value)};
}

static void apply(const struct parameter *parameter, const struct jdbc_url *url, const char *path,
                  bool enforced, struct target *target, struct problems *problems)
{
    const struct parameter_rule *rule = find_rule(url->subprotocol, parameter->name);
    if (rule ? rule->use == USE_REFUSE : is_refused_by_name(parameter->name)) {
        problems_add(
            problems, path, "url-parameter-refused",
            "has the parameter %.60s, which is refused: it names code to load, a file or socket to "
            "open, or statements to run",
            parameter->name);
    } else if (!rule) {
        problems_add_note(
            problems, path, "url-parameter-unknown",
            "has the parameter %.60s, which testconn does not know and does not pass on",
            parameter->name);
    } else if (rule->use == USE_PASS) {
        pass(rule, parameter, target);
    } else if (rule->use == USE_TLS) {
        apply_tls(parameter, url, path, enforced, target, problems);
    } else if (rule->use == USE_CREDENTIAL) {
        problems_add_note(
            problems, path, "credentials-in-url",
            "holds a login (parameter %s), which is ignored: USERNAME and PASSWORD, or SECRET_ID, "
            "count. Take it out of the URL: others can read it there",
            rule->name);
    } else {
        problems_add_note(
            problems, path, "url-parameter-time",
            "has the parameter %s, which is not used: the test has its own deadline (--timeout)",
            rule->name);
    }
}

void url_parameters_apply(const struct jdbc_url *url, const char *path, bool enforced,
                          struct target *target, struct problems *problems)
{
    for (size_t i = 0; i < url->parameter_count; i++)
        apply(&url->parameters[i], url, path, enforced, target, problems);
}
