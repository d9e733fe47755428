/* SPDX-License-Identifier: Apache-2.0 */
/* probe_state.h - the running test inside the kit: where its report lines go, its time, its
 * observers. */
#ifndef PROBE_STATE_H
#define PROBE_STATE_H

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "testconn/probe.h"
#include "text.h"

enum { TLS_SHARE = 3 }; /* one part in three of the time is for TLS that may fail */

struct guard;
struct hold;
struct net_observer;
struct tls_observer;

struct probe {
    int fd;                            /* the socket pair's end: report lines go there */
    int64_t began_us;                  /* monotonic */
    struct deadline deadline;          /* soft: the whole test's */
    struct deadline endpoint_deadline; /* of the endpoint at hand; never later than DEADLINE */
    struct deadline attempt_deadline;  /* of the attempt at hand; never later than the endpoint's */
    bool tls_optional;                 /* the attempt at hand is over TLS, which may fail */
    struct error over_tls;             /* what it failed by; REASON_NONE: it did not */
    bool trace;
    bool entered;
    enum stage stage;
    int attempt;          /* number of the attempt at hand, from 0 */
    bool tracing;         /* the path probe connects: not the target's tcp */
    bool aside;           /* nothing is reported */
    struct probe *whole;  /* the test that this is a side of; NULL: it is the test */
    struct hold *hold;    /* of a side whose library has to wait; NULL: it may go on */
    struct probe *side;   /* which side threads of client libraries belong to; NULL: none */
    int deciding_attempt; /* which attempt gave the verdict */
    const struct endpoint *endpoint;
    const char *user;          /* who logs in, for words; NULL: nobody, or not known */
    const char *host_property; /* to blame for names and addresses; static */
    struct guard *guard;       /* NULL: none in this attempt */
    struct net_observer *net;
    struct tls_observer *tls;
    unsigned char peer[64]; /* first bytes the peer sent in this attempt */
    size_t peer_length;
    char *kept_secret;          /* of probe_keep_secret(), or NULL */
    struct text_buffer pending; /* lines not yet sent: facts go out with the next stage */
    pthread_mutex_t lock;       /* lines may come from a library's threads */
};

/* What the calling thread works for: the one test of this worker or a side of it; NULL in a process
 * that tests nothing (then the observers pass all through). */
struct probe *probe_here(void);

/* From now on the calling thread works for PROBE. */
void probe_enter(struct probe *probe);

/* Begin: lines go to FD. The probe is kept for the life of the process. */
struct probe *probe_begin(int fd, struct deadline deadline, bool trace);

/* The verdict line, the last. ATTEMPT decided; -1: the last. */
void probe_verdict_ok(struct probe *probe);
void probe_verdict_failed(struct probe *probe, const struct error *err, int attempt);

/* A line {"at":N, KEY: VALUE}, sent when the next stage begins; takes VALUE over. */
void probe_send(struct probe *probe, const char *key, json_t *value);

/* A fact as JSON, of STAGE (STAGE_COUNT: the one at hand); takes VALUE over. */
void probe_note_json(struct probe *probe, enum stage stage, const char *key, json_t *value);

/* A finding of STAGE whatever stage is at hand. */
void probe_finding_at(struct probe *probe, enum stage stage, enum severity severity,
                      const char *rule, const char *property, const char *message);

#endif
