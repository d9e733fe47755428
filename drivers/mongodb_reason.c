/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_reason.c - what a server's error number means. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kerberos.h"
#include "mongodb_driver.h"

enum { WORDS_SIZE = 512, WIRE_MECHANISMS = 7 }; /* saslSupportedMechs: MongoDB 4.0 */

/* MongoDB's numbers, and those of others that speak its protocol. */
static const struct {
    int code;
    enum reason reason;
} meanings[] = {
    {6, REASON_SERVER_STARTING},     /* HostUnreachable: what stands behind a router */
    {7, REASON_SERVER_STARTING},     /* HostNotFound */
    {11, REASON_LOGIN_REFUSED},      /* UserNotFound */
    {13, REASON_PERMISSION_DENIED},  /* Unauthorized */
    {18, REASON_LOGIN_REFUSED},      /* AuthenticationFailed */
    {24, REASON_SERVER_BUSY},        /* LockTimeout */
    {26, REASON_DATABASE_MISSING},   /* NamespaceNotFound */
    {50, REASON_SERVER_BUSY},        /* MaxTimeMSExpired */
    {73, REASON_DATABASE_MISSING},   /* InvalidNamespace */
    {89, REASON_SERVER_STARTING},    /* NetworkTimeout */
    {91, REASON_SERVER_STARTING},    /* ShutdownInProgress */
    {94, REASON_SERVER_STARTING},    /* NotYetInitialized */
    {133, REASON_SERVER_STARTING},   /* FailedToSatisfyReadPreference: a shard has no primary */
    {146, REASON_SERVER_BUSY},       /* ExceededMemoryLimit */
    {189, REASON_SERVER_STARTING},   /* PrimarySteppedDown */
    {202, REASON_SERVER_BUSY},       /* NetworkInterfaceExceededTimeLimit */
    {262, REASON_SERVER_BUSY},       /* ExceededTimeLimit */
    {334, REASON_LOGIN_METHOD},      /* MechanismUnavailable */
    {391, REASON_LOGIN_REFUSED},     /* ReauthenticationRequired */
    {462, REASON_SERVER_BUSY},       /* IngressRequestRateLimitExceeded */
    {8000, REASON_LOGIN_REFUSED},    /* AtlasError: "bad auth" and its like */
    {9001, REASON_SERVER_STARTING},  /* SocketException */
    {10107, REASON_SERVER_STARTING}, /* NotWritablePrimary */
    {11600, REASON_SERVER_STARTING}, /* InterruptedAtShutdown */
    {11602, REASON_SERVER_STARTING}, /* InterruptedDueToReplStateChange */
    {13435, REASON_SERVER_STARTING}, /* NotPrimaryNoSecondaryOk */
    {13436, REASON_SERVER_STARTING}, /* NotPrimaryOrSecondary: recovering */
    {16500, REASON_SERVER_BUSY},     /* request rate too large (Cosmos DB) */
};

static enum reason find_meaning(const struct session *session, int code)
{
    bool login = probe_current_stage(session->probe) == STAGE_LOGIN;
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (meanings[i].code != code)
            continue;
        if (login && meanings[i].reason == REASON_PERMISSION_DENIED)
            return REASON_LOGIN_NOT_ALLOWED;
        if (!login && meanings[i].reason == REASON_LOGIN_REFUSED)
            return REASON_PERMISSION_DENIED;
        return meanings[i].reason;
    }
    return REASON_QUERY_FAILED;
}

/* "(error 18, AuthenticationFailed)" */
static void describe(const struct server_error *said, char *out, size_t size)
{
    if (said->code)
        snprintf(out, size, "error %d%s%s", said->code, said->name[0] ? ", " : "", said->name);
    else
        snprintf(out, size, "%s", said->name[0] ? said->name : "no error number");
}

/* SERVER_STARTING is about more than a start. */
static const char *remedy_of_state(int code)
{
    switch (code) {
    case 6:
    case 7:
    case 89:
    case 133:
    case 9001:
        return "see that what stands behind this server - shards, config servers - is up and can "
               "be reached from it";
    case 91:
    case 11600:
        return "the server is shutting down: wait until it is up again";
    case 94:
        return "initiate the replica set at the server (rs.initiate()), or wait until whoever sets "
               "it up has done so";
    case 189:
    case 10107:
    case 11602:
    case 13435:
    case 13436:
        return "wait for the election, or for the member's recovery to end (rs.status())";
    default:
        return NULL;
    }
}

static void add_remedy(const struct session *session, const struct server_error *said,
                       struct error *err)
{
    const char *state = remedy_of_state(said->code);
    if (state)
        error_remedy(err, "%s", state);
    else if (err->reason == REASON_PERMISSION_DENIED && session->target->database)
        error_remedy(err,
                     "grant user \"%s\" a role on the database \"%s\": "
                     "db.grantRolesToUser(...), for reading the role \"read\"",
                     session->target->user ? session->target->user : "", session->target->database);
}

bool reason_of_server(const struct session *session, const struct server_error *said,
                      const char *asked, struct error *err)
{
    char code[128];
    const struct target *target = session->target;
    bool query = probe_current_stage(session->probe) == STAGE_QUERY;
    const char *database = query ? target->database : NULL;
    if (!said->code && !said->text[0])
        return error_set(
            err, REASON_PROTOCOL_ERROR,
            "%s answers %s with a document that says neither that all is well nor what "
            "is wrong",
            session->where, asked);
    describe(said, code, sizeof code);
    error_set(err, find_meaning(session, said->code),
              "%s refused %s %s user \"%s\"%s%s%s: \"%s\" (%s)", session->where, asked,
              query ? "to" : "of", target->user ? target->user : "",
              database ? " (database \"" : "", database ? database : "", database ? "\")" : "",
              said->text[0] ? said->text : "(no words)", code);
    add_remedy(session, said, err);
    return false;
}

/* Some servers have one number for both: then the words decide. */
static bool is_about_mechanism(const struct server_error *said)
{
    return said->code == 334 || said->code == 59 ||
           (strcasestr(said->text, "mechanism") &&
            (strcasestr(said->text, "unsupported") || strcasestr(said->text, "not enabled") ||
             strcasestr(said->text, "not supported") || strcasestr(said->text, "unavailable") ||
             strcasestr(said->text, "unknown") ||
             strcasestr(said->text, "credentials registered")));
}

static void list_mechanisms(const struct hello *hello, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%s", hello->mechanism_count ? "" : "none");
    for (size_t i = 0; i < hello->mechanism_count && used < size; i++)
        used +=
            (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", hello->mechanisms[i]);
}

static bool tell_mechanism(const struct session *session, const struct server_error *said,
                           const char *mechanism, const char *code, struct error *err)
{
    char offered[300] = "";
    list_mechanisms(&session->hello, offered, sizeof offered);
    error_set(err, REASON_LOGIN_METHOD,
              "%s does not let user \"%s\" log in by %s (database \"%s\"): \"%s\" (%s)%s%s",
              session->where, session->target->user ? session->target->user : "", mechanism,
              session->login->source, said->text, code,
              session->hello.lists_mechanisms ? "; it offers the account " : "",
              session->hello.lists_mechanisms ? offered : "");
    if (session->hello.mechanism_count)
        error_remedy(err, "use authMechanism=%s in the URL, or make the account for %s",
                     session->hello.mechanisms[0], mechanism);
    else
        error_remedy(err,
                     "turn %s on at the server (authenticationMechanisms), or use another "
                     "authMechanism in the URL",
                     mechanism);
    error_property(err, session->target->host_property);
    error_brief(err, "%s is not possible for user \"%s\"", mechanism,
                session->target->user ? session->target->user : "");
    return false;
}

/* The server knows no user of the certificate's name, or another name was asked for. */
static bool tell_certificate(const struct session *session, const struct server_error *said,
                             const char *code, struct error *err)
{
    char *subject = identity_subject(session->identity);
    const char *user = session->target->user;
    bool named = user && strchr(user, '=') && strcmp(user, subject) != 0;
    error_set(err, REASON_LOGIN_REFUSED,
              "%s refused the client certificate of \"%s\" (MONGODB-X509), looked up in the "
              "database \"%s\"%s%s%s: \"%s\" (%s)",
              session->where, subject, session->login->source, named ? ", as user \"" : "",
              named ? user : "", named ? "\"" : "", said->text, code);
    error_remedy(
        err,
        "make a user named \"%s\" in the database \"$external\", or use the certificate of "
        "a user that is there",
        subject);
    error_brief(err, "refused the certificate of \"%s\"", subject);
    free(subject);
    return false;
}

/* The ticket was there, and the server did not take it or knows no such user. */
static bool tell_kerberos(const struct session *session, const struct server_error *said,
                          const char *code, struct error *err)
{
    char ticket[WORDS_SIZE];
    kerberos_describe_ticket(ticket, sizeof ticket);
    error_set(err, REASON_KERBEROS_FAILED,
              "%s refused user \"%s\" (GSSAPI), looked up in the database \"%s\": \"%s\" (%s); %s",
              session->where, session->target->user, session->login->source, said->text, code,
              ticket);
    error_remedy(
        err,
        "see the server's log; make the user \"%s\" in the database \"$external\" if it is "
        "not there",
        session->target->user);
    return error_property(err, session->target->user_property);
}

bool reason_of_login(const struct session *session, const struct server_error *said,
                     const char *mechanism, struct error *err)
{
    char code[128];
    const char *user = session->target->user ? session->target->user : "";
    const struct login *login = session->login;
    describe(said, code, sizeof code);
    if (is_about_mechanism(said))
        return tell_mechanism(session, said, mechanism, code, err);
    enum reason reason = find_meaning(session, said->code);
    if (reason != REASON_LOGIN_REFUSED)
        return reason_of_server(session, said, "the login", err);
    if (strcmp(mechanism, "GSSAPI") == 0)
        return tell_kerberos(session, said, code, err);
    if (session->identity && strcmp(mechanism, "MONGODB-X509") == 0)
        return tell_certificate(session, said, code, err);
    bool unknown = session->asked_mechanisms && session->hello.mechanism_count == 0 &&
                   session->hello.maximum_wire >= WIRE_MECHANISMS;
    error_set(
        err, reason,
        "%s refused user \"%s\" (%s), looked up in the database \"%s\" (%s): \"%s\" (%s)%s",
        session->where, user, mechanism, login->source, login->source_comes, said->text, code,
        unknown
            ? "; asked how this account may log in, it names no way, so it probably knows no such "
              "account in that database"
            : "");
    error_remedy(err,
                 "check user name and password, and the database that the account was made in: it "
                 "is looked up in \"%s\"; authSource=DATABASE in the URL names another",
                 login->source);
    error_brief(err, "refused user \"%s\" (%s, authSource %s)", user, mechanism, login->source);
    return error_property(err, session->target->password_property);
}
