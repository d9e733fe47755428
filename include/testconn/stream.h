/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h - a TCP connection for protocol code of our own: exact reads and writes under the
 * probe's deadline, in the clear or through TLS, with the true cause when one fails. */
#ifndef TESTCONN_STREAM_H
#define TESTCONN_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "testconn/identity.h"
#include "testconn/probe.h"

#pragma GCC visibility push(default)

struct stream;

/*
 * Look ENDPOINT's host up and connect to the first of its addresses that accepts: the stages dns
 * and tcp. NULL with ERR set as the observers saw it. A stream belongs to the thread that opened
 * it; several threads may have one each (probe_sides).
 */
struct stream *stream_open(struct probe *probe, const struct endpoint *endpoint, struct error *err);

/*
 * Bring TLS up: the stage tls. The observer decides on the server's certificate by the policy in
 * force (probe_tls_expect). IDENTITY is our certificate, should the server ask; NULL: none.
 */
bool stream_secure(struct stream *stream, const struct identity *identity, struct error *err);

/* Write all LENGTH bytes. WHAT is for messages: "our request for its API versions". */
bool stream_write(struct stream *stream, const void *data, size_t length, const char *what,
                  struct error *err);

/*
 * Read exactly LENGTH bytes. False with ERR set: TIMED_OUT with the kernel's evidence,
 * CONNECTION_CLOSED, or what the TLS observer knows. WHAT we wait for is for messages: "its answer
 * to the login".
 */
bool stream_read(struct stream *stream, void *data, size_t length, const char *what,
                 struct error *err);

/* How many bytes the service has sent, TLS taken off: 0 when it left without a word. */
size_t stream_received(const struct stream *stream);

/* "db.example:5432", for messages. */
const char *stream_where(const struct stream *stream);

/* The socket. */
int stream_fd(const struct stream *stream);

/* Close; NULL is allowed. */
void stream_close(struct stream *stream);

#pragma GCC visibility pop

#endif
