/* SPDX-License-Identifier: Apache-2.0 */
/* arrival.c - what has come from a peer, before the library that reads it does. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "net_observer.h"
#include "path_evidence.h"
#include "tls_observer.h"

enum { FLOOD = 256 * 1024 };
enum { RECORD_HEADER = 5, APPLICATION_DATA = 23, ALERT_LENGTH = 40 };

bool probe_flooded(struct probe *probe, int fd, const char *user, struct error *err)
{
    char where[300];
    struct path_evidence evidence;
    if (!path_evidence_read(fd, &evidence) || evidence.bytes_received < FLOOD)
        return false;
    unsigned long long bytes = evidence.bytes_received;
    net_observer_where(probe, fd, where, sizeof where);
    error_set(
        err, REASON_PROTOCOL_ERROR,
        "%s sends without end: %llu bytes so far, and the stage %s of user \"%s\" is not over; "
        "login and query together take less than 10,000",
        where, bytes, stage_name(probe->stage), user ? user : "");
    error_brief(err, "it sends without end, %llu bytes so far", bytes);
    error_remedy(err,
                 "check that host and port are those of the service; if they are, see its log, "
                 "and what stands in front of it");
    return true;
}

/* An alert is left to the library: it is told of each once only. */
static bool is_data(int fd)
{
    unsigned char header[RECORD_HEADER];
    ssize_t got = recv(fd, header, sizeof header, MSG_PEEK | MSG_DONTWAIT);
    return got == sizeof header && header[0] == APPLICATION_DATA &&
           (header[3] << 8 | header[4]) > ALERT_LENGTH;
}

bool probe_tls_broke(struct probe *probe, const char *words, struct error *err)
{
    char where[300];
    net_observer_where(probe, -1, where, sizeof where);
    error_set(err, REASON_PROTOCOL_ERROR,
              "what %s sends%s%s%s over TLS cannot be deciphered at the stage %s: %s", where,
              probe->user ? " user \"" : "", probe->user ? probe->user : "",
              probe->user ? "\"" : "", stage_name(probe->stage), words);
    return error_remedy(err, "it was altered on the way, or the server is broken: look for a proxy "
                             "or a device that touches the connection");
}

/* What cannot be deciphered is told here: the library is not told of it a second time. An alert and
 * the end are the observer's, who has seen them. */
static bool tell_broken(struct probe *probe, struct error *err)
{
    unsigned long error = ERR_peek_error();
    const char *words = ERR_reason_error_string(error);
    if (!error || ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING ||
        probe->tls->record.alert_received != TLS_ALERT_NONE)
        return true;
    return probe_tls_broke(probe, words ? words : "a fault without words", err);
}

static bool look_into(struct probe *probe, SSL *ssl, int fd, struct arrival *arrival,
                      struct error *err)
{
    if (!SSL_has_pending(ssl) && !is_data(fd))
        return true;
    ERR_set_mark();
    bool whole = SSL_peek_ex(ssl, arrival->bytes, sizeof arrival->bytes, &arrival->length) == 1 ||
                 SSL_get_error(ssl, 0) != SSL_ERROR_SSL || tell_broken(probe, err);
    ERR_pop_to_mark();
    return whole;
}

bool probe_look(struct probe *probe, int fd, void *ssl, struct arrival *arrival, struct error *err)
{
    arrival->length = 0;
    if (ssl)
        return look_into(probe, ssl, fd, arrival, err);
    ssize_t got = recv(fd, arrival->bytes, sizeof arrival->bytes, MSG_PEEK | MSG_DONTWAIT);
    arrival->length = got > 0 ? (size_t)got : 0;
    return true;
}
