/* SPDX-License-Identifier: Apache-2.0 */
/* oauth2_token.c - the token request and what comes back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "oauth2.h"

enum {
    FIELDS_MAXIMUM = 48,
    ANSWER_MAXIMUM = 256 * 1024, /* bytes */
    WORDS_MAXIMUM = 300,         /* bytes shown of what the host says */
    BODY_SHOWN = 120,
    SKEW_S = 60,
};

static const char *const whats[] = {
    [OAUTH2_CLIENT_CREDENTIALS] = "the client credentials",
    [OAUTH2_REFRESH_TOKEN] = "the refresh token",
    [OAUTH2_JWT] = "the JWT",
    [OAUTH2_CODE] = "the authorization code",
    [OAUTH2_ACCESS_TOKEN] = "the access token",
    [OAUTH2_NONE] = "nothing",
};

/* The request's fields by its way; how many. */
static size_t fill(const struct oauth2 *oauth2, struct https_field fields[FIELDS_MAXIMUM])
{
    static const char *const grants[] = {
        [OAUTH2_CLIENT_CREDENTIALS] = "client_credentials",
        [OAUTH2_REFRESH_TOKEN] = "refresh_token",
        [OAUTH2_JWT] = "urn:ietf:params:oauth:grant-type:jwt-bearer",
        [OAUTH2_CODE] = "authorization_code",
        [OAUTH2_ACCESS_TOKEN] = "",
        [OAUTH2_NONE] = "",
    };
    bool jwt = oauth2->way == OAUTH2_JWT;
    bool code = oauth2->way == OAUTH2_CODE;
    bool refresh = oauth2->way == OAUTH2_REFRESH_TOKEN;
    size_t count = 0;
    fields[count++] = (struct https_field){"grant_type", grants[oauth2->way]};
    fields[count++] = (struct https_field){"assertion", jwt ? oauth2->assertion : NULL};
    fields[count++] = (struct https_field){"code", code ? oauth2->code : NULL};
    fields[count++] = (struct https_field){"redirect_uri", code ? oauth2->redirect_uri : NULL};
    fields[count++] = (struct https_field){"refresh_token", refresh ? oauth2->refresh_token : NULL};
    /* A JWT says who we are by itself. */
    fields[count++] = (struct https_field){"client_id", jwt ? NULL : oauth2->client_id};
    fields[count++] = (struct https_field){"client_secret", jwt ? NULL : oauth2->client_secret};
    return count;
}

static bool is_taken(const struct https_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i].value && strcmp(fields[i].name, name) == 0)
            return true;
    return false;
}

static size_t add_parameters(struct probe *probe, const struct oauth2 *oauth2,
                             struct https_field fields[FIELDS_MAXIMUM], size_t count)
{
    size_t own = count;
    const char *key;
    json_t *value;
    json_object_foreach(oauth2->parameters, key, value)
    {
        if (is_taken(fields, own, key) || count == FIELDS_MAXIMUM)
            probe_finding(probe, SEVERITY_WARNING, "token-parameter-ignored",
                          "AuthenticationConfiguration.OAuth2Properties.TokenUrlParametersMap",
                          "%.128s is not sent: the request has its own", key);
        else
            fields[count++] = (struct https_field){key, json_string_value(value)};
    }
    return count;
}

static bool send_request(struct probe *probe, struct oauth2 *oauth2,
                         struct https_response *response, struct error *err)
{
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
                                          "Accept: application/json", NULL};
    struct https_field fields[FIELDS_MAXIMUM];
    struct https *https = https_new(probe);
    size_t count = add_parameters(probe, oauth2, fields, fill(oauth2, fields));
    char *form = https_form(fields, count);
    struct https_request request = {
        .method = "POST",
        .url = oauth2->token_url,
        .headers = headers,
        .body = form,
        .body_length = strlen(form),
        .body_limit = ANSWER_MAXIMUM,
        .what = "the token request",
        .proxy = https_proxy_of(oauth2->token_url, oauth2->proxy, oauth2->proxy_exceptions),
        .property = TOKEN_URL_PROPERTY,
        .stage = STAGE_LOGIN};
    bool answered = https_send(https, &request, response, err);
    https_free(https);
    explicit_bzero(form, strlen(form));
    free(form);
    if (!answered) {
        /* Bytes of the peer's may be in it. */
        scrub_text(&oauth2->scrub, err->message);
    }
    return answered;
}

/* Date: Wed, 25 Nov 2026 07:28:00 GMT */
static void compare_clocks(struct probe *probe, struct oauth2 *oauth2,
                           const struct https_response *response)
{
    const char *date = https_header(response, "Date");
    struct tm parts = {0};
    char apart[32];
    if (!date || !strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &parts))
        return;
    oauth2->clock_known = true;
    oauth2->clock_ahead_s = (long)(time(NULL) - timegm(&parts));
    long skew = labs(oauth2->clock_ahead_s);
    if (skew < SKEW_S)
        return;
    oauth2_duration(apart, skew);
    probe_finding(probe, SEVERITY_WARNING, "clock-skew", NULL,
                  "this host's clock is %s %s that of %s; tokens depend on clocks that agree",
                  apart, oauth2->clock_ahead_s > 0 ? "ahead of" : "behind", oauth2->where);
}

static bool is_json(const struct https_response *response)
{
    json_t *value = json_loadb(response->body, response->body_length, 0, NULL);
    json_decref(value);
    return value != NULL;
}

char *oauth2_describe_body(const struct oauth2 *oauth2, const struct https_response *response)
{
    const char *body = response->body;
    const char *title = strcasestr(body, "<title");
    const char *begin = title ? strchr(title, '>') : NULL;
    const char *end = begin ? strchr(begin, '<') : NULL;
    bool html = title || strcasestr(body, "<html") || strcasestr(body, "<!doctype html");
    char *words;
    if (response->body_length == 0)
        return strdup("an empty body");
    if (html && !end)
        return strdup("an HTML page");
    char *shown = end ? scrub_copy(&oauth2->scrub, begin + 1, (size_t)(end - begin - 1))
                      : scrub_copy(&oauth2->scrub, body, BODY_SHOWN);
    const char *kind = html ? "an HTML page" : is_json(response) ? "JSON" : "text that is not JSON";
    if (asprintf(&words, "%s: \"%.*s\"", kind, BODY_SHOWN, shown) < 0)
        words = NULL;
    free(shown);
    return words;
}

char *oauth2_redirect_place(const struct oauth2 *oauth2, const struct https_response *response)
{
    const char *location = https_header(response, "Location");
    const char *authority = location ? strstr(location, "://") : NULL;
    if (!authority)
        return scrub_copy(&oauth2->scrub, location ? "another path" : "nowhere", 40);
    size_t length = (size_t)(authority + 3 - location) + strcspn(authority + 3, "/?#");
    return scrub_copy(&oauth2->scrub, location, length < 200 ? length : 200);
}

/* What the JWT's times and our clock have to do with a refusal; "" when nothing. */
static void explain_clocks(const struct oauth2 *oauth2, char *out, size_t size)
{
    char when[32];
    char apart[32];
    long now = (long)time(NULL);
    out[0] = '\0';
    if (oauth2->way != OAUTH2_JWT)
        return;
    long skew = oauth2->clock_known ? oauth2->clock_ahead_s : 0;
    oauth2_time(when, oauth2->expires);
    if (labs(skew) >= SKEW_S) {
        oauth2_duration(apart, labs(skew));
        snprintf(out, size,
                 "; the JWT expires on %s, and this host's clock is %s %s the token host's", when,
                 apart, skew > 0 ? "ahead of" : "behind");
    } else if (oauth2->expires && oauth2->expires <= now) {
        oauth2_duration(apart, now - (long)oauth2->expires);
        snprintf(out, size, "; the JWT expired on %s, %s ago", when, apart);
    }
}

static const struct oauth2_hint *find_hint(const struct oauth2_hint *hints, const char *error,
                                           const char *description)
{
    for (; hints->reason != REASON_NONE; hints++)
        if ((!hints->error || strcmp(hints->error, error) == 0) &&
            (!hints->description || strcasestr(description, hints->description)))
            return hints;
    return NULL;
}

/* error and error_description, as RFC 6749 section 5.2 has them. */
static bool tell_refusal(const struct oauth2 *oauth2, const struct https_response *response,
                         const struct oauth2_hint *hints, struct error *err)
{
    char clocks[160];
    char *error = scrub_copy(&oauth2->scrub, oauth2_answer(oauth2, "error"), WORDS_MAXIMUM);
    char *description =
        scrub_copy(&oauth2->scrub, oauth2_answer(oauth2, "error_description"), WORDS_MAXIMUM);
    const struct oauth2_hint *hint = find_hint(hints, error, description);
    enum reason reason = hint ? hint->reason : REASON_OAUTH_REFUSED;
    bool jwt = oauth2->way == OAUTH2_JWT && oauth2->subject;
    explain_clocks(oauth2, clocks, sizeof clocks);
    if (response->status == 429 || response->status >= 500)
        reason = REASON_SERVER_BUSY;
    error_set(err, reason, "%s refused %s of client \"%s\"%s%s%s: %s%s%s%s (HTTP %d)%s",
              oauth2->where, whats[oauth2->way], oauth2->client_id ? oauth2->client_id : "",
              jwt ? " for user \"" : "", jwt ? oauth2->subject : "", jwt ? "\"" : "", error,
              *description ? ": \"" : "", description, *description ? "\"" : "", response->status,
              clocks);
    if (clocks[0])
        error_remedy(err,
                     oauth2->clock_known && labs(oauth2->clock_ahead_s) >= SKEW_S
                         ? "set the clock of this host right (NTP): the JWT's times come from it"
                         : "store a new JWT: it is good for some minutes only; a PRIVATE_KEY "
                           "in the secret lets testconn make one for each test");
    else if (hint && reason == hint->reason)
        error_remedy(err, "%s", hint->remedy);
    free(error);
    free(description);
    return false;
}

/* An answer that is none of OAuth2's. */
static bool tell_foreign(const struct oauth2 *oauth2, const struct https_response *response,
                         struct error *err)
{
    int status = response->status;
    char *body = oauth2_describe_body(oauth2, response);
    const char *later = https_header(response, "Retry-After");
    if (status >= 300 && status < 400) {
        char *place = oauth2_redirect_place(oauth2, response);
        error_set(err, REASON_PROTOCOL_ERROR,
                  "%s answers the token request with a redirect to %s (HTTP %d), which is not "
                  "followed: secrets go to no other place",
                  oauth2->where, place, status);
        error_remedy(err, "set TokenUrl to the place where tokens are given out");
        free(place);
    } else if (status == 429 || status >= 500) {
        error_set(err, REASON_SERVER_BUSY,
                  "%s does not serve the token request now: HTTP %d, %s%s%.40s", oauth2->where,
                  status, body, later ? "; Retry-After: " : "", later ? later : "");
        error_remedy(err, "try again later; status.salesforce.com tells of outages");
    } else if (status == 401 || status == 403) {
        error_set(err, REASON_OAUTH_REFUSED, "%s refused %s of client \"%s\" with HTTP %d and %s",
                  oauth2->where, whats[oauth2->way], oauth2->client_id ? oauth2->client_id : "",
                  status, body);
    } else {
        error_set(err, REASON_PROTOCOL_ERROR,
                  "%s answers the token request with HTTP %d and %s, which is no answer of OAuth2",
                  oauth2->where, status, body);
        error_remedy(err, "check TokenUrl: host, and path (/services/oauth2/token)");
    }
    free(body);
    return false;
}

const char *oauth2_answer(const struct oauth2 *oauth2, const char *key)
{
    return json_string_value(json_object_get(oauth2->answer, key));
}

/* A token given to us is as secret as those we sent. */
static void hide_answer(struct oauth2 *oauth2)
{
    static const char *const keys[] = {"access_token", "refresh_token", "id_token", "signature"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        scrub_add(&oauth2->scrub, oauth2_answer(oauth2, keys[i]));
}

static bool read_answer(struct oauth2 *oauth2, const struct https_response *response,
                        const struct oauth2_hint *hints, struct error *err)
{
    oauth2->answer = json_loadb(response->body, response->body_length, 0, NULL);
    if (oauth2_answer(oauth2, "error"))
        return tell_refusal(oauth2, response, hints, err);
    const char *token = oauth2_answer(oauth2, "access_token");
    if (response->status != 200 || !json_is_object(oauth2->answer))
        return tell_foreign(oauth2, response, err);
    if (!token || !*token)
        return error_set(err, REASON_PROTOCOL_ERROR,
                         "%s answers the token request with HTTP 200 and JSON, but no access_token",
                         oauth2->where);
    hide_answer(oauth2);
    oauth2->access_token = token;
    return true;
}

bool oauth2_ask(struct probe *probe, struct oauth2 *oauth2, const struct oauth2_hint *hints,
                struct error *err)
{
    struct https_response response;
    if (!send_request(probe, oauth2, &response, err))
        return false;
    compare_clocks(probe, oauth2, &response);
    bool granted = read_answer(oauth2, &response, hints, err);
    https_response_release(&response);
    return granted;
}
