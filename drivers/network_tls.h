/* SPDX-License-Identifier: Apache-2.0 */
/* network_tls.h - a client's TLS towards a service of which nothing is known. */
#ifndef NETWORK_TLS_H
#define NETWORK_TLS_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "testconn/probe.h"

struct network_tls {
    struct probe *probe;
    const char *host;
    bool has_maker; /* a thread makes the context */
    pthread_t maker;
    SSL_CTX *context;
};

/* Have a thread read OpenSSL's configuration and algorithms: some milliseconds, spent beside the
 * waiting. What needs them sooner waits for it. */
void network_tls_prepare(struct network_tls *tls);

/* A client's TLS on FD: whatever the certificate is, the handshake goes on. NULL when there is
 * none. Nothing of the answer is read: it is looked at first. */
SSL *network_tls_new(struct network_tls *tls, int fd);

/* Make the handshake of *SSL on FD whole within WAIT_US (where it is NULL, begin it), and report
 * it: its certificate, or why there is none. */
void network_tls_report(struct network_tls *tls, SSL **ssl, int fd, int64_t wait_us);

#endif
