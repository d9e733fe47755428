/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h - exact reads and writes under a deadline, plain or TLS, for drivers that speak a protocol themselves. */
#ifndef TESTCONN_STREAM_H
#define TESTCONN_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "testconn/probe.h"

#pragma GCC visibility push(default)

struct stream; /* a connection of our own */

/*
 * Resolve HOST and connect to PORT through the network observer (stages dns and tcp), trying each
 * address in turn. NULL with ERR set on failure. The caller closes it with stream_close().
 */
struct stream *stream_connect(struct probe *probe, const char *host, uint16_t port,
                              struct deadline deadline, struct error *err);

/* Go over to TLS through the TLS observer (stage tls); the policy is that of probe_tls_expect(). */
bool stream_start_tls(struct stream *stream, const char *host, struct error *err);

/* Read exactly LENGTH bytes, or fail: TIMED_OUT, CONNECTION_CLOSED, or what TLS says. */
bool stream_read(struct stream *stream, void *data, size_t length, struct error *err);

/* Read between 1 and SIZE bytes; *LENGTH is 0 at the end of the stream. */
bool stream_read_some(struct stream *stream, void *data, size_t size, size_t *length,
                      struct error *err);

/* Write all LENGTH bytes. */
bool stream_write(struct stream *stream, const void *data, size_t length, struct error *err);

/* The descriptor, for TCP_INFO and poll(2); it stays the stream's. */
int stream_fd(const struct stream *stream);

/* Close and free; NULL is allowed. */
void stream_close(struct stream *stream);

#pragma GCC visibility pop

#endif
