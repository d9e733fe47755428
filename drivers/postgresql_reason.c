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

/* A row matches when SQLSTATE begins with STATE and, if given, WORDS stand in the text. */
struct meaning {
    const char *state;
    const char *words;
    enum reason reason;
    const char *remedy; /* NULL: the reason's own */
};

/* The first match counts. PgBouncer's own errors all carry 08P01, so there its text decides. */
static const struct meaning meanings[] = {
    {"28P01", NULL, REASON_LOGIN_REFUSED,
     "check USERNAME and PASSWORD; the server does not say whether the user is unknown, the "
     "password is wrong, or "
     "it has expired (VALID UNTIL)"},
    {"28000", "pg_hba.conf", REASON_LOGIN_NOT_ALLOWED,
     "add a line for this host, user and database to the server's pg_hba.conf and reload it"},
    {"28000", "not permitted to log in", REASON_LOGIN_NOT_ALLOWED,
     "ALTER ROLE ... LOGIN on the server"},
    {"28000", "valid client certificate", REASON_TLS_CLIENT_CERT_REQUIRED, NULL},
    {"28000", "certificate authentication failed", REASON_TLS_CLIENT_CERT_REFUSED, NULL},
    {"28", NULL, REASON_LOGIN_REFUSED, NULL},
    {"3D000", NULL, REASON_DATABASE_MISSING, NULL},
    {"57P04", NULL, REASON_DATABASE_MISSING, NULL},
    {"42501", NULL, REASON_PERMISSION_DENIED, NULL},
    {"55000", "not currently accepting", REASON_LOGIN_NOT_ALLOWED,
     "ALTER DATABASE ... ALLOW_CONNECTIONS true on the server, or name another database"},
    {"53", NULL, REASON_SERVER_BUSY, NULL},
    {"57P03", "Hot standby mode is disabled", REASON_SERVER_STARTING,
     "it is a standby that takes no sessions: name the primary, or turn hot_standby on there"},
    {"57P0", NULL, REASON_SERVER_STARTING, NULL},
    {"57014", NULL, REASON_QUERY_FAILED, NULL},
    {"08P01", "SASL authentication failed", REASON_LOGIN_REFUSED,
     "check USERNAME and PASSWORD in PgBouncer's auth_file: it answers, not the server behind it"},
    {"08P01", "password authentication failed", REASON_LOGIN_REFUSED, NULL},
    {"08P01", "no such user", REASON_LOGIN_REFUSED, NULL},
    {"08P01", "no such database", REASON_DATABASE_MISSING,
     "add the database to the section [databases] of PgBouncer's configuration"},
    {"08P01", "does not exist", REASON_DATABASE_MISSING, NULL},
    {"08P01", "no more connections allowed", REASON_SERVER_BUSY,
     "raise max_client_conn of PgBouncer"},
    {"08P01", "query_wait_timeout", REASON_SERVER_BUSY,
     "check that PgBouncer reaches the server behind it, and its pool_size"},
    {"08P01", "server login failed", REASON_LOGIN_REFUSED, NULL},
    {"08P01", "not allowed", REASON_PERMISSION_DENIED, NULL},
    {"08P01", NULL, REASON_PROTOCOL_ERROR, NULL},
    {"08", NULL, REASON_CONNECTION_CLOSED, NULL},
    {"22023", NULL, REASON_INVALID_INPUT,
     "correct the startup option in the URL that the server names"},
    {"42704", NULL, REASON_INVALID_INPUT,
     "correct the startup option in the URL that the server names"},
    {"0A000", NULL, REASON_PROTOCOL_ERROR, NULL},
    {"", NULL, REASON_QUERY_FAILED, NULL},
};

/* libpq's own words, where no server's are: there is no number to go by. */
static const struct meaning own_words[] = {
    {"", "server does not support SSL", REASON_TLS_NOT_OFFERED, NULL},
    {"", "error response during SSL exchange", REASON_TLS_NOT_OFFERED, NULL},
    {"", "channel binding", REASON_LOGIN_METHOD, NULL},
    {"", "not supported", REASON_LOGIN_METHOD, NULL},
    {"", "none of the server's SASL authentication mechanisms", REASON_LOGIN_METHOD, NULL},
    {"", "GSSAPI", REASON_LOGIN_METHOD, NULL},
    {"", "SSPI", REASON_LOGIN_METHOD, NULL},
    {"", "closed the connection", REASON_CONNECTION_CLOSED, NULL},
    {"", "EOF detected", REASON_CONNECTION_CLOSED, NULL},
    {"", "Connection reset", REASON_CONNECTION_CLOSED, NULL},
    {"", "Broken pipe", REASON_CONNECTION_CLOSED, NULL},
    {"", "hot standby", REASON_QUERY_FAILED,
     "correct targetServerType in the URL, or name another host"},
    {"", "session is", REASON_QUERY_FAILED,
     "correct targetServerType in the URL, or name another host"},
    {"", NULL, REASON_PROTOCOL_ERROR, NULL},
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

static const char *property_of(const struct session *session, enum reason reason)
{
    if (reason == REASON_LOGIN_REFUSED)
        return session->target->password_property;
    if (reason == REASON_LOGIN_NOT_ALLOWED)
        return session->target->user_property;
    return reason == REASON_DATABASE_MISSING ? session->target->database_property : NULL;
}

static bool tell_server_words(const struct session *session, const struct server_words *words,
                              struct error *err)
{
    const struct meaning *meaning = find_meaning(meanings, words);
    const char *database = session->target->database;
    error_set(err, meaning->reason,
              "%s answered user \"%s\" (database \"%s\"): \"%s\" (SQLSTATE %s%s)", session->where,
              session->target->user, database ? database : session->target->user, words->text,
              words->sqlstate, PQsslInUse(session->conn) ? ", over TLS" : "");
    error_brief(err, "\"%s\" (%s)", words->text, words->sqlstate);
    if (meaning->remedy)
        error_remedy(err, "%s", meaning->remedy);
    return error_property(err, property_of(session, meaning->reason));
}

static bool tell_own_words(const struct session *session, const struct server_words *words,
                           struct error *err)
{
    const struct meaning *meaning = find_meaning(own_words, words);
    if (meaning->reason == REASON_TLS_NOT_OFFERED)
        error_set(err, meaning->reason, "%s offers no TLS (libpq: %s)", session->where,
                  words->text);
    else if (meaning->reason == REASON_CONNECTION_CLOSED)
        error_set(err, meaning->reason, "%s closed the connection at the stage %s (libpq: %s)",
                  session->where, stage_name(probe_current_stage(session->probe)), words->text);
    else if (meaning->reason == REASON_LOGIN_METHOD)
        error_set(err, meaning->reason,
                  "%s asks user \"%s\" for a login method that cannot be used: %s", session->where,
                  session->target->user, words->text);
    else if (meaning->reason == REASON_QUERY_FAILED)
        error_set(err, meaning->reason, "%s is not of the kind asked for: %s", session->where,
                  words->text);
    else
        error_set(err, meaning->reason, "%s does not speak PostgreSQL's protocol: %s",
                  session->where, words->text);
    error_brief(err, "%s", words->text);
    if (meaning->remedy)
        error_remedy(err, "%s", meaning->remedy);
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
