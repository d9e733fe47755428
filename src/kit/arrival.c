/* SPDX-License-Identifier: Apache-2.0 */
/* arrival.c - what has come from a peer, before the library that reads it does. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "net_observer.h"
#include "path_evidence.h"

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

static size_t look_into(SSL *ssl, int fd, void *bytes, size_t size)
{
    size_t got = 0;
    if (!SSL_has_pending(ssl) && !is_data(fd))
        return 0;
    ERR_set_mark();
    if (SSL_peek_ex(ssl, bytes, size, &got) != 1)
        got = 0;
    ERR_pop_to_mark();
    return got;
}

size_t probe_look(int fd, void *ssl, void *bytes, size_t size)
{
    if (ssl)
        return look_into(ssl, fd, bytes, size);
    ssize_t got = recv(fd, bytes, size, MSG_PEEK | MSG_DONTWAIT);
    return got > 0 ? (size_t)got : 0;
}
