/* SPDX-License-Identifier: Apache-2.0 */
/* url_tls.c - sslmode, useSSL, encrypt, PROTOCOL=TCPS and their like, by one table. */
#include "url_tls.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "vendors.h"

/* How much TLS; each level has all of the one before. */
enum level { UNSAID = -1, OFF, TRIED, REQUIRED, CHAIN, NAME };

/* What a word means; LAX: TLS as such stays, but its checks are switched off. */
struct meaning {
    const char *word; /* without case */
    enum level level;
    bool lax;
};

static const struct meaning ssl_modes[] = {{"disable", OFF, false},
                                           {"disabled", OFF, false},
                                           {"allow", TRIED, false},
                                           {"prefer", TRIED, false},
                                           {"preferred", TRIED, false},
                                           {"require", REQUIRED, false},
                                           {"required", REQUIRED, false},
                                           {"trust", REQUIRED, true},
                                           {"verify-ca", CHAIN, false},
                                           {"verify_ca", CHAIN, false},
                                           {"verify-full", NAME, false},
                                           {"verify_full", NAME, false},
                                           {"verify_identity", NAME, false},
                                           {"0", OFF, false},
                                           {"1", NAME, false},
                                           {NULL, UNSAID, false}};
static const struct meaning full[] = {{"true", NAME, false}, {"", NAME, false},
                                      {"1", NAME, false},    {"false", OFF, false},
                                      {"0", OFF, false},     {NULL, UNSAID, false}};
static const struct meaning chain[] = {
    {"true", CHAIN, false}, {"", CHAIN, false}, {"false", OFF, false}, {NULL, UNSAID, false}};
static const struct meaning tried[] = {
    {"true", TRIED, false}, {"false", OFF, false}, {NULL, UNSAID, false}};
static const struct meaning required[] = {
    {"true", REQUIRED, false}, {"false", UNSAID, false}, {NULL, UNSAID, false}};
static const struct meaning verified[] = {
    {"true", CHAIN, false}, {"false", UNSAID, true}, {NULL, UNSAID, false}};
static const struct meaning unchecked[] = {
    {"true", UNSAID, true}, {"", UNSAID, true}, {"false", UNSAID, false}, {NULL, UNSAID, false}};
/* The chain is checked all the same. */
static const struct meaning any_name[] = {
    {"true", UNSAID, true}, {"false", UNSAID, false}, {NULL, UNSAID, false}};
/* mssql-jdbc: what is not encrypted by demand is not tried. */
static const struct meaning encrypt[] = {{"true", NAME, false},      {"yes", NAME, false},
                                         {"mandatory", NAME, false}, {"strict", NAME, false},
                                         {"false", OFF, false},      {"no", OFF, false},
                                         {"optional", OFF, false},   {NULL, UNSAID, false}};
static const struct meaning protocol[] = {
    {"TCPS", NAME, false}, {"TCP", UNSAID, false}, {NULL, UNSAID, false}};
static const struct meaning matched[] = {
    {"yes", NAME, false},  {"on", NAME, false},     {"true", NAME, false}, {"no", UNSAID, true},
    {"off", UNSAID, true}, {"false", UNSAID, true}, {NULL, UNSAID, false}};
static const struct meaning on_or_off[] = {{"on", NAME, false},
                                           {"true", NAME, false},
                                           {"off", OFF, false},
                                           {"false", OFF, false},
                                           {NULL, UNSAID, false}};

static const struct {
    const char *vendors; /* blank-separated subprotocols */
    const char *name;    /* without case */
    const struct meaning *meanings;
} rows[] = {
    {"mongodb mongodb+srv", "tls", full},
    {"mongodb mongodb+srv", "ssl", full},
    {"mongodb mongodb+srv", "tlsInsecure", unchecked},
    {"mongodb mongodb+srv", "tlsAllowInvalidCertificates", unchecked},
    {"mongodb mongodb+srv", "tlsAllowInvalidHostnames", any_name},
    {"mongodb mongodb+srv", "sslAllowInvalidCertificates", unchecked},
    {"mongodb mongodb+srv", "sslAllowInvalidHostnames", any_name},
    {"mongodb mongodb+srv", "sslInvalidHostNameAllowed", any_name},
    {"postgresql redshift", "sslmode", ssl_modes},
    {"postgresql", "ssl", full},
    {"redshift", "ssl", chain},
    {"mysql mariadb aurora", "sslMode", ssl_modes},
    {"mysql", "useSSL", tried},
    {"mariadb aurora", "useSSL", full},
    {"mysql mariadb aurora", "requireSSL", required},
    {"mysql mariadb aurora", "verifyServerCertificate", verified},
    {"mysql mariadb aurora", "trustServerCertificate", unchecked},
    {"mysql mariadb aurora", "disableSslHostnameVerification", unchecked},
    {"sqlserver", "encrypt", encrypt},
    {"sqlserver", "trustServerCertificate", unchecked},
    {"oracle", "PROTOCOL", protocol},
    {"oracle", "SSL_SERVER_DN_MATCH", matched},
    {"snowflake", "ssl", on_or_off},
    {"snowflake", "insecureMode", unchecked},
    {"snowflake", "disableOCSPChecks", unchecked},
};

static const struct meaning *find_meanings(const char *subprotocol, const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (is_vendor_of(rows[i].vendors, subprotocol) && text_equal_nocase(rows[i].name, name))
            return rows[i].meanings;
    return NULL;
}

bool url_tls_knows(const char *subprotocol, const char *name)
{
    return find_meanings(subprotocol, name) != NULL;
}

static void refuse_value(const struct parameter *parameter, const struct meaning *meanings,
                         const char *path, struct problems *problems)
{
    struct text_buffer words = TEXT_BUFFER_INIT;
    for (; meanings->word; meanings++)
        if (*meanings->word && strcmp(meanings->word, "0") && strcmp(meanings->word, "1"))
            text_append_format(&words, "%s%s", words.length ? ", " : "", meanings->word);
    problems_add(problems, path, "url-parameter",
                 "has the parameter %.60s=%.40s, which is none of %s", parameter->name,
                 parameter->value, words.data);
    text_buffer_release(&words);
}

/* Where nothing is said: what the property JDBC_ENFORCE_SSL leaves to the vendor. */
static enum level default_level(const char *subprotocol)
{
    /* TLS has a port of its own there, and nothing is tried that the definition does not say. */
    if (strcmp(subprotocol, "oracle") == 0)
        return OFF;
    bool always = strcmp(subprotocol, "snowflake") == 0 || strcmp(subprotocol, "mongodb+srv") == 0;
    return always ? NAME : UNSAID;
}

static void set_level(enum level level, struct tls_policy *tls)
{
    tls->attempt = level >= TRIED;
    tls->require = level >= REQUIRED;
    tls->verify_chain = level >= CHAIN;
    tls->verify_name = level >= NAME;
}

static void overrule(const struct parameter *parameter, const char *path, struct problems *problems)
{
    problems_add_note(
        problems, path, "tls-overruled",
        "%s=%s is overruled: JDBC_ENFORCE_SSL is true, so chain and host name are verified",
        parameter->name, parameter->value);
}

/* The row of PARAMETER's value, whose name is of TLS; NULL: not of TLS, or a problem. */
static const struct meaning *find_meaning(const struct meaning *meanings,
                                          const struct parameter *parameter, const char *path,
                                          struct problems *problems)
{
    const struct meaning *meaning = meanings;
    while (meaning && meaning->word && !text_equal_nocase(meaning->word, parameter->value))
        meaning++;
    if (!meaning || meaning->word)
        return meaning;
    refuse_value(parameter, meanings, path, problems);
    return NULL;
}

void url_tls_apply(const struct jdbc_url *url, const char *path, bool enforced,
                   struct target *target, struct problems *problems)
{
    enum level level = default_level(url->subprotocol);
    bool said = false;
    bool off = false;
    enum level most = NAME;
    for (size_t i = 0; i < url->parameter_count; i++) {
        const struct parameter *parameter = &url->parameters[i];
        const struct meaning *meanings = find_meanings(url->subprotocol, parameter->name);
        const struct meaning *meaning = find_meaning(meanings, parameter, path, problems);
        if (!meaning)
            continue;
        if (enforced && (meaning->lax || (meaning->level != UNSAID && meaning->level < NAME)))
            overrule(parameter, path, problems);
        if (meaning->lax && (meanings != any_name || most == NAME))
            most = meanings == any_name ? CHAIN : REQUIRED;
        off |= meaning->level == OFF;
        if (meaning->level != UNSAID && (!said || meaning->level > level)) {
            level = meaning->level;
            said = true;
        }
    }
    if (enforced || level == UNSAID)
        return;
    if (off && level < REQUIRED)
        level = OFF;
    set_level(level > most ? most : level, &target->tls);
}
