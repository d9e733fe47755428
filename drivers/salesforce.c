/* SPDX-License-Identifier: Apache-2.0 */
/* salesforce.c - Salesforce: a token by OAuth2 from its login host, proven on the instance. */
#include "salesforce.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "testconn/stream.h"

/* One test's login; of one endpoint there is one attempt. */
static struct oauth2 login;

/* A proxy connects for a request only: one that says nothing of ours. */
static bool reach_by_proxy(struct probe *probe, const char *proxy, struct error *err)
{
    struct https_request request = {.method = "HEAD",
                                    .url = login.token_url,
                                    .what = "a request without a login",
                                    .proxy = proxy,
                                    .property = TOKEN_URL_PROPERTY,
                                    .stage = STAGE_TLS};
    struct https_response response;
    struct https *https = https_new(probe);
    bool reached = https_send(https, &request, &response, err);
    https_response_release(&response);
    https_free(https);
    return reached;
}

/* TLS and no more: nothing of the definition can be shown without using the code up. */
static bool reach_token_host(struct probe *probe, const struct endpoint *endpoint,
                             struct error *err)
{
    const char *proxy = https_proxy_of(login.token_url, login.proxy, login.proxy_exceptions);
    if (proxy)
        return reach_by_proxy(probe, proxy, err);
    struct stream *stream = stream_open(probe, endpoint, err);
    bool reached = stream && stream_secure(stream, NULL, err);
    stream_close(stream);
    return reached;
}

static void tell_unproven(struct probe *probe)
{
    probe_finding(
        probe, SEVERITY_WARNING, "code-left-alone",
        "AuthenticationConfiguration.OAuth2Properties.AuthorizationCodeProperties",
        "%s is there and its certificate is good; the login was not proven, nor client id, client "
        "secret, code and INSTANCE_URL: %s. A refresh token in the secret (key REFRESH_TOKEN) "
        "would "
        "prove them",
        login.where,
        login.code ? "an authorization code is used up by its first use, so a test of a "
                     "stored definition leaves it alone"
        : login.managed_client
            ? "the client application is managed by AWS, and only Glue has its "
              "secret"
            : "the definition has no authorization code, nor the secret a token");
}

/* The key of the secret that says NAME, whatever its case; NAME itself where there is none. */
static const char *key_of(const char *name)
{
    const char *key;
    json_t *value;
    json_object_foreach(login.secret, key, value)
    {
        if (strcasecmp(key, name) == 0)
            return key;
    }
    return name;
}

/* The secret with the tokens of the answer in it. */
static void keep_tokens(struct probe *probe)
{
    static const char *const members[][2] = {{"ACCESS_TOKEN", "access_token"},
                                             {"REFRESH_TOKEN", "refresh_token"}};
    json_t *secret = login.secret ? json_deep_copy(login.secret) : json_object();
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const char *token = oauth2_answer(&login, members[i][1]);
        if (token)
            json_object_set_new(secret, key_of(members[i][0]), json_string(token));
    }
    char *content = json_dumps(secret, JSON_COMPACT);
    probe_keep_secret(probe, content);
    explicit_bzero(content, strlen(content));
    free(content);
    json_decref(secret);
}

static void note_answer(struct probe *probe, bool keep)
{
    static const char *const keys[] = {"token_type", "scope", "issued_at"};
    const char *refresh = oauth2_answer(&login, "refresh_token");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char *value = scrub_copy(&login.scrub, oauth2_answer(&login, keys[i]), 200);
        if (*value)
            probe_note(probe, keys[i], "%s", value);
        free(value);
    }
    if (login.client_id)
        probe_note(probe, "client_id", "%s", login.client_id);
    if (login.way == OAUTH2_CODE)
        probe_finding(probe, SEVERITY_WARNING, "code-used",
                      "AuthenticationConfiguration.OAuth2Properties.AuthorizationCodeProperties",
                      "the test exchanged the authorization code: it is used up%s",
                      keep ? "" : ", and the tokens that came for it were not kept");
    if (!keep && login.way == OAUTH2_REFRESH_TOKEN && refresh &&
        strcmp(refresh, login.refresh_token) != 0)
        probe_finding(
            probe, SEVERITY_WARNING, "refresh-token-rotated", login.secret_path,
            "%s gave a new refresh token in exchange for the stored one, which may be no "
            "longer good: the connected app rotates them (--write-back keeps the new one)",
            login.where);
}

static bool attempt(struct probe *probe, const struct target *target,
                    const struct endpoint *endpoint, bool tls, struct error *err)
{
    (void)tls;
    if (login.way == OAUTH2_NONE || login.way == OAUTH2_ACCESS_TOKEN) {
        if (!reach_token_host(probe, endpoint, err))
            return false;
        if (login.way == OAUTH2_NONE) {
            tell_unproven(probe);
            return true;
        }
        probe_finding(
            probe, SEVERITY_NOTE, "access-token-used", login.secret_path,
            "the access token of the secret was shown to the instance; that a new one can "
            "be had was not proven");
        return salesforce_ask_instance(probe, target, &login, err);
    }
    if (!oauth2_ask(probe, &login, salesforce_token_hints, err))
        return false;
    note_answer(probe, target->write_back);
    if (target->write_back)
        keep_tokens(probe);
    return salesforce_ask_instance(probe, target, &login, err);
}

static bool salesforce_test(struct probe *probe, const struct target *target, struct error *err)
{
    return oauth2_read(probe, target, &login, err) &&
           probe_each_endpoint(probe, target, attempt, err);
}

TESTCONN_DRIVER_MODULE = {
    .abi = TESTCONN_DRIVER_ABI,
    .name = "salesforce",
    .summary = "Salesforce by OAuth2",
    .types = (const char *const[]){"SALESFORCE", NULL},
    .default_port = 443,
    .libraries = (const struct library[]){{"libcurl.so.4", "libcurl4"},
                                          {"libjansson.so.4", "libjansson4"},
                                          {NULL, NULL}},
    .preload = https_preload,
    .test = salesforce_test,
};
