/* SPDX-License-Identifier: Apache-2.0 */
/* network_openings.h - what may be said to an unknown service, and how its answer is understood. */
#ifndef NETWORK_OPENINGS_H
#define NETWORK_OPENINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first words of a protocol in which the client speaks first. */
struct opening {
    const char *protocol; /* "PostgreSQL" */
    const char *bytes;    /* NULL: a TLS handshake, which OpenSSL writes */
    size_t length;
    /* Whether LENGTH bytes answer these very words; NULL: the bytes alone must tell. */
    bool (*answers)(const unsigned char *bytes, size_t length);
};

enum { OPENINGS = 8 };

/*
 * The openings in the order in which they are to be tried on PORT: what the port is known for comes
 * first, and then *EXPECTED is true. Returns how many; 0: the port belongs to a service that speaks
 * first, so nothing is said there.
 */
size_t openings_for(uint16_t port, const struct opening *order[OPENINGS], bool *expected);

/* The opening of TLS. */
const struct opening *opening_tls(void);

/* The opening in which a service must have reacted, if only by closing, were it no silent one. */
bool opening_is_for_all(const struct opening *opening);

/* The protocol that LENGTH bytes, said after OPENING (NULL: after nothing), belong to; NULL when
 * they do not tell. */
const char *opening_answer(const struct opening *opening, const unsigned char *bytes,
                           size_t length);

/* "16.0.1000": the version in an answer to the opening of TDS; false when there is none. */
bool opening_tds_version(const unsigned char *bytes, size_t length, char *out, size_t size);

#endif
