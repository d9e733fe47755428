/* SPDX-License-Identifier: Apache-2.0 */
/* oauth2.h - a token by OAuth2 (RFC 6749, RFC 7523): what is needed for it, the request, the
 * answer - and no secret in any message. */
#ifndef OAUTH2_H
#define OAUTH2_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "https.h"
#include "oauth2_scrub.h"
#include "testconn/driver.h"

#define TOKEN_URL_PROPERTY "AuthenticationConfiguration.OAuth2Properties.TokenUrl"

/* How the token is got. */
enum oauth2_way {
    OAUTH2_CLIENT_CREDENTIALS,
    OAUTH2_REFRESH_TOKEN,
    OAUTH2_JWT,
    OAUTH2_CODE,
    OAUTH2_ACCESS_TOKEN, /* there is one already */
    OAUTH2_NONE,         /* it cannot be had without using the code up */
};

/* A login: what the definition and the secret say, and what came of it. All is borrowed from the
 * target or from SECRET, for the life of the process. */
struct oauth2 {
    enum oauth2_way way;
    json_t *secret; /* the secret's object, or NULL */
    const char *token_url;
    const char *client_id;
    const char *managed_client; /* an application of AWS's, whose secret nobody else has */
    const char *client_secret;
    const char *redirect_uri;
    const char *code;
    const char *refresh_token;
    const char *access_token;
    const char *assertion; /* the JWT */
    const char *private_key;
    const char *subject; /* as whom the JWT logs in */
    const char *audience;
    int64_t expires;         /* of the JWT, in seconds since 1970; 0: it does not say */
    json_t *parameters;      /* TokenUrlParametersMap, or NULL */
    const char *secret_path; /* the property that named the secret */
    const char *proxy;       /* of the operator, and who is asked without it; NULL: none */
    const char *proxy_exceptions;
    struct scrub scrub;
    char where[300];    /* "login.example:443" */
    long clock_ahead_s; /* by how much our clock is ahead of the token host's */
    bool clock_known;
    json_t *answer; /* the token's, an object */
};

/* Read what TARGET and its secret hold, and decide the way. Runs in `credentials`. False with ERR
 * set to SECRET_FORMAT: what the grant needs is not there; the message names the keys that are. */
bool oauth2_read(struct probe *probe, const struct target *target, struct oauth2 *oauth2,
                 struct error *err);

/* Make OAUTH2's JWT from its private key, or hold the given one against what it should say: what is
 * wrong with it is a finding. False with ERR set to SECRET_FORMAT: there is none to be had. */
bool oauth2_take_jwt(struct probe *probe, struct oauth2 *oauth2, struct error *err);

/* What a refusal means and what to do about it. */
struct oauth2_hint {
    const char *error;       /* "invalid_grant"; NULL: any */
    const char *description; /* a piece of it, lower case; NULL: any */
    enum reason reason;
    const char *remedy;
};

/*
 * Ask for the token; `login` begins when TLS is up. True: OAUTH2 has an access token. False with
 * ERR set: OAUTH_REFUSED with the host's error and error_description or what HINTS (ended by a
 * REASON_NONE) know better, SERVER_BUSY, PROTOCOL_ERROR (no answer of OAuth2's), or https_send()'s.
 */
bool oauth2_ask(struct probe *probe, struct oauth2 *oauth2, const struct oauth2_hint *hints,
                struct error *err);

/* A member of the token's answer, or NULL. */
const char *oauth2_answer(const struct oauth2 *oauth2, const char *key);

/* "an HTML page: "Maintenance"", "text that is not JSON: "..."": what RESPONSE has in place of an
 * answer; scrubbed, the caller frees it. */
char *oauth2_describe_body(const struct oauth2 *oauth2, const struct https_response *response);

/* "https://other.example" of a redirect's Location, without its path; the caller frees it. */
char *oauth2_redirect_place(const struct oauth2 *oauth2, const struct https_response *response);

/* "10 min": seconds for people. OUT holds at least 32 bytes. */
void oauth2_duration(char *out, long seconds);

/* "2026-11-25T07:40:00Z". OUT holds at least 32 bytes. */
void oauth2_time(char *out, int64_t seconds);

#endif
