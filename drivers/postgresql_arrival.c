/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql_arrival.c - what a server has sent, looked at before libpq does. */
#include <string.h>

#include "postgresql.h"
#include "testconn/scram.h"

enum {
    BYTES_MAXIMUM =
        256 * 1024, /* a login and SELECT 1 take less than 10,000, certificates and all */
    HEADER = 9,     /* of a message 'R': kind, length, which request it is */
    CLEAR_TEXT = 3,
    SCRAM_FIRST = 11
};

static uint32_t number_at(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool look(const struct session *session, struct arrival *arrival, struct error *err)
{
    return probe_look(session->probe, PQsocket(session->conn),
                      PQsslStruct(session->conn, "OpenSSL"), arrival, err);
}

static bool is_request(const struct arrival *arrival, uint32_t which)
{
    return arrival->length >= HEADER && arrival->bytes[0] == 'R' &&
           number_at(arrival->bytes + 5) == which;
}

/* Of the message that arrives, with its kind. */
static size_t message_length(const struct arrival *arrival)
{
    return arrival->length < HEADER ? 0 : (size_t)number_at(arrival->bytes + 1) + 1;
}

static bool tell_rounds(const struct session *session, int rounds, struct error *err)
{
    error_set(err, REASON_PROTOCOL_ERROR,
              "%s demands %d rounds of hashing for the SCRAM login of user \"%s\"; at most %d are "
              "done, and PostgreSQL's own number is 4096",
              session->where, rounds, session->target->user, SCRAM_ROUNDS_MAXIMUM);
    error_brief(err, "its SCRAM demands %d rounds of hashing", rounds);
    return error_remedy(err, "lower scram_iterations on the server and set the password again - or "
                             "it is no PostgreSQL server: check host and port");
}

/* AuthenticationCleartextPassword: answered, and told where nothing encrypts it. */
static void see_clear_password(const struct session *session)
{
    probe_finding(
        session->probe, SEVERITY_WARNING, "password-in-clear", NULL,
        "%s asks for the password in clear text, and nothing encrypts the connection: whoever "
        "listens on the way reads it",
        session->where);
}

/* More of it, in the clear; a record of TLS comes as a whole. */
static bool await(struct session *session, size_t count, const char *what, struct arrival *arrival,
                  struct error *err)
{
    return PQsslInUse(session->conn) ||
           (probe_await(session->probe, PQsocket(session->conn), count, what, err) &&
            look(session, arrival, err));
}

/* All of a message that has only begun to come. */
static bool await_message(struct session *session, struct arrival *arrival, struct error *err)
{
    if (arrival->length == 0 || arrival->bytes[0] != 'R')
        return true;
    if (arrival->length < HEADER &&
        !await(session, HEADER, "its request for a login", arrival, err))
        return false;
    size_t whole = message_length(arrival);
    return !is_request(arrival, SCRAM_FIRST) || arrival->length >= whole ||
           whole > ARRIVAL_MAXIMUM ||
           await(session, whole, "its part of the SCRAM login", arrival, err);
}

static bool allows_scram(const struct session *session, const struct arrival *arrival,
                         struct error *err)
{
    if (message_length(arrival) > ARRIVAL_MAXIMUM)
        return error_set(err, REASON_PROTOCOL_ERROR,
                         "%s sends a message of %zu bytes within the SCRAM login of user \"%s\", "
                         "which has less than 200",
                         session->where, message_length(arrival), session->target->user);
    int rounds = scram_rounds((const char *)arrival->bytes + HEADER, arrival->length - HEADER);
    return rounds <= SCRAM_ROUNDS_MAXIMUM || tell_rounds(session, rounds, err);
}

static bool allows_login(struct session *session, struct error *err)
{
    struct arrival arrival;
    if (!look(session, &arrival, err) || !await_message(session, &arrival, err))
        return false;
    if (!session->tls && is_request(&arrival, CLEAR_TEXT))
        see_clear_password(session);
    return !is_request(&arrival, SCRAM_FIRST) || allows_scram(session, &arrival, err);
}

bool postgresql_allows(struct session *session, struct error *err)
{
    if (probe_flooded(session->probe, PQsocket(session->conn), session->target->user, err))
        return false;
    return PQstatus(session->conn) != CONNECTION_AWAITING_RESPONSE || allows_login(session, err);
}
