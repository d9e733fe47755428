/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_meaning.c - what the server's SQLSTATE and libpq's words mean. */
#include <string.h>

#include "postgresql.h"

#define OUTSIDE                                                                                    \
    "check USERNAME and PASSWORD there, not at the database; the server's log tells whether they " \
    "were refused or that service could not be reached"

#define SHUTTING_DOWN "the server is going down: wait until it is back, or start it again"

#define BEHIND "PgBouncer let the user in, the server behind it did not: compare "

/* The first match counts. PgBouncer's own errors all carry 08P01, and so do those of the server
 * behind it that it passes on from a login: there the text decides. */
static const struct meaning meanings[] = {
    {"28P01", NULL, REASON_LOGIN_REFUSED, BLAME_PASSWORD,
     "check USERNAME and PASSWORD; the server does not say whether the user is unknown, the "
     "password is wrong, or it has expired (VALID UNTIL)"},
    {"28000", "pg_hba.conf rejects", REASON_LOGIN_NOT_ALLOWED, BLAME_USER,
     "a line \"reject\" of the server's pg_hba.conf is the first that fits this host, user and "
     "database: put one that lets them in before it, and reload it"},
    {"28000", "pg_hba.conf", REASON_LOGIN_NOT_ALLOWED, BLAME_USER,
     "add a line for this host, user and database to the server's pg_hba.conf and reload it"},
    {"28000", "requires TLS", REASON_TLS_REQUIRED, BLAME_NOTHING, NULL}, /* RDS Proxy */
    {"28000", "SSL connection is required", REASON_TLS_REQUIRED, BLAME_NOTHING, NULL}, /* Azure */
    {"28000", "not permitted to log in", REASON_LOGIN_NOT_ALLOWED, BLAME_USER,
     "ALTER ROLE ... LOGIN on the server"},
    {"28000", "valid client certificate", REASON_TLS_CLIENT_CERT_REQUIRED, BLAME_NOTHING, NULL},
    {"28000", "certificate authentication failed", REASON_TLS_CLIENT_CERT_REFUSED, BLAME_NOTHING,
     NULL},
    {"28000", "does not exist", REASON_LOGIN_REFUSED, BLAME_USER,
     "correct USERNAME, or create the role on the server"},
    {"28000", "Ident authentication failed", REASON_LOGIN_METHOD, BLAME_USER,
     "the server's pg_hba.conf asks an ident service on this host who we are, and no password "
     "counts: have its line changed to scram-sha-256"},
    {"28000", "GSSAPI authentication failed", REASON_LOGIN_METHOD, BLAME_USER,
     "the server's pg_hba.conf wants Kerberos: have its line changed to scram-sha-256"},
    {"28000", "LDAP authentication failed", REASON_LOGIN_REFUSED, BLAME_PASSWORD,
     "the server asks an LDAP directory: " OUTSIDE},
    {"28000", "PAM authentication failed", REASON_LOGIN_REFUSED, BLAME_PASSWORD,
     "the server asks PAM of its own host: " OUTSIDE},
    {"28000", "RADIUS authentication failed", REASON_LOGIN_REFUSED, BLAME_PASSWORD,
     "the server asks a RADIUS server: " OUTSIDE},
    {"28", NULL, REASON_LOGIN_REFUSED, BLAME_PASSWORD, NULL},
    {"3D000", NULL, REASON_DATABASE_MISSING, BLAME_DATABASE, NULL},
    {"57P04", NULL, REASON_DATABASE_MISSING, BLAME_DATABASE, NULL},
    {"42501", "CONNECT privilege", REASON_PERMISSION_DENIED, BLAME_DATABASE,
     "GRANT CONNECT ON DATABASE ... TO the user, or name a database that it may use"},
    {"42501", "permission denied to set", REASON_PERMISSION_DENIED, BLAME_URL,
     "take the option that the server names out of the URL, or GRANT the user the right to set it"},
    {"42501", NULL, REASON_PERMISSION_DENIED, BLAME_NOTHING, NULL},
    {"55000", "not currently accepting", REASON_LOGIN_NOT_ALLOWED, BLAME_DATABASE,
     "ALTER DATABASE ... ALLOW_CONNECTIONS true on the server, or name another database"},
    {"53300", "for role", REASON_SERVER_BUSY, BLAME_USER,
     "close sessions of this user, or raise its limit (ALTER ROLE ... CONNECTION LIMIT)"},
    {"53300", "for database", REASON_SERVER_BUSY, BLAME_DATABASE,
     "close sessions in this database, or raise its limit (ALTER DATABASE ... CONNECTION LIMIT)"},
    {"53300", NULL, REASON_SERVER_BUSY, BLAME_NOTHING,
     "close sessions, or raise max_connections on the server"},
    {"53100", NULL, REASON_SERVER_BUSY, BLAME_NOTHING, "the server's disk is full: make room"},
    {"53", NULL, REASON_SERVER_BUSY, BLAME_NOTHING,
     "the server has run out of what it names: look at its memory and limits"},
    {"57P03", "Hot standby mode is disabled", REASON_SERVER_STARTING, BLAME_NOTHING,
     "it is a standby that takes no sessions: name the primary, or turn hot_standby on there"},
    {"57P03", "shutting down", REASON_SERVER_STARTING, BLAME_NOTHING, SHUTTING_DOWN},
    {"57P01", NULL, REASON_SERVER_STARTING, BLAME_NOTHING, SHUTTING_DOWN},
    {"57P05", NULL, REASON_CONNECTION_CLOSED, BLAME_NOTHING, NULL},
    {"57P0", NULL, REASON_SERVER_STARTING, BLAME_NOTHING, NULL},
    {"57014", NULL, REASON_QUERY_FAILED, BLAME_NOTHING,
     "the server cancelled our SELECT 1: look for a statement_timeout of the role or the database"},
    {"08P01", "SSL required", REASON_TLS_REQUIRED, BLAME_NOTHING, NULL},
    {"08P01", "SASL authentication failed", REASON_LOGIN_REFUSED, BLAME_PASSWORD,
     "check USERNAME and PASSWORD in PgBouncer's auth_file: it answers, not the server behind it"},
    {"08P01", "password authentication failed for user", REASON_LOGIN_REFUSED, BLAME_PASSWORD,
     BEHIND "user and password there with those of PgBouncer's auth_file and [databases]"},
    {"08P01", "pg_hba.conf", REASON_LOGIN_NOT_ALLOWED, BLAME_NOTHING,
     BEHIND "its pg_hba.conf with where PgBouncer comes from, and as whom"},
    {"08P01", "not permitted to log in", REASON_LOGIN_NOT_ALLOWED, BLAME_USER,
     "ALTER ROLE ... LOGIN on the server behind PgBouncer"},
    {"08P01", "not currently accepting", REASON_LOGIN_NOT_ALLOWED, BLAME_DATABASE,
     "ALTER DATABASE ... ALLOW_CONNECTIONS true on the server, or name another database"},
    {"08P01", "permission denied for database", REASON_PERMISSION_DENIED, BLAME_DATABASE,
     "GRANT CONNECT ON DATABASE ... TO the user, or name a database that it may use"},
    {"08P01", "too many", REASON_SERVER_BUSY, BLAME_NOTHING,
     "the server behind PgBouncer has no connection left: lower PgBouncer's pool sizes, or raise "
     "the server's limit"},
    {"08P01", "connection slots", REASON_SERVER_BUSY, BLAME_NOTHING,
     "the server behind PgBouncer has no connection left: lower PgBouncer's pool sizes, or raise "
     "max_connections there"},
    {"08P01", "database system is", REASON_SERVER_STARTING, BLAME_NOTHING, NULL},
    {"08P01", "no such user", REASON_LOGIN_REFUSED, BLAME_USER, NULL},
    {"08P01", "authentication failed", REASON_LOGIN_REFUSED, BLAME_PASSWORD,
     "check USERNAME and PASSWORD; of a user that PgBouncer does not know it says the same"},
    {"08P01", "login rejected", REASON_LOGIN_NOT_ALLOWED, BLAME_USER,
     "add a line for this host, user and database to PgBouncer's auth_hba_file"},
    {"08P01", "bouncer config error", REASON_LOGIN_NOT_ALLOWED, BLAME_NOTHING,
     "PgBouncer's own configuration keeps it from letting anybody in like this (auth_type, "
     "auth_user, auth_query): see its log"},
    {"08P01", "no such database", REASON_DATABASE_MISSING, BLAME_DATABASE,
     "add the database to the section [databases] of PgBouncer's configuration"},
    {"08P01", "does not exist", REASON_DATABASE_MISSING, BLAME_DATABASE, NULL},
    {"08P01", "no more connections allowed", REASON_SERVER_BUSY, BLAME_NOTHING,
     "raise max_client_conn of PgBouncer"},
    {"08P01", "_timeout", REASON_SERVER_BUSY, BLAME_NOTHING,
     "check that PgBouncer reaches the server behind it and may log in there, that it is not "
     "paused "
     "(PAUSE), and its pool_size: its log tells which"},
    {"08P01", "server login failed", REASON_LOGIN_REFUSED, BLAME_PASSWORD,
     BEHIND "user and password there with those of PgBouncer's auth_file and [databases]"},
    {"08P01", "server login has been failing", REASON_SERVER_BUSY, BLAME_NOTHING,
     "PgBouncer cannot log in to the server behind it: see its log, and try there"},
    {"08P01", "connect to server", REASON_SERVER_BUSY, BLAME_NOTHING,
     "PgBouncer reaches no server behind it: see its log, and try there"},
    {"08P01", "server conn crashed", REASON_SERVER_BUSY, BLAME_NOTHING,
     "the server behind PgBouncer ended the connection: see both logs"},
    {"08P01", "shut down", REASON_SERVER_STARTING, BLAME_NOTHING, "start PgBouncer again"},
    {"08P01", "shutting down", REASON_SERVER_STARTING, BLAME_NOTHING, "start PgBouncer again"},
    {"08P01", "is disabled", REASON_LOGIN_NOT_ALLOWED, BLAME_DATABASE,
     "ENABLE the database in PgBouncer's console"},
    {"08P01", "unsupported startup parameter", REASON_INVALID_INPUT, BLAME_URL,
     "take the parameter out of the URL, or add it to ignore_startup_parameters of PgBouncer"},
    {"08P01", "not allowed", REASON_PERMISSION_DENIED, BLAME_NOTHING, NULL},
    {"08P01", NULL, REASON_PROTOCOL_ERROR, BLAME_NOTHING, NULL},
    {"08004", "SSL", REASON_TLS_REQUIRED, BLAME_NOTHING, NULL},
    {"08004", NULL, REASON_LOGIN_NOT_ALLOWED, BLAME_USER, NULL},
    {"08", NULL, REASON_CONNECTION_CLOSED, BLAME_NOTHING, NULL},
    {"42601", "command-line argument", REASON_INVALID_INPUT, BLAME_URL,
     "correct the parameter options of the URL"},
    {"22023", NULL, REASON_INVALID_INPUT, BLAME_URL,
     "correct the startup option in the URL that the server names"},
    {"42704", NULL, REASON_INVALID_INPUT, BLAME_URL,
     "correct the startup option in the URL that the server names"},
    {"XX000", "ax client", REASON_SERVER_BUSY, BLAME_NOTHING,
     "raise the pooler's limit of clients, or close sessions"},
    {"XX000", "user not found", REASON_LOGIN_REFUSED, BLAME_USER, NULL}, /* Supabase's pooler */
    {"0A000", "protocol", REASON_PROTOCOL_ERROR, BLAME_NOTHING, NULL},
    {"", "connection limit", REASON_SERVER_BUSY, BLAME_NOTHING, /* Redshift */
     "close sessions: the cluster has its maximum"},
    {"", NULL, REASON_QUERY_FAILED, BLAME_NOTHING, NULL},
};

/* libpq's own words, where no server's are: there is no number to go by. */
static const struct meaning own_words[] = {
    {"", "server does not support SSL", REASON_TLS_NOT_OFFERED, BLAME_NOTHING, NULL},
    {"", "error response during SSL exchange", REASON_TLS_NOT_OFFERED, BLAME_NOTHING, NULL},
    {"", "could not fork", REASON_SERVER_BUSY, BLAME_NOTHING,
     "the server can make no process for us: look at its memory and its limit of processes"},
    {"", "SCRAM-SHA-256-PLUS", REASON_LOGIN_METHOD, BLAME_USER,
     "the server wants a login bound to TLS, and there is none: turn TLS on, or see why it did not "
     "come up"},
    {"", "channel binding", REASON_LOGIN_METHOD, BLAME_URL,
     "channelBinding=require in the URL wants TLS and a login by SCRAM-SHA-256: turn both on, or "
     "take it out of the URL"},
    {"", "server signature", REASON_PROTOCOL_ERROR, BLAME_NOTHING,
     "the server took our proof without knowing the password: it is not the one it should be, or a "
     "proxy alters the login; check host and port, and have TLS verified"},
    {"", "not supported", REASON_LOGIN_METHOD, BLAME_USER, NULL},
    {"", "none of the server's SASL authentication mechanisms", REASON_LOGIN_METHOD, BLAME_USER,
     NULL},
    {"", "GSSAPI", REASON_LOGIN_METHOD, BLAME_USER,
     "the server's pg_hba.conf wants Kerberos, and testconn logs in to PostgreSQL by password: "
     "have its line for this user changed to scram-sha-256"},
    {"", "SSPI", REASON_LOGIN_METHOD, BLAME_USER, NULL},
    {"", "closed the connection", REASON_CONNECTION_CLOSED, BLAME_NOTHING, NULL},
    {"", "closed unexpectedly", REASON_CONNECTION_CLOSED, BLAME_NOTHING, NULL},
    {"", "SSL error code: 6", REASON_CONNECTION_CLOSED, BLAME_NOTHING, NULL}, /* close_notify */
    {"", "unexpected eof", REASON_CONNECTION_CLOSED, BLAME_NOTHING, NULL},
    {"", "EOF detected", REASON_CONNECTION_CLOSED, BLAME_NOTHING, NULL},
    {"", "Connection reset", REASON_CONNECTION_CLOSED, BLAME_NOTHING, NULL},
    {"", "Broken pipe", REASON_CONNECTION_CLOSED, BLAME_NOTHING, NULL},
    {"", "hot standby", REASON_QUERY_FAILED, BLAME_URL,
     "correct targetServerType in the URL, or name another host"},
    {"", "session is", REASON_QUERY_FAILED, BLAME_URL,
     "correct targetServerType in the URL, or name another host"},
    {"", NULL, REASON_PROTOCOL_ERROR, BLAME_NOTHING, NULL},
};

static const struct meaning *find(const struct meaning *rows, const struct server_words *words)
{
    while (strncmp(words->sqlstate, rows->state, strlen(rows->state)) != 0 ||
           (rows->words && !strstr(words->text, rows->words)))
        rows++;
    return rows;
}

const struct meaning *postgresql_meaning(const struct server_words *words)
{
    return find(meanings, words);
}

const struct meaning *postgresql_own_meaning(const struct server_words *words)
{
    return find(own_words, words);
}
