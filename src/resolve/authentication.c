/* SPDX-License-Identifier: Apache-2.0 */
/* authentication.c - AuthenticationConfiguration and what is in it. */
#include "authentication.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "reference.h"
#include "text.h"
#include "words.h"

static const struct text_rule arn_rule = {
    0, 0, pattern_secret_arn,
    "the ARN of a Secrets Manager secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME)"};
static const struct text_rule token_url_rule = {0, 256, pattern_token_url, "an http or https URL"};
static const struct text_rule parameter_key_rule = {1, 128, NULL, NULL};
static const struct text_rule parameter_value_rule = {1, 512, NULL, NULL};

#define NO_BLANKS pattern_no_blank, "text without blanks"

/* Members that are texts, ended by a NULL name. */
struct text_member {
    const char *name;
    struct text_rule rule;
};
static const struct text_member client_members[] = {
    {"UserManagedClientApplicationClientId", {0, 2048, NO_BLANKS}},
    {"AWSManagedClientApplicationReference", {0, 2048, NO_BLANKS}},
    {NULL, {0, 0, NULL, NULL}},
};
static const struct text_member code_members[] = {
    {"AuthorizationCode", {1, 4096, NO_BLANKS}},
    {"RedirectUri", {0, 512, pattern_redirect_uri, "an http or https URL"}},
    {NULL, {0, 0, NULL, NULL}},
};
static const struct text_member credential_members[] = {
    {"UserManagedClientApplicationClientSecret", {0, 512, NO_BLANKS}},
    {"AccessToken", {0, 4096, NO_BLANKS}},
    {"RefreshToken", {0, 4096, NO_BLANKS}},
    {"JwtToken", {0, 8000, NO_BLANKS}},
    {NULL, {0, 0, NULL, NULL}},
};

static const json_t *member(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

/* An object whose members are all texts. */
static void check_texts_of(const json_t *object, const char *path,
                           const struct text_member *members, struct problems *problems)
{
    const char *names[8] = {NULL};
    if (!check_object(object, path, problems))
        return;
    for (size_t i = 0; members[i].name && i + 1 < sizeof names / sizeof *names; i++)
        names[i] = members[i].name;
    check_members(object, path, names, problems);
    for (; members->name; members++) {
        char *inner = text_format("%s.%s", path, members->name);
        check_text(member(object, members->name), inner, &members->rule, problems);
        free(inner);
    }
}

static void note_newer(const json_t *object, const char *key, const char *path, const char *what,
                       struct problems *problems)
{
    const json_t *value = member(object, key);
    if (!value || json_is_null(value))
        return;
    problems_add_note(problems, path, "newer-member",
                      "is a member of a newer Glue API than the one documented here and is %s",
                      what);
}

static void check_oauth(const json_t *object, struct problems *problems)
{
    static const char *const members[] = {"OAuth2GrantType",
                                          "OAuth2ClientApplication",
                                          "TokenUrl",
                                          "TokenUrlParametersMap",
                                          "AuthorizationCodeProperties",
                                          "OAuth2Credentials",
                                          NULL};
    static const char *const grants[] = {"AUTHORIZATION_CODE", "CLIENT_CREDENTIALS", "JWT_BEARER",
                                         NULL};
    if (!check_object(object, OAUTH, problems))
        return;
    check_members(object, OAUTH, members, problems);
    /* REFRESH_TOKEN is of the newer model: accepted, and not offered as a word. */
    if (!text_equal(json_string_value(member(object, "OAuth2GrantType")), "REFRESH_TOKEN"))
        check_word(member(object, "OAuth2GrantType"), OAUTH ".OAuth2GrantType", grants, problems);
    check_text(member(object, "TokenUrl"), OAUTH ".TokenUrl", &token_url_rule, problems);
    check_map(member(object, "TokenUrlParametersMap"), OAUTH ".TokenUrlParametersMap", 0,
              &parameter_key_rule, &parameter_value_rule, problems);
    check_texts_of(member(object, "OAuth2ClientApplication"), OAUTH_CLIENT, client_members,
                   problems);
    check_texts_of(member(object, "AuthorizationCodeProperties"), OAUTH_CODE, code_members,
                   problems);
    check_texts_of(member(object, "OAuth2Credentials"), OAUTH_CREDENTIALS, credential_members,
                   problems);
    note_newer(object, "OAuth2Credentials", OAUTH_CREDENTIALS, "used beside the secret", problems);
}

/* An ARN, or what the secret of that ARN would hold, which the driver reads. */
static void check_secret(const json_t *value, struct problems *problems)
{
    const char *text = json_string_value(value);
    /* A variable that is not set is told by whoever looked for it. */
    if (!authentication_is_content(text) && !reference_in(text, REFERENCE_ENVIRONMENT))
        check_text(value, AUTHENTICATION ".SecretArn", &arn_rule, problems);
}

bool authentication_is_content(const char *secret)
{
    return secret && secret[strspn(secret, " \t\r\n")] == '{';
}

const char *authentication_login_secret(const json_t *object)
{
    const char *type = json_string_value(json_object_get(object, "AuthenticationType"));
    const char *secret = json_string_value(json_object_get(object, "SecretArn"));
    bool login = secret && *secret && !authentication_is_content(secret) &&
                 !reference_in(secret, REFERENCE_FILE) && (!type || strcmp(type, "OAUTH2") != 0);
    return login ? secret : NULL;
}

void authentication_check(const json_t *object, struct problems *problems)
{
    static const char *const members[] = {"AuthenticationType",
                                          "SecretArn",
                                          "OAuth2Properties",
                                          "KmsKeyArn",
                                          "BasicAuthenticationCredentials",
                                          "CustomAuthenticationCredentials",
                                          NULL};
    static const char *const types[] = {"BASIC", "OAUTH2", "CUSTOM", NULL};
    if (!check_object(object, AUTHENTICATION, problems))
        return;
    check_members(object, AUTHENTICATION, members, problems);
    check_word(member(object, "AuthenticationType"), AUTHENTICATION ".AuthenticationType", types,
               problems);
    check_secret(member(object, "SecretArn"), problems);
    check_oauth(member(object, "OAuth2Properties"), problems);
    note_newer(object, "KmsKeyArn", AUTHENTICATION ".KmsKeyArn", "ignored", problems);
    note_newer(object, "BasicAuthenticationCredentials",
               AUTHENTICATION ".BasicAuthenticationCredentials", "ignored", problems);
    note_newer(object, "CustomAuthenticationCredentials",
               AUTHENTICATION ".CustomAuthenticationCredentials", "ignored", problems);
}
