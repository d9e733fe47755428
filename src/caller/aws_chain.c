/* SPDX-License-Identifier: Apache-2.0 */
/* aws_chain.c - environment, profile, web identity, container, metadata service. */
#include "aws_chain.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { DEPTH_MAXIMUM = 8, TIMEOUT_MAXIMUM_S = 60 };

/* A chain being decided. */
struct chain {
    const struct operator_config *config;
    json_t *roles;
    json_t *source; /* NULL: none yet */
    char *error;    /* NULL: none */
};

static bool __attribute__((format(printf, 2, 3)))
refuse(struct chain *chain, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    free(chain->error);
    chain->error = text_vformat(format, arguments);
    va_end(arguments);
    return false;
}

static const char *variable(const struct chain *chain, const char *name)
{
    return operator_variable(chain->config, name);
}

static const char *of_profile(const struct chain *chain, const char *profile, const char *key)
{
    return operator_setting(chain->config, profile, key);
}

static void set(json_t *object, const char *key, const char *value)
{
    if (value)
        json_object_set_new(object, key, json_string(value));
}

static json_t *make_source(const char *kind, const char *from)
{
    return json_pack("{s:s, s:s}", "kind", kind, "from", from);
}

static void take_keys(struct chain *chain, const char *from, const char *access_key,
                      const char *secret_key, const char *token)
{
    chain->source = make_source("keys", from);
    set(chain->source, "access_key", access_key);
    set(chain->source, "secret_key", secret_key);
    set(chain->source, "session_token", token);
}

/* True: the environment decides (which may also be an error). */
static bool try_environment(struct chain *chain)
{
    const char *access_key = variable(chain, "AWS_ACCESS_KEY_ID");
    const char *secret_key = variable(chain, "AWS_SECRET_ACCESS_KEY");
    const char *token = variable(chain, "AWS_SESSION_TOKEN");
    if (!access_key)
        return false;
    if (!secret_key)
        return !refuse(chain, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
    take_keys(chain, "the environment", access_key, secret_key,
              token ? token : variable(chain, "AWS_SECURITY_TOKEN"));
    return true;
}

static bool try_web_identity(struct chain *chain, const char *from, const char *token_file,
                             const char *role_arn, const char *session_name)
{
    if (!token_file)
        return false;
    if (!role_arn)
        return !refuse(chain, "%s names a web identity token file, but no role for it", from);
    chain->source = make_source("web_identity", from);
    set(chain->source, "token_file", token_file);
    set(chain->source, "role_arn", role_arn);
    set(chain->source, "session_name", session_name);
    return true;
}

/* Keys or a process of PROFILE itself. True: it decides. */
static bool try_profile_keys(struct chain *chain, const char *profile, const char *from)
{
    const char *access_key = of_profile(chain, profile, "aws_access_key_id");
    const char *secret_key = of_profile(chain, profile, "aws_secret_access_key");
    const char *command = of_profile(chain, profile, "credential_process");
    if (access_key && !secret_key)
        return !refuse(chain, "%s has aws_access_key_id, but no aws_secret_access_key", from);
    if (access_key) {
        take_keys(chain, from, access_key, secret_key,
                  of_profile(chain, profile, "aws_session_token"));
        return true;
    }
    if (command) {
        chain->source = make_source("process", from);
        set(chain->source, "command", command);
        return true;
    }
    if (of_profile(chain, profile, "sso_session") || of_profile(chain, profile, "sso_start_url"))
        return !refuse(chain,
                       "%s signs in by IAM Identity Center (SSO), which testconn does not do: have "
                       "a profile call `aws configure export-credentials --profile %s --format "
                       "process` as its credential_process",
                       from, profile);
    return false;
}

static bool try_container(struct chain *chain)
{
    const char *relative = variable(chain, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = variable(chain, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!relative && !full)
        return false;
    char *url = relative ? text_format("http://169.254.170.2%s", relative) : xstrdup(full);
    chain->source = make_source("container", relative ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
                                                      : "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    set(chain->source, "url", url);
    set(chain->source, "authorization", variable(chain, "AWS_CONTAINER_AUTHORIZATION_TOKEN"));
    set(chain->source, "authorization_file",
        variable(chain, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"));
    free(url);
    return true;
}

static json_int_t number_of(const struct chain *chain, const char *name)
{
    unsigned long number = 1;
    const char *text = variable(chain, name);
    if (!text || !text_to_number(text, 1, TIMEOUT_MAXIMUM_S, &number))
        number = 1;
    return (json_int_t)number;
}

static bool is_true(const char *text)
{
    return text && text_equal_nocase(text, "true");
}

static bool try_metadata(struct chain *chain)
{
    const char *endpoint = variable(chain, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    const char *mode = variable(chain, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    bool ipv6 = mode && text_equal_nocase(mode, "ipv6");
    if (is_true(variable(chain, "AWS_EC2_METADATA_DISABLED")))
        return false;
    if (!endpoint)
        endpoint = ipv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
    chain->source = make_source("metadata", "the instance's metadata service");
    set(chain->source, "endpoint", endpoint);
    json_object_set_new(chain->source, "v1",
                        json_boolean(!is_true(variable(chain, "AWS_EC2_METADATA_V1_DISABLED"))));
    json_object_set_new(chain->source, "timeout_s",
                        json_integer(number_of(chain, "AWS_METADATA_SERVICE_TIMEOUT")));
    json_object_set_new(chain->source, "attempts",
                        json_integer(number_of(chain, "AWS_METADATA_SERVICE_NUM_ATTEMPTS")));
    return true;
}

/* "credential_source" of a profile that assumes a role. */
static void use_named_source(struct chain *chain, const char *from, const char *word)
{
    if (text_equal_nocase(word, "Environment")) {
        if (!try_environment(chain))
            refuse(chain, "%s has credential_source Environment, but AWS_ACCESS_KEY_ID is not set",
                   from);
    } else if (text_equal_nocase(word, "EcsContainer")) {
        if (!try_container(chain))
            refuse(chain,
                   "%s has credential_source EcsContainer, but neither "
                   "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor _FULL_URI is set",
                   from);
    } else if (text_equal_nocase(word, "Ec2InstanceMetadata")) {
        if (!try_metadata(chain))
            refuse(chain,
                   "%s has credential_source Ec2InstanceMetadata, but AWS_EC2_METADATA_DISABLED is "
                   "true",
                   from);
    } else {
        refuse(chain,
               "%s has credential_source \"%.60s\"; known are Environment, Ec2InstanceMetadata and "
               "EcsContainer",
               from, word);
    }
}

static void add_role(struct chain *chain, const char *profile)
{
    unsigned long seconds;
    const char *duration = of_profile(chain, profile, "duration_seconds");
    json_t *role = json_object();
    set(role, "role_arn", of_profile(chain, profile, "role_arn"));
    set(role, "session_name", of_profile(chain, profile, "role_session_name"));
    set(role, "external_id", of_profile(chain, profile, "external_id"));
    if (duration && text_to_number(duration, 900, 43200, &seconds))
        json_object_set_new(role, "duration_s", json_integer((json_int_t)seconds));
    /* The profile at hand is assumed last. */
    json_array_insert_new(chain->roles, 0, role);
}

static char *name_profile(const char *profile)
{
    char name[256];
    text_one_line(name, sizeof name, profile, strlen(profile));
    return text_format("the profile \"%s\"", name);
}

static bool try_profile(struct chain *chain, const char *profile, const char *before, int depth);

/* PROFILE has a role_arn: with what is it assumed? */
static bool use_role(struct chain *chain, const char *profile, const char *before, const char *from,
                     int depth)
{
    const char *named = of_profile(chain, profile, "credential_source");
    const char *other = of_profile(chain, profile, "source_profile");
    if (of_profile(chain, profile, "mfa_serial"))
        return !refuse(
            chain, "%s wants a code of an MFA device (mfa_serial), and nobody can be asked", from);
    if (named && other)
        return !refuse(chain, "%s has both source_profile and credential_source", from);
    if (!named && !other)
        return !refuse(
            chain,
            "%s has role_arn, but neither source_profile nor credential_source to assume "
            "it with",
            from);
    add_role(chain, profile);
    if (named) {
        use_named_source(chain, from, named);
        return true;
    }
    if (strcmp(other, profile) == 0)
        return try_profile_keys(chain, profile, from) ||
               !refuse(chain, "%s is its own source_profile, but has no keys", from);
    if (depth >= DEPTH_MAXIMUM || (before && strcmp(other, before) == 0))
        return !refuse(chain, "%s: its chain of source profiles goes round in a circle", from);
    if (!shared_config_has(chain->config->shared, "profile", other))
        return !refuse(chain, "%s has the source_profile \"%s\", which does not exist", from,
                       other);
    return try_profile(chain, other, profile, depth + 1) ||
           !refuse(chain, "%s has the source_profile \"%s\", which has no credentials", from,
                   other);
}

/* True: PROFILE decides. BEFORE is the profile that names it as its source, or NULL. */
static bool try_profile(struct chain *chain, const char *profile, const char *before, int depth)
{
    const char *role = of_profile(chain, profile, "role_arn");
    const char *token_file = of_profile(chain, profile, "web_identity_token_file");
    char *from = name_profile(profile);
    bool decided;
    if (role && !token_file)
        decided = use_role(chain, profile, before, from, depth);
    else
        decided = try_web_identity(chain, from, token_file, role,
                                   of_profile(chain, profile, "role_session_name")) ||
                  try_profile_keys(chain, profile, from);
    free(from);
    return decided;
}

/* What stood before the sources that are asked over the network. */
static char *tell_tried(const struct chain *chain)
{
    return text_format(
        "no AWS_ACCESS_KEY_ID in the environment, no credentials for profile \"%s\" in "
        "%s or %s, no AWS_WEB_IDENTITY_TOKEN_FILE",
        operator_profile(chain->config), chain->config->config_path,
        chain->config->credentials_path);
}

static void decide(struct chain *chain)
{
    const char *profile = operator_profile(chain->config);
    bool named = variable(chain, "AWS_PROFILE") || variable(chain, "AWS_DEFAULT_PROFILE");
    if (try_environment(chain))
        return;
    if (named && !shared_config_has(chain->config->shared, "profile", profile)) {
        refuse(chain, "the profile \"%s\" (AWS_PROFILE) is neither in %s nor in %s", profile,
               chain->config->config_path, chain->config->credentials_path);
        return;
    }
    const char *role = of_profile(chain, profile, "role_arn");
    /* A profile's role goes before the environment's web identity, its keys come after it. */
    if (role && !of_profile(chain, profile, "web_identity_token_file") &&
        try_profile(chain, profile, NULL, 0))
        return;
    if (try_web_identity(chain, "AWS_WEB_IDENTITY_TOKEN_FILE",
                         variable(chain, "AWS_WEB_IDENTITY_TOKEN_FILE"),
                         variable(chain, "AWS_ROLE_ARN"), variable(chain, "AWS_ROLE_SESSION_NAME")))
        return;
    if (try_profile(chain, profile, NULL, 0))
        return;
    char *tried = tell_tried(chain);
    if (try_container(chain) || try_metadata(chain))
        set(chain->source, "tried", tried);
    else
        refuse(chain,
               "%s, no AWS_CONTAINER_CREDENTIALS_FULL_URI, and the instance's metadata service is "
               "switched off (AWS_EC2_METADATA_DISABLED)",
               tried);
    free(tried);
}

json_t *aws_chain(const struct operator_config *config)
{
    struct chain chain = {.config = config, .roles = json_array()};
    decide(&chain);
    char error[1024] = "";
    if (chain.error)
        text_one_line(error, sizeof error, chain.error, strlen(chain.error));
    json_t *plan = chain.error
                       ? json_pack("{s:s}", "error", error)
                       : json_pack("{s:O, s:O}", "source", chain.source, "roles", chain.roles);
    json_decref(chain.source);
    json_decref(chain.roles);
    free(chain.error);
    return plan;
}
