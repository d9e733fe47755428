/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_salesforce.c - SALESFORCE: where the token comes from, by which grant, for which
 * instance. */
#include "resolve_salesforce.h"

#include <stdlib.h>
#include <string.h>

#include "authentication.h"
#include "check.h"
#include "reference.h"
#include "text.h"
#include "words.h"

#define TOKEN_URL OAUTH ".TokenUrl"
#define SECRET AUTHENTICATION ".SecretArn"
#define INSTANCE PROPERTIES "INSTANCE_URL"
enum { HTTPS_PORT = 443 };

/* What the definition says, borrowed from it; NULL where it is absent or empty. */
struct oauth {
    const char *type;
    const char *secret;
    const json_t *properties;
    const json_t *credentials;
    const json_t *token_parameters;
    const char *grant;
    const char *token_url;
    const char *client_id;
    const char *managed_client;
    const char *code;
    const char *redirect_uri;
    const char *instance_url;
};

static const json_t *object_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_object(value) && json_object_size(value) ? value : NULL;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && *text ? text : NULL;
}

static void read_oauth(const struct resolving *resolving, struct oauth *oauth)
{
    const json_t *authentication = resolving->connection->authentication;
    const json_t *properties = object_of(authentication, "OAuth2Properties");
    const json_t *client = object_of(properties, "OAuth2ClientApplication");
    const json_t *code = object_of(properties, "AuthorizationCodeProperties");
    *oauth = (struct oauth){
        .type = text_of(authentication, "AuthenticationType"),
        .secret = text_of(authentication, "SecretArn"),
        .properties = properties,
        .credentials = object_of(properties, "OAuth2Credentials"),
        .token_parameters = object_of(properties, "TokenUrlParametersMap"),
        .grant = text_of(properties, "OAuth2GrantType"),
        .token_url = text_of(properties, "TokenUrl"),
        .client_id = text_of(client, "UserManagedClientApplicationClientId"),
        .managed_client = text_of(client, "AWSManagedClientApplicationReference"),
        .code = text_of(code, "AuthorizationCode"),
        .redirect_uri = text_of(code, "RedirectUri"),
        .instance_url = resolving_property(resolving, "INSTANCE_URL"),
    };
}

/* Split https://HOST[:PORT][/...]: what is wrong with URL, or NULL; the caller frees *HOST. */
static const char *split_url(const char *url, char **host, unsigned *port, const char **rest)
{
    const char *authority = url + strlen("https://");
    unsigned long number = HTTPS_PORT;
    *host = NULL;
    if (!text_starts_nocase(url, "https://"))
        return text_starts_nocase(url, "http://")
                   ? "begins with http://: tokens and secrets go over https:// only"
                   : "does not begin with https://";
    size_t length = strcspn(authority, "/?#");
    *rest = authority + length;
    if (memchr(authority, '@', length))
        return "holds a user: credentials do not belong in a URL";
    char *copy = xstrndup(authority, length);
    char *name = copy;
    char *colon = strrchr(copy, ':');
    char *bracket = strchr(copy, ']');
    if (*copy == '[' && bracket) {
        name = copy + 1;
        colon = bracket[1] == ':' ? bracket + 1 : NULL;
        *bracket = '\0';
    }
    const char *wrong = NULL;
    if (colon) {
        *colon = '\0';
        if (!text_to_number(colon + 1, 1, 65535, &number))
            wrong = "names a port that is not between 1 and 65535";
    }
    if (!wrong && (!*name || check_host(name)))
        wrong = "names no valid host";
    if (!wrong)
        *host = xstrdup(name);
    *port = (unsigned)number;
    free(copy);
    return wrong;
}

static bool is_file(const char *text)
{
    return text && reference_in(text, REFERENCE_FILE);
}

static void check_url(const char *url, const char *path, struct problems *problems)
{
    char *host = NULL;
    unsigned port;
    const char *rest;
    const char *wrong = is_file(url) ? NULL : split_url(url, &host, &port, &rest);
    if (wrong)
        problems_add(problems, path, "https", "%s", wrong);
    free(host);
}

static void demand(const void *value, const char *path, const char *why, struct problems *problems)
{
    if (!value)
        problems_add(problems, path, "required", "missing: %s", why);
}

/* What a test needs beyond what the API demands. */
static void check(const struct oauth *oauth, struct problems *problems)
{
    if (oauth->type && strcmp(oauth->type, "OAUTH2") != 0)
        problems_add(problems, AUTHENTICATION ".AuthenticationType", "oauth2",
                     "\"%.20s\" is not OAUTH2, the only way to log in to Salesforce", oauth->type);
    if (!oauth->credentials)
        demand(oauth->secret, SECRET,
               "the client secret, key or token comes from it (an ARN, or the secret itself by "
               "${file:PATH} or ${env:NAME})",
               problems);
    demand(oauth->properties, OAUTH, "needed by SALESFORCE", problems);
    if (oauth->instance_url)
        check_url(oauth->instance_url, INSTANCE, problems);
    if (!oauth->properties)
        return;
    demand(oauth->grant, OAUTH ".OAuth2GrantType", "how is the token asked for?", problems);
    demand(oauth->token_url, TOKEN_URL,
           "https://login.salesforce.com/services/oauth2/token, or that of your My Domain host",
           problems);
    if (oauth->token_url && pattern_token_url(oauth->token_url, strlen(oauth->token_url)))
        check_url(oauth->token_url, TOKEN_URL, problems);
    if (text_equal(oauth->grant, "CLIENT_CREDENTIALS"))
        demand(oauth->client_id, OAUTH_CLIENT ".UserManagedClientApplicationClientId",
               "needed by the grant CLIENT_CREDENTIALS", problems);
}

/* Whether HOST is NAME or ends in ".NAME". */
static bool is_within(const char *host, const char *name)
{
    size_t length = strlen(host);
    size_t size = strlen(name);
    return length >= size && text_equal_nocase(host + length - size, name) &&
           (length == size || host[length - size - 1] == '.');
}

/* login.salesforce.com and test.salesforce.com serve every organisation. */
static bool is_shared_host(const char *host)
{
    return text_equal_nocase(host, "login.salesforce.com") ||
           text_equal_nocase(host, "test.salesforce.com");
}

static bool is_sandbox(const char *host)
{
    return is_within(host, "sandbox.my.salesforce.com") ||
           (is_within(host, "my.salesforce.com") && strstr(host, "--"));
}

/* Mistakes that many make, told before anything is tried. */
static void note_mistakes(const struct oauth *oauth, const char *token_host, const char *token_path,
                          const char *instance_host, struct problems *problems)
{
    if (strstr(token_path, "/authorize"))
        problems_add_note(problems, TOKEN_URL, "token-url",
                          "is where users log in, it seems; tokens come from "
                          "/services/oauth2/token");
    else if (!*token_path || strcmp(token_path, "/") == 0)
        problems_add_note(problems, TOKEN_URL, "token-url",
                          "has no path; Salesforce gives tokens at /services/oauth2/token");
    if (text_equal(oauth->grant, "CLIENT_CREDENTIALS") && is_shared_host(token_host))
        problems_add_note(problems, TOKEN_URL, "my-domain",
                          "is %s, which does not know the grant CLIENT_CREDENTIALS: it takes the "
                          "My Domain host, https://NAME.my.salesforce.com/services/oauth2/token",
                          token_host);
    if (!instance_host)
        return;
    if (is_within(instance_host, "lightning.force.com"))
        problems_add_note(problems, INSTANCE, "lightning-host",
                          "is the host of the user interface; the API is at "
                          "https://NAME.my.salesforce.com");
    if (text_equal_nocase(token_host, "login.salesforce.com") && is_sandbox(instance_host))
        problems_add_note(problems, TOKEN_URL, "login-host",
                          "is that of production, and INSTANCE_URL a sandbox, whose tokens come "
                          "from test.salesforce.com");
    if (text_equal_nocase(token_host, "test.salesforce.com") &&
        is_within(instance_host, "my.salesforce.com") && !is_sandbox(instance_host))
        problems_add_note(problems, TOKEN_URL, "login-host",
                          "is that of sandboxes, and INSTANCE_URL none: production's tokens come "
                          "from login.salesforce.com");
}

/* NAME and PROPERTY are static; VALUE is taken over. */
static void add_secret(struct target *target, const char *name, const char *property, char *value)
{
    if (!value)
        return;
    target->secrets =
        xrealloc(target->secrets, (target->secret_count + 1) * sizeof *target->secrets);
    target->secrets[target->secret_count++] =
        (struct target_secret){.name = name, .property = property, .value = value};
}

static char *copy_of(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

static void take_secrets(struct resolving *resolving, const struct oauth *oauth)
{
    static const struct {
        const char *name;
        const char *key;
        const char *property;
    } members[] = {
        {"client_secret", "UserManagedClientApplicationClientSecret",
         OAUTH_CREDENTIALS ".UserManagedClientApplicationClientSecret"},
        {"access_token", "AccessToken", OAUTH_CREDENTIALS ".AccessToken"},
        {"refresh_token", "RefreshToken", OAUTH_CREDENTIALS ".RefreshToken"},
        {"jwt_token", "JwtToken", OAUTH_CREDENTIALS ".JwtToken"},
    };
    struct target *target = resolving->target;
    target->user_property = target->password_property = SECRET;
    target->secret_is_own = true;
    if (authentication_is_content(oauth->secret))
        target->secret_content = xstrdup(oauth->secret);
    else if (oauth->secret && !is_file(oauth->secret))
        target->secret_id = xstrdup(oauth->secret);
    if (oauth->secret)
        resolving_origin(resolving, "secret", target->secret_id ? target->secret_id : "***",
                         is_file(oauth->secret) ? "file, by " SECRET : SECRET);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const char *value = text_of(oauth->credentials, members[i].key);
        add_secret(target, members[i].name, members[i].property, copy_of(value));
        if (value)
            resolving_origin(resolving, members[i].name, "***", members[i].property);
    }
    add_secret(target, "code", OAUTH_CODE ".AuthorizationCode", copy_of(oauth->code));
    if (oauth->token_parameters)
        add_secret(target, "token_parameters", OAUTH ".TokenUrlParametersMap",
                   json_dumps(oauth->token_parameters, JSON_COMPACT));
}

static void take_parameter(struct resolving *resolving, const char *name, const char *value,
                           const char *source)
{
    if (!value)
        return;
    target_add_parameter(resolving->target, name, value);
    resolving_origin(resolving, name, value, source);
}

static void take_parameters(struct resolving *resolving, const struct oauth *oauth)
{
    struct target *target = resolving->target;
    const char *user = resolving_property(resolving, "USERNAME");
    take_parameter(resolving, "grant", oauth->grant, OAUTH ".OAuth2GrantType");
    take_parameter(resolving, "token_url", oauth->token_url, TOKEN_URL);
    take_parameter(resolving, "client_id", oauth->client_id,
                   OAUTH_CLIENT ".UserManagedClientApplicationClientId");
    take_parameter(resolving, "managed_client", oauth->managed_client,
                   OAUTH_CLIENT ".AWSManagedClientApplicationReference");
    take_parameter(resolving, "redirect_uri", oauth->redirect_uri, OAUTH_CODE ".RedirectUri");
    take_parameter(resolving, "instance_url", oauth->instance_url, INSTANCE);
    /* A code is used up by its first use: a stored one is left alone. */
    if (resolving->connection->form != CONNECTION_FORM_STORED)
        target_add_parameter(target, "exchange_code", "true");
    if (user) {
        target->user = xstrdup(user);
        target->user_property = PROPERTIES "USERNAME";
        resolving_origin(resolving, "user", user, PROPERTIES "USERNAME");
    }
}

static void take_tls(struct resolving *resolving)
{
    resolving->target->tls = (struct tls_policy){.attempt = true,
                                                 .require = true,
                                                 .verify_chain = true,
                                                 .verify_name = true,
                                                 .name_property = TOKEN_URL};
    resolving_origin(resolving, "tls", "required, chain and host name verified", "always");
    resolving_origin(resolving, "ca", "this system's CA certificates", "always");
}

static bool take(struct resolving *resolving, const struct oauth *oauth)
{
    char *host = NULL;
    char *instance = NULL;
    const char *path = "";
    const char *ignored;
    unsigned port = 0;
    unsigned instance_port;
    resolving->target->host_property = TOKEN_URL;
    resolving->target->asks_web = true;
    split_url(oauth->token_url, &host, &port, &path);
    if (oauth->instance_url && !is_file(oauth->instance_url))
        split_url(oauth->instance_url, &instance, &instance_port, &ignored);
    note_mistakes(oauth, host, path, instance, &resolving->out->problems);
    bool taken =
        resolving_take_driver(resolving, registry_find_type(resolving->registry, "SALESFORCE"),
                              "connection type SALESFORCE", "ConnectionType");
    resolving_add_endpoint(resolving, host, port, TOKEN_URL, TOKEN_URL);
    take_parameters(resolving, oauth);
    take_secrets(resolving, oauth);
    take_tls(resolving);
    free(host);
    free(instance);
    return taken;
}

bool resolve_salesforce(struct resolving *resolving)
{
    struct oauth oauth;
    read_oauth(resolving, &oauth);
    if (!resolving->connection->authentication) /* told by the validation */
        return false;
    check(&oauth, &resolving->out->problems);
    /* What a file will say is known in the worker only, which resolves again. */
    if (resolving->out->problems.refused || is_file(oauth.token_url))
        return false;
    return take(resolving, &oauth);
}
