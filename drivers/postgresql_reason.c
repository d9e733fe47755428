/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_reason.c - what the server's SQLSTATE and libpq's words mean. */
#include <stdio.h>
#include <string.h>

#include "postgresql.h"

static bool is_sqlstate(const char *text)
{
    return strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && text[5] == ':';
}

/* The SQLSTATE in "FATAL:  28P01: text": the severity may be in any language. */
static const char *find_sqlstate(const char *message)
{
    for (const char *at = message; (at = strstr(at, ":  ")); at++)
        if (is_sqlstate(at + 3))
            return at + 3;
    return NULL;
}

static void append(char *out, size_t size, const char *text, size_t length)
{
    size_t used = strlen(out);
    if (used + 2 >= size || length == 0)
        return;
    snprintf(out + used, size - used, "%s%.*s", used ? "; " : "", (int)length, text);
}

/* Without the address that libpq puts before it: the report has it. */
static const char *skip_prefix(const char *message)
{
    const char *failed = strstr(message, " failed: ");
    bool about = strncmp(message, "connection to server ", 21) == 0;
    return about && failed ? failed + strlen(" failed: ") : message;
}

void postgresql_read_words(const char *message, struct server_words *words)
{
    const char *sqlstate = find_sqlstate(message);
    *words = (struct server_words){.sqlstate = ""};
    const char *text = sqlstate ? sqlstate + 7 : skip_prefix(message);
    if (sqlstate)
        memcpy(words->sqlstate, sqlstate, 5);
    for (const char *line = text; *line;) {
        size_t length = strcspn(line, "\n");
        /* libpq has tried once more by itself, and says the same again. */
        if (line != text && strncmp(line, "connection to server ", 21) == 0)
            break;
        if (strncmp(line, "LOCATION:", 9) != 0 && line[strspn(line, " \t")] != '\n')
            append(words->text, sizeof words->text, line, length);
        line += length;
        line += *line == '\n';
    }
}

bool postgresql_is_hba_without_tls(const struct server_words *words)
{
    return strcmp(words->sqlstate, "28000") == 0 && strstr(words->text, "pg_hba.conf") &&
           strstr(words->text, "no encryption");
}

/* Which part of the definition is at fault. */
enum blame { BLAME_NOTHING, BLAME_USER, BLAME_PASSWORD, BLAME_DATABASE, BLAME_URL };

/* A row matches when SQLSTATE begins with STATE and, if given, WORDS stand in the text. */
struct meaning {
    const char *state;
    const char *words;
    enum reason reason;
    enum blame blame;
    const char *remedy; /* NULL: the reason's own */
};

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
    {"28000", "requires TLS", REASON_TLS_REQUIRED, BLAME_NOTHING, NULL},
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
    {"XX000", "user not found", REASON_LOGIN_REFUSED, BLAME_USER, NULL}, /* Supabase's pooler */
    {"0A000", NULL, REASON_PROTOCOL_ERROR, BLAME_NOTHING, NULL},
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

static const struct meaning *find_meaning(const struct meaning *rows,
                                          const struct server_words *words)
{
    while (strncmp(words->sqlstate, rows->state, strlen(rows->state)) != 0 ||
           (rows->words && !strstr(words->text, rows->words)))
        rows++;
    return rows;
}

static bool tell_missing_password(const struct session *session, struct error *err)
{
    bool given = session->target->password != NULL;
    error_set(err, REASON_LOGIN_REFUSED, "%s asks for a password of user \"%s\", and %s",
              session->where, session->target->user,
              given ? "the one given is empty" : "none is given");
    error_brief(err, "it asks for a password, and %s",
                given ? "the given one is empty" : "none is given");
    error_remedy(err, "give the password in PASSWORD");
    return error_property(err, session->target->password_property);
}

static bool tell_foreign_protocol(const struct session *session, struct error *err)
{
    const char *protocol = probe_peer_protocol(session->probe);
    if (!protocol || strcmp(protocol, "PostgreSQL") == 0)
        return true;
    error_set(err, REASON_WRONG_PROTOCOL, "%s speaks %s, not PostgreSQL", session->where, protocol);
    return error_brief(err, "%s answers there", protocol);
}

/* Gone without a word: TLS from the first byte, as HTTPS has it and PostgreSQL has not? */
static bool tell_tls_first(const struct session *session, struct error *err)
{
    const unsigned char *bytes;
    if (err->reason != REASON_CONNECTION_CLOSED || probe_peer_bytes(session->probe, &bytes) > 0 ||
        !probe_is_tls(session->probe, session->endpoint))
        return false;
    error_set(err, REASON_WRONG_PROTOCOL,
              "%s speaks TLS from the first byte, which PostgreSQL does not: it closed the "
              "connection at our first message, and answers a TLS handshake",
              session->where);
    error_brief(err, "TLS answers there from the first byte");
    return error_remedy(err, "check host and port: another service (HTTPS?) or a TLS proxy listens "
                             "there");
}

static const char *property_of(const struct target *target, enum blame blame)
{
    switch (blame) {
    case BLAME_USER:
        return target->user_property;
    case BLAME_PASSWORD:
        return target->password_property;
    case BLAME_DATABASE:
        return target->database_property;
    case BLAME_URL:
        return target->host_property;
    case BLAME_NOTHING:
    default:
        return NULL;
    }
}

static bool advise(const struct session *session, const struct meaning *meaning, struct error *err)
{
    if (meaning->reason == REASON_DATABASE_MISSING && !session->target->database)
        error_remedy(err, "name the database, in DATABASE or behind the host of the URL: none is "
                          "given, and the server then takes the user's name for it");
    else if (meaning->remedy)
        error_remedy(err, "%s", meaning->remedy);
    return error_property(err, property_of(session->target, meaning->blame));
}

static bool tell_server_words(const struct session *session, const struct server_words *words,
                              struct error *err)
{
    const struct meaning *meaning = find_meaning(meanings, words);
    const char *database = session->target->database;
    error_set(err, meaning->reason,
              "%s answered user \"%s\" (database \"%s\"%s): \"%s\" (SQLSTATE %s%s)", session->where,
              session->target->user, database ? database : session->target->user,
              database ? "" : ", the user's name: none is given", words->text, words->sqlstate,
              PQsslInUse(session->conn) ? ", over TLS" : "");
    error_brief(err, "\"%s\" (%s)", words->text, words->sqlstate);
    advise(session, meaning, err);
    if (postgresql_is_hba_without_tls(words))
        probe_tell_over_tls(session->probe, err);
    return false;
}

static void set_own_words(const struct session *session, enum reason reason, const char *words,
                          struct error *err)
{
    const char *kind = target_parameter(session->target, "target_session_attrs");
    if (reason == REASON_TLS_NOT_OFFERED)
        error_set(err, reason, "%s offers no TLS (libpq: %s)", session->where, words);
    else if (reason == REASON_CONNECTION_CLOSED)
        error_set(err, reason,
                  "%s closed the connection of user \"%s\" at the stage %s (libpq: %.*s)",
                  session->where, session->target->user,
                  stage_name(probe_current_stage(session->probe)), (int)strcspn(words, ";"), words);
    else if (reason == REASON_LOGIN_METHOD)
        error_set(err, reason, "%s asks user \"%s\" for a login method that cannot be used: %s",
                  session->where, session->target->user, words);
    else if (reason == REASON_QUERY_FAILED)
        error_set(err, reason, "%s is not of the kind asked for (targetServerType=%s): %s",
                  session->where, kind ? kind : "any", words);
    else if (reason == REASON_SERVER_BUSY)
        error_set(err, reason, "%s answered user \"%s\": \"%s\"", session->where,
                  session->target->user, words);
    else
        error_set(err, reason, "%s does not speak PostgreSQL's protocol: %s", session->where,
                  words[0] ? words : "an answer of its makes no sense, and holds no words");
}

static bool tell_own_words(const struct session *session, const struct server_words *words,
                           struct error *err)
{
    const struct meaning *meaning = find_meaning(own_words, words);
    set_own_words(session, meaning->reason, words->text, err);
    error_brief(err, "%s", words->text);
    advise(session, meaning, err);
    if (strstr(words->text, "SCRAM-SHA-256-PLUS") || strstr(words->text, "channel binding"))
        probe_tell_over_tls(session->probe, err);
    return tell_tls_first(session, err);
}

bool postgresql_explain(struct session *session, struct error *err)
{
    struct server_words words;
    postgresql_read_words(PQerrorMessage(session->conn), &words);
    if (words.sqlstate[0])
        return tell_server_words(session, &words, err);
    if (!probe_observed(session->probe, err))
        return false;
    if (PQconnectionNeedsPassword(session->conn))
        return tell_missing_password(session, err);
    if (!tell_foreign_protocol(session, err))
        return false;
    return tell_own_words(session, &words, err);
}
