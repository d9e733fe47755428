/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql.c - PostgreSQL, Redshift and Aurora PostgreSQL through libpq. */
#include "postgresql.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NOWHERE "/nonexistent/testconn"
enum { KEYS_MAXIMUM = 32, OPTIONS_MAXIMUM = 2200, PORT_SIZE = 8, NOTICES_MAXIMUM = 10 };

/* Parameters for PQconnectStartParams(): never a pasted string. */
struct parameters {
    const char *keys[KEYS_MAXIMUM];
    const char *values[KEYS_MAXIMUM];
    int count;
    char port[PORT_SIZE];
    char options[OPTIONS_MAXIMUM];
};

static void give(struct parameters *parameters, const char *key, const char *value)
{
    if (!value || parameters->count >= KEYS_MAXIMUM - 1)
        return;
    parameters->keys[parameters->count] = key;
    parameters->values[parameters->count++] = value;
}

/* "options" of the URL and its currentSchema, which is an option too. */
static void give_options(struct parameters *parameters, const struct target *target)
{
    const char *options = target_parameter(target, "options");
    const char *schema = target_parameter(target, "search_path");
    char *out = parameters->options;
    snprintf(out, OPTIONS_MAXIMUM, "%s", options ? options : "");
    size_t used = strlen(out);
    if (schema && used + 32 < OPTIONS_MAXIMUM) {
        snprintf(out + used, OPTIONS_MAXIMUM - used, "%s-csearch_path=", used ? " " : "");
        used = strlen(out);
        /* In this value the server takes a backslash before blanks and backslashes. */
        for (; *schema && used + 3 < OPTIONS_MAXIMUM; schema++) {
            if (*schema == ' ' || *schema == '\\')
                out[used++] = '\\';
            out[used++] = *schema;
        }
        out[used] = '\0';
    }
    give(parameters, "options", used ? out : NULL);
}

/* The words of pgjdbc's targetServerType as libpq knows them; which of several hosts to prefer is
 * their order's. */
static const char *session_attributes(const struct target *target)
{
    static const struct {
        const char *jdbc;
        const char *libpq;
    } words[] = {{"master", "read-write"},
                 {"primary", "primary"},
                 {"slave", "standby"},
                 {"secondary", "standby"},
                 {"preferSlave", "prefer-standby"},
                 {"preferSecondary", "prefer-standby"}};
    const char *wanted = target_parameter(target, "target_session_attrs");
    for (size_t i = 0; wanted && i < sizeof words / sizeof *words; i++)
        if (strcasecmp(words[i].jdbc, wanted) == 0)
            return words[i].libpq;
    return "any";
}

/* In the lower case that libpq wants. */
static const char *channel_binding(const struct target *target)
{
    static const char *const words[] = {"disable", "prefer", "require"};
    const char *wanted = target_parameter(target, "channel_binding");
    for (size_t i = 0; wanted && i < sizeof words / sizeof *words; i++)
        if (strcasecmp(words[i], wanted) == 0)
            return words[i];
    return NULL;
}

static void fill(struct parameters *parameters, const struct session *session, const char *password)
{
    const struct target *target = session->target;
    const char *application = target_parameter(target, "application_name");
    snprintf(parameters->port, sizeof parameters->port, "%u", session->endpoint->port);
    give(parameters, "host", session->endpoint->host);
    give(parameters, "port", parameters->port);
    give(parameters, "user", target->user);
    give(parameters, "password", password);
    give(parameters, "dbname", target->database);
    /* Trust and name are the TLS observer's, by the policy; libpq only has to bring TLS up. */
    give(parameters, "sslmode", session->tls ? "require" : "disable");
    give(parameters, "gssencmode", "disable");
    give(parameters, "client_encoding", "UTF8");
    give(parameters, "application_name", application ? application : "testconn");
    give(parameters, "target_session_attrs", session_attributes(target));
    give(parameters, "channel_binding", channel_binding(target));
    give_options(parameters, target);
    /* Nothing of the user who runs us may leak in. */
    give(parameters, "passfile", NOWHERE);
    give(parameters, "sslrootcert", NOWHERE);
    give(parameters, "sslcert", NOWHERE);
    give(parameters, "sslkey", NOWHERE);
    give(parameters, "sslcrl", NOWHERE);
}

/* The first few: a server may have any number of them. */
static void see_notice(void *argument, const char *message)
{
    struct session *session = argument;
    struct server_words words;
    if (session->notices++ >= NOTICES_MAXIMUM)
        return;
    postgresql_read_words(message, &words);
    probe_finding(session->probe, SEVERITY_NOTE, "server-notice", NULL, "the server notes: %s%s%s",
                  words.text, words.sqlstate[0] ? ", SQLSTATE " : "", words.sqlstate);
}

static const char *awaited(const struct session *session)
{
    switch (probe_current_stage(session->probe)) {
    case STAGE_TLS:
        return probe_tls_state(session->probe) == TLS_STATE_NONE
                   ? "its answer to our request for TLS"
                   : "the TLS handshake";
    case STAGE_QUERY:
        return "the answer to SELECT 1";
    case STAGE_LOGIN:
        return "its answer to the login";
    case STAGE_INPUT:
    case STAGE_CREDENTIALS:
    case STAGE_CERTIFICATE:
    case STAGE_DNS:
    case STAGE_TCP:
    case STAGE_COUNT:
    default:
        return "its first words";
    }
}

/* Nothing more came, or too much. */
static bool tell_late(struct session *session, struct error *err)
{
    const char *protocol = probe_peer_protocol(session->probe);
    if (protocol && strcmp(protocol, "PostgreSQL") != 0)
        return error_set(err, REASON_WRONG_PROTOCOL, "%s speaks %s, not PostgreSQL", session->where,
                         protocol);
    return probe_timed_out(session->probe, PQsocket(session->conn), awaited(session), err);
}

bool postgresql_wait(struct session *session, short events, struct error *err)
{
    struct deadline deadline = probe_deadline(session->probe);
    struct pollfd wait = {.fd = PQsocket(session->conn), .events = events};
    int ready = 0;
    while (!deadline_passed(deadline) && (ready = poll(&wait, 1, deadline_left_ms(deadline))) < 0 &&
           errno == EINTR)
        continue;
    if (ready <= 0)
        return tell_late(session, err);
    if (wait.revents & POLLIN)
        probe_peek(session->probe, wait.fd);
    return true;
}

/* The stage that libpq's state stands for; the observers announce the others. */
static void announce(struct session *session)
{
    ConnStatusType status = PQstatus(session->conn);
    if (status == CONNECTION_SSL_STARTUP) {
        probe_stage(session->probe, STAGE_TLS);
    } else if (status == CONNECTION_AWAITING_RESPONSE) {
        probe_stage(session->probe, STAGE_LOGIN);
    }
}

static bool follow(struct session *session, struct error *err)
{
    PostgresPollingStatusType polling = PGRES_POLLING_WRITING;
    while (polling == PGRES_POLLING_READING || polling == PGRES_POLLING_WRITING) {
        if (!postgresql_wait(session, polling == PGRES_POLLING_READING ? POLLIN : POLLOUT, err))
            return false;
        announce(session);
        if (!postgresql_allows(session, err))
            return false;
        polling = PQconnectPoll(session->conn);
        if (polling != PGRES_POLLING_FAILED)
            announce(session);
    }
    return polling == PGRES_POLLING_OK || postgresql_explain(session, err);
}

/* A ticket or keytab that lies about on this host is not the definition's. */
static void hide_kerberos(void)
{
    setenv("KRB5CCNAME", "MEMORY:none", 1);
    setenv("KRB5_CLIENT_KTNAME", NOWHERE, 1);
    setenv("KRB5_CONFIG", "/dev/null", 1);
}

/* Connect and log in. The connection stays in SESSION either way, for close_session(). */
static bool log_in(struct session *session, const char *password, struct error *err)
{
    struct parameters parameters = {.count = 0};
    fill(&parameters, session, password);
    hide_kerberos();
    session->conn = PQconnectStartParams(parameters.keys, parameters.values, 0);
    if (!session->conn)
        return error_set(err, REASON_BUSY, "no memory for a connection");
    PQsetErrorVerbosity(session->conn, PQERRORS_VERBOSE);
    PQsetNoticeProcessor(session->conn, see_notice, session);
    if (PQstatus(session->conn) == CONNECTION_BAD)
        return postgresql_explain(session, err);
    return follow(session, err);
}

/* Say goodbye: a server should not have to find out, and no slot of it is held while another
 * attempt is made. */
static void close_session(struct session *session)
{
    PQfinish(session->conn);
    session->conn = NULL;
}

static void tell_server(const struct session *session)
{
    const char *version = PQparameterStatus(session->conn, "server_version");
    const char *standby = PQparameterStatus(session->conn, "in_hot_standby");
    bool redshift =
        session->target->subprotocol && strcmp(session->target->subprotocol, "redshift") == 0;
    /* "15.8 (Debian 15.8-0+deb12u1)": who packaged it is for the facts. */
    char number[64];
    snprintf(number, sizeof number, "%.*s", (int)strcspn(version ? version : "", " "),
             version ? version : "");
    probe_server(session->probe, redshift ? "Amazon Redshift" : "PostgreSQL",
                 number[0] ? number : NULL);
    probe_note(session->probe, "user", "%s", PQuser(session->conn));
    probe_note(session->probe, "database", "%s", PQdb(session->conn));
    if (version && strcmp(number, version) != 0)
        probe_note(session->probe, "server_version", "%s", version);
    if (standby)
        probe_note_boolean(session->probe, "standby", strcmp(standby, "on") == 0);
    probe_note_boolean(session->probe, "password_used", PQconnectionUsedPassword(session->conn));
}

/* Refused without TLS by pg_hba: would TLS help? Asked up to the question for the password, no
 * further. CERTIFICATE: with a client certificate only. */
static bool would_tls_help(const struct session *refused, bool *certificate)
{
    struct session session = *refused;
    struct server_words words;
    struct error ignored = ERROR_INIT;
    session.tls = true;
    probe_aside(session.probe, true);
    bool accepted = log_in(&session, NULL, &ignored);
    probe_aside(session.probe, false);
    postgresql_read_words(PQerrorMessage(session.conn), &words);
    *certificate = ignored.reason == REASON_TLS_CLIENT_CERT_REQUIRED;
    bool let_in = accepted || *certificate ||
                  (words.sqlstate[0] ? strcmp(words.sqlstate, "28000") != 0
                                     : PQconnectionNeedsPassword(session.conn));
    close_session(&session);
    return let_in;
}

static bool tell_tls_required(struct session *session, struct error *err)
{
    struct server_words words;
    bool certificate;
    postgresql_read_words(PQerrorMessage(session->conn), &words);
    if (session->tls || !postgresql_is_hba_without_tls(&words) ||
        deadline_passed(probe_deadline(session->probe)))
        return false;
    enum stage stage = probe_current_stage(session->probe);
    if (stage != STAGE_LOGIN || !would_tls_help(session, &certificate))
        return false;
    error_set(err, REASON_TLS_REQUIRED,
              "%s lets user \"%s\" in over TLS only%s: \"%s\" (SQLSTATE %s)", session->where,
              session->target->user, certificate ? ", and there with a client certificate" : "",
              words.text, words.sqlstate);
    return true;
}

static bool run(struct session *session, struct error *err)
{
    if (!log_in(session, session->target->password, err)) {
        tell_tls_required(session, err);
        return false;
    }
    tell_server(session);
    return postgresql_ask(session, err);
}

static bool attempt(struct probe *probe, const struct target *target,
                    const struct endpoint *endpoint, bool tls, struct error *err)
{
    struct session session = {.probe = probe, .target = target, .endpoint = endpoint, .tls = tls};
    snprintf(session.where, sizeof session.where, strchr(endpoint->host, ':') ? "[%s]:%u" : "%s:%u",
             endpoint->host, endpoint->port);
    bool accepted = run(&session, err);
    close_session(&session);
    return accepted;
}

static bool postgresql_test(struct probe *probe, const struct target *target, struct error *err)
{
    return probe_each_endpoint(probe, target, attempt, err);
}

/* A password hashed as for a login has libpq and OpenSSL find all that a login needs: some 2 ms. An
 * impossible parameter keeps libpq from connecting. */
static void postgresql_preload(void)
{
    const char *const keys[] = {"user", "sslmode", NULL};
    const char *const values[] = {"nobody", "none", NULL};
    PGconn *conn = PQconnectStartParams(keys, values, 0);
    PQfreemem(PQencryptPasswordConn(conn, "", "nobody", "scram-sha-256"));
    PQfinish(conn);
}

TESTCONN_DRIVER_MODULE = {
    .abi = TESTCONN_DRIVER_ABI,
    .name = "postgresql",
    .summary = "PostgreSQL, Amazon Redshift and Aurora PostgreSQL",
    .types = (const char *const[]){"JDBC", NULL},
    .subprotocols = (const char *const[]){"postgresql", "redshift", NULL},
    .engines =
        (const char *const[]){"postgresql", "postgres", "redshift", "aurora-postgresql", NULL},
    .default_port = 5432,
    .libraries = (const struct library[]){{"libpq.so.5", "libpq5"}, {NULL, NULL}},
    .preload = postgresql_preload,
    .test = postgresql_test,
};
