/* SPDX-License-Identifier: Apache-2.0 */
/* salesforce_reason.c - what Salesforce's errors mean and what to do about each. */
#include <string.h>

#include "salesforce.h"

/* The more special first: descriptions before the errors they come with. */
const struct oauth2_hint salesforce_token_hints[] = {
    {NULL, "request not supported on this domain", REASON_OAUTH_REFUSED,
     "set TokenUrl to your My Domain host, https://NAME.my.salesforce.com/services/oauth2/token: "
     "login.salesforce.com and test.salesforce.com do not know this grant"},
    {NULL, "no client credentials user enabled", REASON_OAUTH_REFUSED,
     "in the connected app, turn on the client credentials flow and choose the user it runs as"},
    {NULL, "hasn't approved this consumer", REASON_OAUTH_REFUSED,
     "pre-authorise the user: set the connected app's Permitted Users to \"Admin approved users "
     "are pre-authorized\", and give the user's profile or a permission set access to the app"},
    {NULL, "not admin approved", REASON_OAUTH_REFUSED,
     "give the user's profile or a permission set access to the connected app: its users have to "
     "be pre-authorised by an administrator"},
    {NULL, "audience is invalid", REASON_OAUTH_REFUSED,
     "make the JWT out to (aud) https://login.salesforce.com, or https://test.salesforce.com for a "
     "sandbox; the key AUDIENCE of the secret sets it"},
    {NULL, "invalid assertion", REASON_OAUTH_REFUSED,
     "check that the JWT was signed (RS256) with the private key of the certificate in the "
     "connected app, that it has not expired, and the clock of this host"},
    {NULL, "expired authorization code", REASON_OAUTH_REFUSED,
     "have a new code issued: one can be used once, and for some minutes only; a refresh token in "
     "the secret needs none"},
    {NULL, "expired access/refresh token", REASON_OAUTH_REFUSED,
     "authorise the connected app again and store the new refresh token; the app's refresh token "
     "policy says how long one is good"},
    {NULL, "inactive user", REASON_LOGIN_NOT_ALLOWED,
     "activate the Salesforce user, or unfreeze it, or log in as another one"},
    {NULL, "inactive organization", REASON_LOGIN_NOT_ALLOWED,
     "ask Salesforce about the organisation: it was locked, or its contract or trial has ended"},
    {NULL, "ip restricted", REASON_LOGIN_NOT_ALLOWED,
     "let this host's address in: the login IP ranges of the user's profile, or relax the IP "
     "restrictions of the connected app"},
    {NULL, "login rate exceeded", REASON_SERVER_BUSY,
     "wait: Salesforce takes 3,600 logins an hour of one user; fetch tokens less often"},
    {NULL, "authentication failure", REASON_OAUTH_REFUSED,
     "check the user and the secret, and that the host is right: login.salesforce.com for "
     "production, test.salesforce.com for sandboxes, or the My Domain host where the organisation "
     "lets users log in there only"},
    {"invalid_client_id", NULL, REASON_OAUTH_REFUSED,
     "copy the consumer key of the connected app into UserManagedClientApplicationClientId; a new "
     "app is known everywhere after ten minutes only"},
    {"invalid_client", NULL, REASON_OAUTH_REFUSED,
     "check the consumer secret of the connected app: the key "
     "USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET of the secret"},
    {"invalid_app_access", NULL, REASON_OAUTH_REFUSED,
     "give the user's profile or a permission set access to the connected app"},
    {"unsupported_grant_type", NULL, REASON_OAUTH_REFUSED,
     "turn this flow on in the connected app, and check that TokenUrl is the host of that app's "
     "organisation"},
    {"unauthorized_client", NULL, REASON_OAUTH_REFUSED, "turn this flow on in the connected app"},
    {"redirect_uri_mismatch", NULL, REASON_OAUTH_REFUSED,
     "set RedirectUri to the callback URL of the connected app for which the code was issued"},
    {"invalid_scope", NULL, REASON_OAUTH_REFUSED,
     "ask only for scopes that the connected app has (TokenUrlParametersMap)"},
    {"temporarily_unavailable", NULL, REASON_SERVER_BUSY,
     "try again later; status.salesforce.com tells of outages"},
    {"server_error", NULL, REASON_SERVER_BUSY,
     "try again later; status.salesforce.com tells of outages"},
    {NULL, NULL, REASON_NONE, NULL},
};

static const struct oauth2_hint rest_hints[] = {
    {"INVALID_SESSION_ID", NULL, REASON_PERMISSION_DENIED,
     "check that INSTANCE_URL is the instance of the organisation that the token is for, and that "
     "the connected app has the scope \"api\""},
    {"API_DISABLED_FOR_ORG", NULL, REASON_PERMISSION_DENIED,
     "turn API access on: the user's profile needs \"API Enabled\", and the edition has to have "
     "the "
     "API"},
    {"API_CURRENTLY_DISABLED", NULL, REASON_PERMISSION_DENIED,
     "give the user's profile the permission \"API Enabled\""},
    {"REQUEST_LIMIT_EXCEEDED", NULL, REASON_SERVER_BUSY,
     "wait until the organisation's API requests of the last 24 hours are fewer, or buy more"},
    {"SERVER_UNAVAILABLE", NULL, REASON_SERVER_BUSY,
     "try again later; status.salesforce.com tells of outages"},
    {"INSUFFICIENT_ACCESS", NULL, REASON_PERMISSION_DENIED,
     "give the user the right that Salesforce names"},
    {"CLIENT_NOT_ACCESSIBLE_FOR_USER", NULL, REASON_PERMISSION_DENIED,
     "give the user's profile or a permission set access to the connected app"},
    {"ORG_LOCKED", NULL, REASON_LOGIN_NOT_ALLOWED,
     "ask Salesforce about the organisation: it is locked"},
    {"IP_RESTRICTED", NULL, REASON_LOGIN_NOT_ALLOWED,
     "let this host's address in: the login IP ranges of the user's profile"},
};

const struct oauth2_hint *salesforce_rest_hint(const char *code)
{
    for (size_t i = 0; i < sizeof rest_hints / sizeof *rest_hints; i++)
        if (strcmp(rest_hints[i].error, code) == 0)
            return &rest_hints[i];
    return NULL;
}
