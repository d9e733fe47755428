/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_reason.c - why a session failed, in words that a person can act on. */
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
           (strstr(words->text, "no encryption") ||
            strstr(words->text, "SSL off")); /* before PostgreSQL 14, and Redshift */
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
    const struct meaning *meaning = postgresql_meaning(words);
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
        error_set(err, reason,
                  "%s does not speak PostgreSQL's protocol, at the stage %s of user \"%s\": %s",
                  session->where, stage_name(probe_current_stage(session->probe)),
                  session->target->user,
                  words[0] ? words : "an answer of its makes no sense, and holds no words");
}

static bool tell_own_words(const struct session *session, const struct server_words *words,
                           struct error *err)
{
    const struct meaning *meaning = postgresql_own_meaning(words);
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
