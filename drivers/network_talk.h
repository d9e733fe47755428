/* SPDX-License-Identifier: Apache-2.0 */
/* network_talk.h - several connections to one service, each with one thing said on it. */
#ifndef NETWORK_TALK_H
#define NETWORK_TALK_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "network_openings.h"
#include "testconn/probe.h"

enum { TALK_BYTES = 512, TALKS = OPENINGS + PROBE_ADDRESSES };

/* One connection. */
struct talk {
    int fd;
    const struct opening *opening; /* what is said on it; NULL: we only listen */
    SSL *ssl;                      /* of the opening TLS */
    bool sent;
    bool ended;                      /* closed or reset by the service */
    unsigned char bytes[TALK_BYTES]; /* what it said */
    size_t length;
    size_t address; /* index of the address it goes to */
};

struct talks {
    struct talk list[TALKS];
    size_t count;
    size_t address; /* the one of interest; to the others we only listen */
};

/* Take FD in; returns the talk. */
struct talk *talk_add(struct talks *talks, int fd, size_t address);

/* Say OPENING as soon as the connection is up; SSL where it is a TLS handshake's. */
void talk_open(struct talk *talk, const struct opening *opening, SSL *ssl);

/*
 * Listen to all for at most WAIT_US: until one of the address of interest says something, or ONE
 * (NULL: none) ends. Returns the one that said something, NULL when none did.
 */
struct talk *talk_listen(struct talks *talks, const struct talk *one, int64_t wait_us);

/* Give TALK, which has said something, WAIT_US to say more. */
void talk_settle(struct talks *talks, const struct talk *talk, int64_t wait_us);

/* Microseconds that this process has waited for a processor so far; 0 where the kernel does not
 * tell. */
int64_t talk_starved_us(void);

/* How many processes share each processor of a busy machine, where a service may be late; 0: it is
 * not busy. */
int talk_waiting_processes(void);

/* Close all of them. */
void talks_close(struct talks *talks);

#endif
