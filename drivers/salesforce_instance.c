/* SPDX-License-Identifier: Apache-2.0 */
/* salesforce_instance.c - the instance behind the token, asked in the token's name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "salesforce_instance.h"

enum { WORDS_MAXIMUM = 300, BODY_LIMIT = 512 * 1024 };

/* The service sent us to a place that is not to be reached, or none at all. */
static void tell_unreachable(const struct instance *instance, struct error *err)
{
    bool is_none = err->reason == REASON_INVALID_INPUT;
    bool on_the_way =
        err->reason == REASON_DNS_NOT_FOUND || err->reason == REASON_DNS_UNAVAILABLE ||
        err->reason == REASON_CONNECT_REFUSED || err->reason == REASON_CONNECT_UNREACHABLE;
    if (!instance->answered || !(on_the_way || is_none))
        return;
    char *words = strdup(err->message);
    error_set(err, is_none ? REASON_PROTOCOL_ERROR : REASON_ADVERTISED_UNREACHABLE,
              "the instance %s, which %s named beside the token, cannot be reached: %s",
              instance->host, instance->oauth2->where, words);
    free(words);
}

/* GET PATH of the instance, with the token or without. */
static bool get(struct instance *instance, const char *path, bool with_token,
                struct https_response *response, struct error *err)
{
    const char *headers[] = {"Accept: application/json",
                             with_token ? instance->authorization : NULL, NULL};
    char url[URL_MAXIMUM + 64];
    snprintf(url, sizeof url, "%s%s", instance->base, path);
    struct https_request request = {
        .method = "GET",
        .url = url,
        .headers = headers,
        .body_limit = BODY_LIMIT,
        .what = "the authorised request",
        .proxy = https_proxy_of(url, instance->oauth2->proxy, instance->oauth2->proxy_exceptions),
        .property = instance->answered ? TOKEN_URL_PROPERTY : INSTANCE_URL_PROPERTY,
        .follow = true,
        .aside = true};
    if (https_send(instance->https, &request, response, err))
        return true;
    scrub_text(&instance->oauth2->scrub, err->message);
    tell_unreachable(instance, err);
    return false;
}

/* The first of Salesforce's list of {message, errorCode}, or OAuth2's {error, error_description}.
 */
static void read_words(const struct oauth2 *oauth2, const json_t *json, char **code, char **words)
{
    const json_t *first = json_is_array(json) ? json_array_get(json, 0) : json;
    const char *error = json_string_value(json_object_get(first, "errorCode"));
    const char *message = json_string_value(json_object_get(first, "message"));
    if (!error)
        error = json_string_value(json_object_get(first, "error"));
    if (!message)
        message = json_string_value(json_object_get(first, "error_description"));
    *code = scrub_copy(&oauth2->scrub, error, 100);
    *words = scrub_copy(&oauth2->scrub, message, WORDS_MAXIMUM);
}

static enum reason reason_of(int status, const struct oauth2_hint *hint)
{
    if (status == 429 || status >= 500)
        return REASON_SERVER_BUSY;
    if (hint)
        return hint->reason;
    return status == 401 || status == 403 ? REASON_PERMISSION_DENIED : REASON_QUERY_FAILED;
}

/* An answer that is no success. Returns false. */
static bool tell_refusal(const struct instance *instance, const char *path,
                         const struct https_response *response, struct error *err)
{
    char *code;
    char *words;
    json_t *json = json_loadb(response->body, response->body_length, 0, NULL);
    read_words(instance->oauth2, json, &code, &words);
    const struct oauth2_hint *hint = salesforce_rest_hint(code);
    enum reason reason = reason_of(response->status, hint);
    if (response->status >= 300 && response->status < 400) {
        char *place = oauth2_redirect_place(instance->oauth2, response);
        error_set(err, REASON_QUERY_FAILED,
                  "%s answers %s with a redirect to %s (HTTP %d), which is not followed: the token "
                  "goes to no other place",
                  instance->host, path, place, response->status);
        error_remedy(err, "set INSTANCE_URL to the place where the API is");
        free(place);
    } else if (*code || *words) {
        error_set(err, reason, "%s refused the token for %s: %s%s%s%s (HTTP %d)%s%s%s",
                  instance->host, path, code, *words ? ": \"" : "", words, *words ? "\"" : "",
                  response->status, instance->other[0] ? "; the token is for \"" : "",
                  instance->other, instance->other[0] ? "\"" : "");
    } else {
        char *body = oauth2_describe_body(instance->oauth2, response);
        error_set(err, reason, "%s answers %s with HTTP %d and %s", instance->host, path,
                  response->status, body);
        free(body);
    }
    if (hint && reason == hint->reason)
        error_remedy(err, "%s", hint->remedy);
    if (!err->property[0])
        error_property(err, instance->answered ? NULL : INSTANCE_URL_PROPERTY);
    json_decref(json);
    free(code);
    free(words);
    return false;
}

/* A success has to be JSON: a web page with status 200 is none. The caller decrefs it. */
static json_t *read_json(const struct instance *instance, const char *path,
                         const struct https_response *response, struct error *err)
{
    json_t *json = json_loadb(response->body, response->body_length, 0, NULL);
    if (json)
        return json;
    char *body = oauth2_describe_body(instance->oauth2, response);
    error_set(err, REASON_PROTOCOL_ERROR, "%s answers %s with %s, which is no answer of the API",
              instance->host, path, body);
    error_remedy(err,
                 "check INSTANCE_URL: https://NAME.my.salesforce.com, not the host of the user "
                 "interface");
    error_property(err, INSTANCE_URL_PROPERTY);
    free(body);
    return NULL;
}

static void note_words(const struct instance *instance, const char *key, const char *value)
{
    char *words = value ? scrub_copy(&instance->oauth2->scrub, value, 200) : NULL;
    if (words)
        probe_note(instance->probe, key, "%s", words);
    free(words);
}

/* [{"label":"Summer '24","url":"/services/data/v61.0","version":"61.0"}, ...], oldest first. */
static void read_versions(struct instance *instance, const json_t *list)
{
    const char *versions[128];
    size_t count = 0;
    size_t index;
    json_t *item;
    json_array_foreach(list, index, item)
    {
        const char *version = json_string_value(json_object_get(item, "version"));
        if (version && strspn(version, "0123456789.") == strlen(version) && *version &&
            strlen(version) < sizeof instance->version && count < 128)
            versions[count++] = version;
    }
    if (!count)
        return;
    snprintf(instance->version, sizeof instance->version, "%s", versions[count - 1]);
    probe_note_list(instance->probe, "api_versions", versions, count);
    probe_note(instance->probe, "api_version", "%s", instance->version);
}

/* The list of API versions: everybody may read it; who sends a bad token is refused all the same.
 */
static bool ask_versions(struct instance *instance, struct error *err)
{
    static const char path[] = "/services/data/";
    struct https_response response;
    if (!get(instance, path, true, &response, err))
        return false;
    json_t *list = NULL;
    bool answered = response.status == 200
                        ? (list = read_json(instance, path, &response, err)) != NULL
                        : tell_refusal(instance, path, &response, err);
    read_versions(instance, list);
    json_decref(list);
    https_response_release(&response);
    return answered;
}

/* What is left of today's API requests: only the token's user may know. *PROVEN says whether the
 * instance has the resource at all. */
static bool ask_limits(struct instance *instance, bool *proven, struct error *err)
{
    char path[64];
    struct https_response response;
    *proven = false;
    if (!instance->version[0])
        return true;
    snprintf(path, sizeof path, "/services/data/v%s/limits", instance->version);
    if (!get(instance, path, true, &response, err))
        return false;
    bool fine = true;
    if (response.status == 200) {
        json_t *limits = read_json(instance, path, &response, err);
        json_t *daily = json_object_get(limits, "DailyApiRequests");
        json_t *left = json_object_get(daily, "Remaining");
        if (json_is_integer(left))
            probe_note_integer(instance->probe, "api_requests_left", json_integer_value(left));
        *proven = fine = limits != NULL;
        json_decref(limits);
    } else if (response.status != 404) {
        fine = tell_refusal(instance, path, &response, err);
    }
    https_response_release(&response);
    return fine;
}

/* Who the token is for. Where PROVEN, not to be told is only worth a finding: it takes a scope. */
static bool ask_user(struct instance *instance, bool proven, struct error *err)
{
    static const char path[] = "/services/oauth2/userinfo";
    struct https_response response;
    struct error refusal = ERROR_INIT;
    json_t *user = NULL;
    if (!get(instance, path, true, &response, err))
        return false;
    if (response.status == 200)
        user = read_json(instance, path, &response, &refusal);
    else
        tell_refusal(instance, path, &response, &refusal);
    https_response_release(&response);
    if (user) {
        note_words(instance, "username",
                   json_string_value(json_object_get(user, "preferred_username")));
        note_words(instance, "user_id", json_string_value(json_object_get(user, "user_id")));
        note_words(instance, "organization_id",
                   json_string_value(json_object_get(user, "organization_id")));
        json_decref(user);
        return true;
    }
    if (proven)
        probe_finding(
            instance->probe, SEVERITY_NOTE, "user-unknown", NULL,
            "the token works, but does not tell whose it is (scope \"id\" or \"openid\"): "
            "%s",
            refusal.message);
    else
        *err = refusal;
    return proven;
}

/* Whether the list of versions, given to the token, is kept from those without: then it proves one.
 */
static bool is_list_guarded(struct instance *instance)
{
    struct https_response response;
    struct error ignored = ERROR_INIT;
    bool guarded = get(instance, "/services/data/", false, &response, &ignored) &&
                   (response.status == 401 || response.status == 403);
    https_response_release(&response);
    return guarded;
}

/* https://login.salesforce.com/id/ORGANISATION/USER, of the token's answer. */
static void note_identity(const struct instance *instance)
{
    const char *id = oauth2_answer(instance->oauth2, "id");
    const char *path = id ? strstr(id, "/id/") : NULL;
    const char *slash = path ? strchr(path + 4, '/') : NULL;
    char organisation[40];
    if (!slash || slash - path - 4 >= (long)sizeof organisation || strlen(slash + 1) > 40)
        return;
    snprintf(organisation, sizeof organisation, "%.*s", (int)(slash - path - 4), path + 4);
    note_words(instance, "organization_id", organisation);
    note_words(instance, "user_id", slash + 1);
}

static bool ask(struct instance *instance, struct error *err)
{
    char version[32];
    bool proven = false;
    probe_note(instance->probe, "instance", "%s", instance->base + strlen("https://"));
    probe_note(instance->probe, "instance_url", "%s", instance->base);
    note_identity(instance);
    if (!ask_versions(instance, err) || !ask_limits(instance, &proven, err))
        return false;
    proven = proven || is_list_guarded(instance);
    if (!ask_user(instance, proven, err))
        return false;
    snprintf(version, sizeof version, "API v%s", instance->version);
    probe_server(instance->probe, "Salesforce", instance->version[0] ? version : NULL);
    return true;
}

bool salesforce_ask_instance(struct probe *probe, const struct target *target,
                             struct oauth2 *oauth2, struct error *err)
{
    struct instance instance = {.probe = probe, .oauth2 = oauth2};
    probe_stage(probe, STAGE_QUERY);
    if (!salesforce_choose(&instance, target, err))
        return false;
    if (asprintf(&instance.authorization, "Authorization: Bearer %s", oauth2->access_token) < 0)
        return error_set(err, REASON_INTERNAL, "no memory for the token");
    instance.https = https_new(probe);
    bool answered = ask(&instance, err);
    https_free(instance.https);
    explicit_bzero(instance.authorization, strlen(instance.authorization));
    free(instance.authorization);
    return answered;
}
