/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_observer.h - every OpenSSL handshake of the process: chain, verification, alerts, state.
 *
 * Installed through OpenSSL's ex_data hook on SSL_CTX, so it sees what libpq, libmariadb, librdkafka,
 * libmongoc and libcurl do. Trust, host name and our own rules are decided in it.
 */
#ifndef TLS_OBSERVER_H
#define TLS_OBSERVER_H

#include <stdbool.h>

#include "probe_state.h"

/* Install the hook, once per process and before a client library makes an SSL_CTX. */
bool tls_observer_install(void);

/* Watch for PROBE from now on. */
void tls_observer_start(struct probe *probe);

/* Forget what was seen and the policy: a new attempt. */
void tls_observer_forget(struct probe *probe);

/* A fault of TLS that was seen in this attempt: ERR set, the stage put right, and false; else true. */
bool tls_observed(struct probe *probe, struct error *err);

/* Whether a handshake came up without the observer's verification having run. */
bool tls_observer_was_bypassed(const struct probe *probe);

#endif
