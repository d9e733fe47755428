/* SPDX-License-Identifier: Apache-2.0 */
/* oauth2_material.c - what the definition and its secret give for a token, and the way to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "oauth2.h"

enum { KEYS_SHOWN = 12, LIST_SIZE = 600 };

/* Names of the secret's keys, documented ones first, each list NULL-ended. */
static const char *const client_secret_keys[] = {"USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET",
                                                 "CLIENT_SECRET", NULL};
static const char *const client_id_keys[] = {"CLIENT_ID", NULL};
static const char *const refresh_token_keys[] = {"REFRESH_TOKEN", NULL};
static const char *const access_token_keys[] = {"ACCESS_TOKEN", NULL};
static const char *const jwt_keys[] = {"JWT_TOKEN", NULL};
static const char *const private_key_keys[] = {"PRIVATE_KEY", "JWT_PRIVATE_KEY", NULL};
static const char *const subject_keys[] = {"USERNAME", "SUBJECT", "JWT_SUBJECT", NULL};
static const char *const audience_keys[] = {"AUDIENCE", "JWT_AUDIENCE", NULL};

static const char *find_in_secret(const struct oauth2 *oauth2, const char *const *names)
{
    const char *key;
    json_t *value;
    for (; *names; names++)
        json_object_foreach(oauth2->secret, key, value)
        {
            const char *text = json_string_value(value);
            if (strcasecmp(key, *names) == 0 && text && *text)
                return text;
        }
    return NULL;
}

/* What the definition says goes before what the secret holds. */
static const char *choose(const struct oauth2 *oauth2, const char *said, const char *const *names)
{
    return said ? said : find_in_secret(oauth2, names);
}

static bool read_secret(const struct target *target, struct oauth2 *oauth2, struct error *err)
{
    json_error_t fault;
    oauth2->secret_path = target->password_property;
    if (!target->secret_content)
        return true;
    oauth2->secret = json_loads(target->secret_content, JSON_REJECT_DUPLICATES, &fault);
    if (json_is_object(oauth2->secret))
        return true;
    error_set(err, REASON_SECRET_FORMAT, "the secret of %s is no JSON object%s",
              oauth2->secret_path, oauth2->secret ? "" : ", nor JSON at all");
    error_remedy(err, "store the secret as a JSON object, such as {\"%s\": \"...\"}",
                 client_secret_keys[0]);
    return error_property(err, oauth2->secret_path);
}

static void read_values(const struct target *target, struct oauth2 *oauth2)
{
    const char *parameters = target_secret(target, "token_parameters");
    oauth2->token_url = target_parameter(target, "token_url");
    oauth2->proxy = target->proxy;
    oauth2->proxy_exceptions = target->proxy_exceptions;
    oauth2->managed_client = target_parameter(target, "managed_client");
    oauth2->redirect_uri = target_parameter(target, "redirect_uri");
    oauth2->code = target_secret(target, "code");
    oauth2->client_id = choose(oauth2, target_parameter(target, "client_id"), client_id_keys);
    oauth2->client_secret =
        choose(oauth2, target_secret(target, "client_secret"), client_secret_keys);
    oauth2->refresh_token =
        choose(oauth2, target_secret(target, "refresh_token"), refresh_token_keys);
    oauth2->access_token = choose(oauth2, target_secret(target, "access_token"), access_token_keys);
    oauth2->assertion = choose(oauth2, target_secret(target, "jwt_token"), jwt_keys);
    oauth2->private_key = find_in_secret(oauth2, private_key_keys);
    oauth2->subject = choose(oauth2, target->user, subject_keys);
    oauth2->audience = find_in_secret(oauth2, audience_keys);
    oauth2->parameters = parameters ? json_loads(parameters, 0, NULL) : NULL;
    scrub_add(&oauth2->scrub, oauth2->code);
    scrub_add(&oauth2->scrub, oauth2->client_secret);
    scrub_add(&oauth2->scrub, oauth2->refresh_token);
    scrub_add(&oauth2->scrub, oauth2->access_token);
    scrub_add(&oauth2->scrub, oauth2->assertion);
}

/* Whether a parameter of that NAME is one to hide. */
static bool is_secret_name(const char *name)
{
    static const char *const parts[] = {"secret", "password", "token",     "assertion",
                                        "key",    "code",     "credential"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcasestr(name, parts[i]))
            return true;
    return false;
}

/* All of the secret is one, whatever its keys are called; of the parameters, what looks like it. */
static void hide_the_rest(struct oauth2 *oauth2)
{
    static const char *const shown[] = {"USERNAME",  "SUBJECT",  "JWT_SUBJECT",
                                        "CLIENT_ID", "AUDIENCE", "JWT_AUDIENCE"};
    const char *key;
    json_t *value;
    json_object_foreach(oauth2->secret, key, value)
    {
        bool is_shown = false;
        for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
            is_shown = is_shown || strcasecmp(key, shown[i]) == 0;
        if (!is_shown)
            scrub_add(&oauth2->scrub, json_string_value(value));
    }
    json_object_foreach(oauth2->parameters, key, value)
    {
        if (is_secret_name(key))
            scrub_add(&oauth2->scrub, json_string_value(value));
    }
}

/* "ACCESS_TOKEN, USERNAME": the names of the secret's keys. */
static void list_keys(const struct oauth2 *oauth2, char out[LIST_SIZE])
{
    const char *key;
    json_t *value;
    size_t used = 0;
    int count = 0;
    out[0] = '\0';
    json_object_foreach(oauth2->secret, key, value)
    {
        if (count++ == KEYS_SHOWN || used + 80 > LIST_SIZE)
            break;
        used += (size_t)snprintf(out + used, LIST_SIZE - used, "%s%.60s", used ? ", " : "", key);
    }
}

static void note_keys(struct probe *probe, const struct oauth2 *oauth2)
{
    const char *keys[KEYS_SHOWN];
    const char *key;
    json_t *value;
    size_t count = 0;
    json_object_foreach(oauth2->secret, key, value)
    {
        if (count < KEYS_SHOWN)
            keys[count++] = key;
    }
    if (oauth2->secret)
        probe_note_list(probe, "secret_keys", keys, count);
}

/* The secret lacks what the grant needs: WANTED are the names looked for. */
static bool lacks(const struct oauth2 *oauth2, const char *grant, const char *wanted,
                  struct error *err)
{
    char keys[LIST_SIZE];
    list_keys(oauth2, keys);
    error_set(err, REASON_SECRET_FORMAT,
              "the secret of %s holds no %s, which the grant %s needs; %s%s", oauth2->secret_path,
              wanted, grant, keys[0] ? "its keys are: " : "it has no keys", keys);
    error_remedy(err, "put the key %s into the secret", wanted);
    return error_property(err, oauth2->secret_path);
}

/* A stored code is never used up; what a refresh token gives needs none. */
static bool choose_way_of_code(const struct target *target, struct oauth2 *oauth2)
{
    bool has_client = oauth2->client_id != NULL;
    if (has_client && oauth2->refresh_token)
        oauth2->way = OAUTH2_REFRESH_TOKEN;
    else if (has_client && oauth2->code && target_parameter(target, "exchange_code"))
        oauth2->way = OAUTH2_CODE;
    else
        oauth2->way = oauth2->access_token ? OAUTH2_ACCESS_TOKEN : OAUTH2_NONE;
    return true;
}

static bool choose_way(struct probe *probe, const struct target *target, struct oauth2 *oauth2,
                       struct error *err)
{
    const char *grant = target_parameter(target, "grant");
    if (strcmp(grant, "CLIENT_CREDENTIALS") == 0) {
        oauth2->way = OAUTH2_CLIENT_CREDENTIALS;
        return oauth2->client_secret || lacks(oauth2, grant, client_secret_keys[0], err);
    }
    if (strcmp(grant, "REFRESH_TOKEN") == 0) {
        oauth2->way = OAUTH2_REFRESH_TOKEN;
        return oauth2->refresh_token || lacks(oauth2, grant, refresh_token_keys[0], err);
    }
    if (strcmp(grant, "AUTHORIZATION_CODE") == 0)
        return choose_way_of_code(target, oauth2);
    oauth2->way = OAUTH2_JWT;
    if (!oauth2->assertion && !oauth2->private_key)
        return lacks(oauth2, grant, "JWT_TOKEN (or PRIVATE_KEY and USERNAME, to make one)", err);
    return oauth2_take_jwt(probe, oauth2, err);
}

static const char *const ways[] = {
    [OAUTH2_CLIENT_CREDENTIALS] = "client credentials",
    [OAUTH2_REFRESH_TOKEN] = "refresh token",
    [OAUTH2_JWT] = "JWT",
    [OAUTH2_CODE] = "authorization code",
    [OAUTH2_ACCESS_TOKEN] = "access token of the secret",
    [OAUTH2_NONE] = "none",
};

bool oauth2_read(struct probe *probe, const struct target *target, struct oauth2 *oauth2,
                 struct error *err)
{
    const struct endpoint *endpoint = &target->endpoints[0];
    *oauth2 = (struct oauth2){.way = OAUTH2_NONE};
    snprintf(oauth2->where, sizeof oauth2->where, strchr(endpoint->host, ':') ? "[%s]:%u" : "%s:%u",
             endpoint->host, endpoint->port);
    if (!read_secret(target, oauth2, err))
        return false;
    read_values(target, oauth2);
    hide_the_rest(oauth2);
    probe_note(probe, "grant", "%s", target_parameter(target, "grant"));
    note_keys(probe, oauth2);
    if (!choose_way(probe, target, oauth2, err))
        return false;
    probe_note(probe, "login_by", "%s", ways[oauth2->way]);
    return true;
}
