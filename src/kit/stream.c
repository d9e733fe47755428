/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c - TCP and TLS for protocol code of our own. */
#include "testconn/stream.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd.h"
#include "identity_state.h"
#include "net_lookup.h"
#include "peer.h"
#include "probe_state.h"
#include "text.h"

enum {
    PIECE_MAXIMUM = 1 << 20, /* bytes for one call of read or write */
    FIRST_BYTES = 64,        /* that tell a protocol */
};

struct stream {
    struct probe *probe;
    const char *host; /* of the endpoint; borrowed */
    int fd;
    SSL *ssl; /* NULL: in the clear */
    size_t received;
    char where[300];
};

/* Connect to one of ADDRESSES; -1 with errno of the last when none accepts. */
static int connect_any(const struct addrinfo *addresses)
{
    int fd = -1;
    for (; addresses && fd < 0; addresses = addresses->ai_next) {
        fd = socket(addresses->ai_family, SOCK_STREAM | SOCK_CLOEXEC, addresses->ai_protocol);
        if (fd >= 0 && connect(fd, addresses->ai_addr, addresses->ai_addrlen) < 0) {
            int error = errno;
            fd_close(&fd);
            errno = error;
        }
    }
    return fd;
}

struct stream *stream_open(struct probe *probe, const struct endpoint *endpoint, struct error *err)
{
    char port[16];
    char where[300];
    int on = 1;
    int fd = -1;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    snprintf(port, sizeof port, "%u", endpoint->port);
    text_endpoint(where, sizeof where, endpoint->host, endpoint->port);
    if (getaddrinfo(endpoint->host, port, &hints, &addresses) == 0)
        fd = connect_any(addresses);
    int error = errno;
    if (addresses)
        freeaddrinfo(addresses);
    if (fd < 0) {
        if (probe_observed(probe, err))
            error_set(err, REASON_CONNECT_UNREACHABLE, "no TCP connection to %s: %s", where,
                      strerror(error));
        return NULL;
    }
    fd_set_nonblocking(fd, true);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct stream *stream = xcalloc(1, sizeof *stream);
    stream->probe = probe;
    stream->host = endpoint->host;
    stream->fd = fd;
    snprintf(stream->where, sizeof stream->where, "%s", where);
    return stream;
}

/* Wait until the socket is ready for EVENTS; false with ERR set at the deadline. */
static bool wait_for(struct stream *stream, int events, const char *what, struct error *err)
{
    struct pollfd wait = {.fd = stream->fd, .events = (short)events};
    int ready;
    do
        ready = poll(&wait, 1, deadline_left_ms(probe_deadline(stream->probe)));
    while (ready < 0 && errno == EINTR);
    return ready > 0 || probe_timed_out(stream->probe, stream->fd, what, err);
}

/* The connection broke with ERROR (errno; 0: it was closed) while we waited for WHAT. */
static bool tell_broken(struct stream *stream, int error, const char *what, struct error *err)
{
    if (!probe_observed(stream->probe, err))
        return false;
    return error_set(err, REASON_CONNECTION_CLOSED, "%s %s while we waited for %s%s%s",
                     stream->where,
                     error == ECONNRESET ? "reset the connection" : "closed the connection", what,
                     error && error != ECONNRESET && error != EPIPE ? ": " : "",
                     error && error != ECONNRESET && error != EPIPE ? strerror(error) : "");
}

/* OpenSSL cannot go on: the end of the connection, what the observer knows, or altered bytes. */
static bool tell_undeciphered(struct stream *stream, const char *what, struct error *err)
{
    unsigned long error = ERR_peek_error();
    const char *words = ERR_reason_error_string(error);
    if (!words || ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING ||
        probe_current_stage(stream->probe) <= STAGE_TLS)
        return tell_broken(stream, 0, what, err);
    return probe_observed(stream->probe, err) && probe_tls_broke(stream->probe, words, err);
}

/* After an SSL call that returned RESULT: true to call it again. */
static bool may_go_on(struct stream *stream, int result, const char *what, struct error *err)
{
    int error = errno;
    switch (SSL_get_error(stream->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return wait_for(stream, POLLIN, what, err);
    case SSL_ERROR_WANT_WRITE:
        return wait_for(stream, POLLOUT, what, err);
    case SSL_ERROR_SYSCALL:
        return tell_broken(stream, error, what, err);
    case SSL_ERROR_SSL:
        return tell_undeciphered(stream, what, err);
    default:
        return tell_broken(stream, 0, what, err);
    }
}

static SSL_CTX *context;

/* One for all streams: the certificates are each connection's own. The observer decides; where it
 * were missing, nothing would be trusted. */
static void make_context(void)
{
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

static bool begin_tls(struct stream *stream, const struct identity *identity)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_context);
    stream->ssl = context ? SSL_new(context) : NULL;
    return stream->ssl && SSL_set_fd(stream->ssl, stream->fd) == 1 &&
           (net_is_address(stream->host) ||
            SSL_set_tlsext_host_name(stream->ssl, stream->host) == 1) &&
           (!identity || SSL_use_cert_and_key(stream->ssl, identity->certificate, identity->key,
                                              identity->chain, 1) == 1);
}

bool stream_secure(struct stream *stream, const struct identity *identity, struct error *err)
{
    ERR_clear_error();
    if (!begin_tls(stream, identity)) {
        const char *words = ERR_reason_error_string(ERR_peek_last_error());
        return error_set(err, identity ? REASON_KEYSTORE_INVALID : REASON_INTERNAL,
                         "TLS to %s cannot begin%s: %s", stream->where,
                         identity ? " with the client certificate" : "",
                         words ? words : "out of resources");
    }
    for (int result; (result = SSL_connect(stream->ssl)) != 1;) {
        if (!may_go_on(stream, result, "the TLS handshake", err))
            return false;
        ERR_clear_error();
    }
    return true;
}

/* A peer that refuses us by alert and closes may break our write before we have read the alert. */
static void look_for_alert(struct stream *stream)
{
    char byte;
    if (stream->ssl)
        SSL_peek(stream->ssl, &byte, 1);
}

bool stream_write(struct stream *stream, const void *data, size_t length, const char *what,
                  struct error *err)
{
    const char *at = data;
    while (length > 0) {
        int piece = length < PIECE_MAXIMUM ? (int)length : PIECE_MAXIMUM;
        ERR_clear_error();
        int written = stream->ssl ? SSL_write(stream->ssl, at, piece)
                                  : (int)send(stream->fd, at, (size_t)piece, MSG_NOSIGNAL);
        if (written > 0) {
            at += written;
            length -= (size_t)written;
            continue;
        }
        if (!stream->ssl && errno == EINTR)
            continue;
        if (!stream->ssl && errno != EAGAIN)
            return tell_broken(stream, errno, what, err);
        if (!stream->ssl && !wait_for(stream, POLLOUT, what, err))
            return false;
        if (stream->ssl && SSL_get_error(stream->ssl, written) == SSL_ERROR_SYSCALL) {
            int error = errno;
            look_for_alert(stream);
            return tell_broken(stream, error, what, err);
        }
        if (stream->ssl && !may_go_on(stream, written, what, err))
            return false;
    }
    return true;
}

/* What the service says first inside of TLS: its protocol may be another than ours. */
static void keep_first(struct stream *stream, const void *data, size_t length)
{
    unsigned char first[FIRST_BYTES];
    int more = 0;
    if (stream->received > 0)
        return;
    if (length > sizeof first)
        length = sizeof first;
    memcpy(first, data, length);
    if (SSL_pending(stream->ssl) > 0 && length < sizeof first)
        more = SSL_peek(stream->ssl, first + length, (int)(sizeof first - length));
    probe_peer_heard(stream->probe, first, length + (more > 0 ? (size_t)more : 0));
}

/* One read of at most LENGTH bytes; 0 to call again, -1 with ERR set. */
static int read_some(struct stream *stream, void *data, size_t length, const char *what,
                     struct error *err)
{
    int piece = length < PIECE_MAXIMUM ? (int)length : PIECE_MAXIMUM;
    ERR_clear_error();
    if (stream->ssl) {
        int got = SSL_read(stream->ssl, data, piece);
        if (got <= 0)
            return may_go_on(stream, got, what, err) ? 0 : -1;
        keep_first(stream, data, (size_t)got);
        return got;
    }
    int got = (int)recv(stream->fd, data, (size_t)piece, 0);
    if (got > 0) {
        peer_keep(stream->probe, stream->fd, data, (size_t)got);
        return got;
    }
    if (got < 0 && errno == EINTR)
        return 0;
    if (got < 0 && errno == EAGAIN)
        return wait_for(stream, POLLIN, what, err) ? 0 : -1;
    tell_broken(stream, got < 0 ? errno : 0, what, err);
    return -1;
}

bool stream_read(struct stream *stream, void *data, size_t length, const char *what,
                 struct error *err)
{
    char *at = data;
    while (length > 0) {
        int got = read_some(stream, at, length, what, err);
        if (got < 0)
            return false;
        at += got;
        length -= (size_t)got;
        stream->received += (size_t)got;
    }
    return true;
}

size_t stream_received(const struct stream *stream)
{
    return stream->received;
}

const char *stream_where(const struct stream *stream)
{
    return stream->where;
}

int stream_fd(const struct stream *stream)
{
    return stream->fd;
}

void stream_close(struct stream *stream)
{
    if (!stream)
        return;
    SSL_free(stream->ssl);
    fd_close(&stream->fd);
    free(stream);
}
