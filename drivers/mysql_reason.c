/* SPDX-License-Identifier: Apache-2.0 */
/* mysql_reason.c - what the numbers of MySQL's, MariaDB's and the client library's errors mean. */
#include <errmsg.h>
#include <stdio.h>
#include <string.h>

#include "mysql_driver.h"

#define SHUTTING_DOWN "the server is going down: wait until it is back, or start it again"
#define OUT_OF_MEMORY "the server has no memory left: look at its limits"
#define TIME_LIMIT                                                                                 \
    "the server cancelled our SELECT 1: look for a limit of time (max_statement_time, "            \
    "max_execution_time) of the account or the server"
#define BEHIND_PROXY                                                                               \
    "a proxy answers (MySQL Router, ProxySQL, MaxScale) that reaches no server behind it: look "   \
    "at "                                                                                          \
    "its log, and try there"
#define LOST_TO_SERVER "look at the server's log and, if its process has ended, at why"

/* From the server (MySQL Server Error Message Reference; MariaDB Error Codes). */
static const struct meaning {
    unsigned number;
    enum reason reason;
    const char *remedy; /* NULL: the reason's own */
} meanings[] = {
    {1021, REASON_SERVER_BUSY, "the server's disk is full: make room"},
    {1037, REASON_SERVER_BUSY, OUT_OF_MEMORY},
    {1038, REASON_SERVER_BUSY, OUT_OF_MEMORY},
    {1040, REASON_SERVER_BUSY, "close sessions, or raise max_connections on the server"},
    {1041, REASON_SERVER_BUSY, OUT_OF_MEMORY},
    {1042, REASON_LOGIN_NOT_ALLOWED,
     "the server finds no name for this host's address: have one put into its DNS, or set "
     "skip_name_resolve on the server"},
    {1043, REASON_PROTOCOL_ERROR, NULL},
    {1044, REASON_PERMISSION_DENIED,
     "GRANT the user a right on the database; the server says the same of a database that does not "
     "exist"},
    {1045, REASON_LOGIN_REFUSED, NULL},
    {1047, REASON_SERVER_STARTING, "wait until the cluster node has joined and is in sync"},
    {1049, REASON_DATABASE_MISSING, NULL},
    {1053, REASON_SERVER_STARTING, SHUTTING_DOWN},
    {1059, REASON_DATABASE_MISSING, "correct the name of the database: it is too long for one"},
    {1077, REASON_SERVER_STARTING, SHUTTING_DOWN},
    {1079, REASON_SERVER_STARTING, SHUTTING_DOWN},
    {1102, REASON_DATABASE_MISSING, NULL},
    {1129, REASON_LOGIN_NOT_ALLOWED,
     "FLUSH HOSTS (TRUNCATE performance_schema.host_cache) on the server, and find out what "
     "connected from here without logging in: port probes and health checks count"},
    {1130, REASON_LOGIN_NOT_ALLOWED,
     "create an account for this host on the server (CREATE USER 'name'@'host')"},
    {1135, REASON_SERVER_BUSY, "the server has no thread left: look at its memory and limits"},
    {1142, REASON_PERMISSION_DENIED, NULL},
    {1143, REASON_PERMISSION_DENIED, NULL},
    {1152, REASON_CONNECTION_CLOSED, NULL},
    {1158, REASON_CONNECTION_CLOSED, NULL},
    {1159, REASON_CONNECTION_CLOSED, NULL},
    {1184, REASON_QUERY_FAILED,
     "a statement that the server runs at each login (init_connect) fails for this user: see the "
     "server's log"},
    {1203, REASON_SERVER_BUSY, "close sessions of this user, or raise max_user_connections"},
    {1226, REASON_SERVER_BUSY,
     "wait, or raise the limit of the account (ALTER USER ... WITH MAX_...)"},
    {1227, REASON_PERMISSION_DENIED, NULL},
    {1251, REASON_LOGIN_METHOD, NULL},
    {1275, REASON_LOGIN_METHOD,
     "set the password again on the server: it is stored in the format before MySQL 4.1"},
    {1396, REASON_LOGIN_REFUSED, NULL},
    {1524, REASON_LOGIN_METHOD,
     "load the login plugin on the server, or give the account one that it has"},
    {1698, REASON_LOGIN_METHOD,
     "the account logs in by another way than a password (unix_socket, auth_socket): give it a "
     "password plugin, or use another account. If it has a password as well, that is not the one "
     "given here"},
    {1820, REASON_LOGIN_NOT_ALLOWED,
     "the password has expired: set a new one (ALTER USER ... IDENTIFIED BY)"},
    {1862, REASON_LOGIN_NOT_ALLOWED,
     "the password has expired: set a new one (ALTER USER ... IDENTIFIED BY)"},
    {1927, REASON_CONNECTION_CLOSED, NULL},
    {1969, REASON_QUERY_FAILED, TIME_LIMIT},
    {3024, REASON_QUERY_FAILED, TIME_LIMIT},
    {3032, REASON_SERVER_STARTING,
     "the server is in offline mode: SET GLOBAL offline_mode = OFF, or wait for its operator"},
    {3118, REASON_LOGIN_NOT_ALLOWED, "ALTER USER ... ACCOUNT UNLOCK on the server"},
    {3159, REASON_TLS_REQUIRED,
     "the server takes logins over TLS only (require_secure_transport): see why TLS did not come "
     "up, or whether the URL switches it off"},
    {3168, REASON_SERVER_STARTING,
     "the server is not yet ready for logins by network: wait until it has started"},
    {3170, REASON_SERVER_BUSY, OUT_OF_MEMORY},
    {3950, REASON_LOGIN_NOT_ALLOWED, NULL},
    {3955, REASON_LOGIN_NOT_ALLOWED,
     "too many failed logins have locked the account: wait, or ALTER USER ... ACCOUNT UNLOCK, and "
     "find out who tries a wrong password"},
    {4031, REASON_CONNECTION_CLOSED, NULL},
    {4150, REASON_LOGIN_NOT_ALLOWED,
     "too many wrong passwords (max_password_errors) have shut the account out: FLUSH PRIVILEGES, "
     "and find out who tries a wrong password"},
    {4151, REASON_LOGIN_NOT_ALLOWED, "ALTER USER ... ACCOUNT UNLOCK on the server"},
    {2002, REASON_SERVER_BUSY, BEHIND_PROXY},
    {2003, REASON_SERVER_BUSY, BEHIND_PROXY},
    {2005, REASON_SERVER_BUSY, BEHIND_PROXY},
    {2006, REASON_SERVER_BUSY, BEHIND_PROXY},
    {2013, REASON_SERVER_BUSY, BEHIND_PROXY},
    {9001, REASON_SERVER_BUSY, "ProxySQL reaches no server behind it: look there"},
    {9002, REASON_TLS_REQUIRED, NULL}, /* Azure's gateway */
    {9501, REASON_SERVER_BUSY,
     "RDS Proxy gets no connection to the database: see its target group, its secret and its pool"},
};

/* Errors that the client library gives itself. */
static bool is_own(unsigned number)
{
    return (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR) || (number >= 5000 && number < 6000);
}

static const struct meaning *find_meaning(unsigned number)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].number == number)
            return &meanings[i];
    return NULL;
}

static const char *property_of(const struct target *target, enum reason reason)
{
    if (reason == REASON_LOGIN_REFUSED)
        return target->password_property;
    if (reason == REASON_LOGIN_NOT_ALLOWED || reason == REASON_LOGIN_METHOD)
        return target->user_property;
    return reason == REASON_DATABASE_MISSING || reason == REASON_PERMISSION_DENIED
               ? target->database_property
               : NULL;
}

/* 1045 has many causes and the server tells few: what rules some of them out is said. */
static void advise_refused(const struct session *session, const char *words, struct error *err)
{
    const char *method = mysql_method(session);
    bool given = session->target->password && *session->target->password;
    if (!given)
        error_remedy(err, "give a password: the one given is empty, and the account has one");
    else if (strstr(words, "using password: NO"))
        error_remedy(err,
                     "the server refused the account before it looked at the password (an account "
                     "that nobody may log in to), or by another system's word (PAM; it asked for "
                     "the login method \"%s\"): see the server's log, and use an account with a "
                     "password of its own",
                     method);
    else if (strstr(words, "for user ''@"))
        error_remedy(err, "drop the anonymous account ''@'localhost' on the server: it goes before "
                          "the one named here");
    else
        error_remedy(err,
                     "check USERNAME and PASSWORD; the server says the same of an unknown user, a "
                     "wrong password, an account for other client hosts%s",
                     session->tls ? ", and one that demands a client certificate or a second factor"
                                  : ", and one that demands TLS (REQUIRE SSL)");
}

/* What NUMBER means; of one that we do not know its class tells, or where it was said. */
static enum reason find_reason(const struct session *session, unsigned number, const char *sqlstate)
{
    const struct meaning *meaning = find_meaning(number);
    /* A password method was asked for and refused us before: only the account's last one is told.
     */
    if (number == 1698 && session->talk.method[0])
        return REASON_LOGIN_REFUSED;
    if (meaning)
        return meaning->reason;
    if (strncmp(sqlstate, "28", 2) == 0)
        return REASON_LOGIN_REFUSED;
    return strcmp(sqlstate, "42501") == 0 ? REASON_PERMISSION_DENIED : REASON_QUERY_FAILED;
}

/* "Access denied for user 'app'@'10.0.0.7'": the server's own name for where we come from. */
static bool tell_server_words(const struct session *session, unsigned number, const char *sqlstate,
                              const char *words, struct error *err)
{
    const struct meaning *meaning = find_meaning(number);
    const struct target *target = session->target;
    bool in_query = probe_current_stage(session->probe) == STAGE_QUERY;
    enum reason reason = find_reason(session, number, sqlstate);
    error_set(err, reason, "%s answered user \"%s\"%s%s%s: \"%s\" (error %u, SQLSTATE %s%s)",
              session->where, target->user, target->database ? " (database \"" : "",
              target->database ? target->database : "", target->database ? "\")" : "", words,
              number, sqlstate,
              session->greeting.is_error ? ", instead of a greeting"
              : session->tls             ? ", over TLS"
              : in_query                 ? ""
                                         : ", without TLS");
    error_brief(err, "\"%s\" (%u)", words, number);
    if (number == 1045) {
        advise_refused(session, words, err);
        probe_tell_over_tls(session->probe, err);
    } else if (meaning && meaning->remedy)
        error_remedy(err, "%s", meaning->remedy);
    return error_property(err, property_of(target, reason));
}

/* Neither its greeting nor what follows names a method: it knows the one of before 4.1 only. */
static bool tell_old_server(const struct session *session, struct error *err)
{
    error_set(
        err, REASON_LOGIN_METHOD,
        "%s is a server of version \"%s\", which logs user \"%s\" in as MySQL did before 4.1; "
        "possible are %s",
        session->where, session->greeting.version, session->target->user, mysql_methods(session));
    error_brief(err, "a server of version %s, with the login of before MySQL 4.1",
                session->greeting.version);
    return error_remedy(err, "upgrade the server, or check host and port");
}

/* A method that we do not use: another one, or one that shows the password where TLS does not hide
 * it. */
static bool tell_method(const struct session *session, struct error *err)
{
    const char *method = mysql_method(session);
    if (!method[0])
        return tell_old_server(session, err);
    bool shows = strcmp(method, "mysql_clear_password") == 0 || strcmp(method, "dialog") == 0;
    error_set(err, REASON_LOGIN_METHOD,
              "%s asks user \"%s\" for the login method \"%s\"%s; possible are %s", session->where,
              session->target->user, method,
              shows
                  ? ", which sends the password in clear text, and nothing encrypts the connection"
                  : ", which testconn does not have",
              mysql_methods(session));
    error_brief(err, "it asks for the login method \"%s\"%s", method, shows ? " without TLS" : "");
    if (shows)
        probe_tell_over_tls(session->probe, err);
    error_property(err, session->target->user_property);
    return error_remedy(err, "%s",
                        shows ? "turn TLS on at the server, or give the account a login method "
                                "that does not show the password"
                              : "give the account one of the possible login methods (ALTER USER "
                                "... IDENTIFIED ...)");
}

/* caching_sha2_password without TLS and without the server's RSA key. */
static bool tell_no_key(const struct session *session, const char *words, struct error *err)
{
    error_set(
        err, REASON_LOGIN_METHOD,
        "%s asks user \"%s\" for the login method \"%s\", which needs TLS or an RSA key of the "
        "server, and there is neither: \"%s\" (client error 2061)",
        session->where, session->target->user, mysql_method(session), words);
    error_brief(err, "%s has neither TLS nor an RSA key", mysql_method(session));
    probe_tell_over_tls(session->probe, err);
    return error_remedy(err, "turn TLS on at the server, or let it have an RSA key pair "
                             "(caching_sha2_password_auto_generate_rsa_keys)");
}

/* OAEP takes 42 bytes of the key's length, and the password ends in a NUL. */
static bool tell_bad_key(const struct session *session, struct error *err)
{
    error_set(err, REASON_LOGIN_METHOD,
              "the password of user \"%s\" cannot be encrypted with the RSA key that %s sent for "
              "the login method \"%s\": the key is no usable one, or the password is too long for "
              "it (213 bytes is all that a key of 2048 bits takes)",
              session->target->user, session->where, mysql_method(session));
    error_brief(err, "the password does not fit the server's RSA key");
    probe_tell_over_tls(session->probe, err);
    error_property(err, session->target->password_property);
    return error_remedy(err, "turn TLS on at the server, which has no such limit, or use a shorter "
                             "password");
}

static bool tell_closed(const struct session *session, const char *words, struct error *err)
{
    const char *stage = stage_name(probe_current_stage(session->probe));
    error_set(err, REASON_CONNECTION_CLOSED,
              "%s closed the connection of user \"%s\" at the stage %s: %s", session->where,
              session->target->user, stage, words);
    error_brief(err, "closed at the stage %s", stage);
    return error_remedy(err, LOST_TO_SERVER);
}

/* The client library's own numbers; its texts name neither server nor user. */
static bool tell_own_words(const struct session *session, unsigned number, const char *words,
                           struct error *err)
{
    switch (number) {
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
        return tell_closed(session, words, err);
    case CR_SSL_CONNECTION_ERROR:
        if (probe_current_stage(session->probe) > STAGE_TLS)
            return strstr(words, "eof") ? tell_closed(session, words, err)
                                        : probe_tls_broke(session->probe, words, err);
        /* A fault of TLS itself is known already. */
        return error_set(err, REASON_CONNECTION_CLOSED,
                         "%s closed the connection in the middle of the TLS handshake: %s",
                         session->where, words);
    case CR_UNKNOWN_ERROR:
        if (session->talk.key_came)
            return tell_bad_key(session, err);
        break;
    case 2061:
        return tell_no_key(session, words, err);
    case 5010: /* not in our list; its text names another one and holds stray bytes */
    case CR_AUTH_PLUGIN_CANNOT_LOAD:
        return tell_method(session, err);
    default:
        break;
    }
    return error_set(
        err, REASON_PROTOCOL_ERROR,
        "%s does not speak MySQL's protocol, at the stage %s of user \"%s\": %s (client "
        "error %u)",
        session->where, stage_name(probe_current_stage(session->probe)), session->target->user,
        words, number);
}

bool mysql_goes_round(const struct session *session, struct error *err)
{
    enum { SWITCHES_MAXIMUM = 32 }; /* MariaDB's accounts have a list of methods, of a few */
    if (session->talk.switches <= SWITCHES_MAXIMUM)
        return false;
    error_set(
        err, REASON_PROTOCOL_ERROR,
        "%s asks user \"%s\" for one login method after the other, %d times so far, \"%s\" the "
        "last, and decides nothing",
        session->where, session->target->user, session->talk.switches, session->talk.method);
    error_brief(err, "it asks for one login method after the other");
    return true;
}

bool mysql_explain(struct session *session, struct error *err)
{
    unsigned number = mysql_errno(session->mysql);
    const char *words = mysql_error(session->mysql);
    if (session->refusal.reason != REASON_NONE) {
        *err = session->refusal;
        return false;
    }
    if (number && !is_own(number))
        return tell_server_words(session, number, mysql_sqlstate(session->mysql), words, err);
    if (!probe_observed(session->probe, err))
        return false;
    if (session->talk.failure && number == CR_MALFORMED_PACKET)
        return tell_server_words(session, session->talk.failure, session->talk.sqlstate,
                                 session->talk.words, err);
    /* The library may refuse what the greeting asks for before it has asked for TLS. */
    if (probe_current_stage(session->probe) < STAGE_TLS)
        probe_stage(session->probe, STAGE_LOGIN);
    return tell_own_words(session, number, *words ? words : "an answer of its makes no sense", err);
}
