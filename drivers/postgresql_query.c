/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_query.c - SELECT 1, and what comes for an answer. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "postgresql.h"

static bool is_one(const PGresult *result)
{
    return PQresultStatus(result) == PGRES_SINGLE_TUPLE && PQnfields(result) == 1 &&
           strcmp(PQgetvalue(result, 0, 0), "1") == 0;
}

/* The next part of the answer, a row or its end; NULL with ERR set. */
static PGresult *next_result(struct session *session, struct error *err)
{
    while (PQisBusy(session->conn)) {
        if (!postgresql_wait(session, POLLIN, err) || !postgresql_allows(session, err))
            return NULL;
        if (!PQconsumeInput(session->conn)) {
            postgresql_explain(session, err);
            return NULL;
        }
    }
    PGresult *result = PQgetResult(session->conn);
    ExecStatusType status = PQresultStatus(result);
    if (result && status != PGRES_FATAL_ERROR && status != PGRES_BAD_RESPONSE)
        return result;
    postgresql_explain(session, err);
    return NULL;
}

/* What came instead of the row; into WORDS. */
static const char *describe(const PGresult *result, char *words, size_t size)
{
    switch ((int)PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
        if (PQnfields(result) != 1)
            snprintf(words, size, "a row of %d columns", PQnfields(result));
        else
            snprintf(words, size, "\"%.60s\"",
                     PQgetisnull(result, 0, 0) ? "NULL" : PQgetvalue(result, 0, 0));
        return words;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
        return "the beginning of a COPY";
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
        return "no row";
    default:
        return PQresStatus(PQresultStatus(result));
    }
}

bool postgresql_ask(struct session *session, struct error *err)
{
    char words[96];
    probe_stage(session->probe, STAGE_QUERY);
    if (!PQsendQuery(session->conn, "SELECT 1") || !PQsetSingleRowMode(session->conn))
        return postgresql_explain(session, err);
    PGresult *row = next_result(session, err);
    PGresult *end = row && is_one(row) ? next_result(session, err) : NULL;
    if (err->reason != REASON_NONE)
        return false;
    if (PQresultStatus(end) == PGRES_TUPLES_OK)
        return true;
    error_set(err, REASON_QUERY_FAILED,
              "%s answered SELECT 1 of user \"%s\" with something else: %s", session->where,
              session->target->user,
              end ? "more than one row" : describe(row, words, sizeof words));
    return error_remedy(err, "see what stands between testconn and the database and answers in its "
                             "place");
}
