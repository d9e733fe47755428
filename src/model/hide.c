/* SPDX-License-Identifier: Apache-2.0 */
/* hide.c - which parts of a URL, and which members of a connection, are secrets. */
#include "hide.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "words.h"

#define HIDDEN "***"

/* The password of "scott/tiger@host", AT behind "jdbc:oracle:thin:". */
static const char *find_oracle_password(const char *at)
{
    if (*at == '@' || text_starts(at, "//@"))
        return NULL;
    size_t user = strcspn(at, "/@(");
    return at[user] == '/' ? at + user + 1 : NULL;
}

/* The password of "user:password@host", AT behind "://"; "host:5432" has none. */
static const char *find_url_password(const char *at)
{
    size_t user = strcspn(at, ":/?;,(@[");
    if (at[user] != ':')
        return NULL;
    const char *password = at + user + 1;
    size_t digits = strspn(password, "0123456789");
    return digits && strchr("/?;,", password[digits]) ? NULL : password;
}

/* Where the password before the host of URL stands, ended by an @ at *END; NULL: it has none. It
 * may hold an @ itself. */
static const char *find_password(const char *url, const char **end)
{
    const char *scheme = strstr(url, "://");
    const char *password = NULL;
    *end = strrchr(url, '@');
    if (text_starts_nocase(url, "jdbc:oracle:")) {
        const char *colon = strchr(url + strlen("jdbc:oracle:"), ':');
        password = colon ? find_oracle_password(colon + 1) : NULL;
    } else if (scheme) {
        password = find_url_password(scheme + 3);
    }
    return password && *end && password <= *end ? password : NULL;
}

/* How long the value at AT is: with its quotes, and what stands behind them where nothing should.
 */
static size_t value_length(const char *at)
{
    const char *end = at;
    if (*at == '{') { /* SQL Server's quotes: a brace is doubled within */
        do
            end = strchr(end + 1, '}');
        while (end && end[1] == '}' && end++);
    } else if (*at == '"' || *at == '\'') {
        end = strchr(at + 1, *at);
    }
    return end ? (size_t)(end - at) + strcspn(end, "&;)") : strlen(at);
}

bool parameter_is_secret(const char *name, const char *value)
{
    /* MongoDB's AWS_SESSION_TOKEN:VALUE, one of a list, and perhaps percent-encoded. */
    return property_is_secret(name) ||
           (text_equal_nocase(name, "authMechanismProperties") && strcasestr(value, "TOKEN"));
}

/* REST, from behind the host on, with the values of secret parameters hidden. */
static void append_parameters(struct text_buffer *out, const char *rest)
{
    while (*rest) {
        size_t length = strcspn(rest, "?&;,()=");
        char *name = xstrndup(rest, length);
        char *value = xstrndup(rest + length, strcspn(rest + length, "&"));
        bool secret = *value == '=' && length > 0 && parameter_is_secret(name, value);
        size_t taken = length + (rest[length] != '\0');
        text_append_bytes(out, rest, taken);
        rest += taken;
        free(name);
        text_wipe_free(value);
        if (secret) {
            rest += value_length(rest);
            text_append(out, HIDDEN);
        }
    }
}

char *hide_in_url(const char *url)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    const char *end = url;
    const char *password = find_password(url, &end);
    if (password) {
        text_append_bytes(&out, url, (size_t)(password - url));
        text_append(&out, HIDDEN);
    }
    append_parameters(&out, password ? end : url);
    return text_take(&out);
}

bool hide_was_done(const char *text)
{
    return strstr(text, ":" HIDDEN "@") || strstr(text, "/" HIDDEN "@") ||
           (strstr(text, "://") && strstr(text, "=" HIDDEN));
}

static void hide_in_map(json_t *map, bool urls)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(map, next, key, value)
    {
        const char *text = json_string_value(value);
        if (property_is_secret(key) && !text_equal_nocase(key, "secretId")) {
            json_object_del(map, key);
        } else if (urls && text && strcasestr(key, "url")) {
            char *hidden = hide_in_url(text);
            json_string_set(value, hidden);
            free(hidden);
        }
    }
}

void hide_passwords(json_t *document)
{
    json_t *authentication = json_object_get(document, "AuthenticationConfiguration");
    json_t *oauth = json_object_get(authentication, "OAuth2Properties");
    hide_in_map(json_object_get(document, "ConnectionProperties"), true);
    hide_in_map(json_object_get(document, "SparkProperties"), true);
    hide_in_map(json_object_get(document, "AthenaProperties"), true);
    hide_in_map(json_object_get(document, "PythonProperties"), true);
    json_object_del(authentication, "BasicAuthenticationCredentials");
    json_object_del(authentication, "CustomAuthenticationCredentials");
    json_object_del(oauth, "OAuth2Credentials");
    json_object_del(oauth, "AuthorizationCodeProperties");
    hide_in_map(json_object_get(oauth, "TokenUrlParametersMap"), false);
    json_t *token_url = json_object_get(oauth, "TokenUrl");
    if (json_is_string(token_url)) {
        char *hidden = hide_in_url(json_string_value(token_url));
        json_string_set(token_url, hidden);
        free(hidden);
    }
    /* In place of an ARN there may be the secret itself. */
    const char *secret = json_string_value(json_object_get(authentication, "SecretArn"));
    if (secret && !text_starts(secret, "arn:") && !text_starts(secret, "${"))
        json_object_del(authentication, "SecretArn");
}
