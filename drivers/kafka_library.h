/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_library.h - librdkafka, as the applications of this host use it: once, beside our own
 * probe. */
#ifndef KAFKA_LIBRARY_H
#define KAFKA_LIBRARY_H

#include "testconn/driver.h"

/* Load it, before any worker is made. */
void library_preload(void);

/* Have a thread load it, beside what comes first. */
void library_begin(void);

/* TARGET's files and secrets are there: the thread makes a client of it, which comes up to the
 * point before its connection where there is one endpoint. To be called while nobody else reads the
 * environment. */
void library_make(struct probe *probe, const struct target *target);

/* Our own TCP connection is up: the client may connect too, up to the point before a login. */
void library_start(const struct target *target);

/* TOKEN, for OAUTHBEARER, good until EXPIRES_MS since 1970; copied. Before library_connect(). */
void library_give_token(const char *token, long long expires_ms);

/* We have logged in at ENDPOINT: now it may. */
void library_connect(struct probe *probe, const struct endpoint *endpoint);

/*
 * Wait for its outcome, at most half of the time left, and say it: a fact, or a finding where it
 * fails although we did not.
 */
void library_tell(struct probe *probe, const struct target *target, const char *where);

/* Whether it is known to fail by SCRAM at a broker whose software knows metadata.version LEVEL;
 * that is a finding then, without trying. */
bool library_is_known_to_fail(struct probe *probe, const struct target *target, int level,
                              const char *where);

#endif
