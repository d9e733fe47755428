/* SPDX-License-Identifier: Apache-2.0 */
/* mysql_packet.h - what a server's packets say until it has let us in; pure, no client library. */
#ifndef MYSQL_PACKET_H
#define MYSQL_PACKET_H

#include <stdbool.h>
#include <stddef.h>

enum {
    PACKET_HEADER = 4,      /* bytes: length 3, little-endian; sequence number 1 */
    GREETING_MAXIMUM = 1024 /* bytes; a real one has some 100 */
};

/* What a server says first (MySQL protocol, HandshakeV10). */
struct greeting {
    bool is_error;    /* an error packet instead: "Too many connections" and its like */
    char version[64]; /* "8.0.36", "5.5.5-10.11.6-MariaDB-0+deb12u1" */
    char plugin[64];  /* its default login method; "" when it does not say */
    bool offers_tls;
};

/* Length of the greeting that begins with these PACKET_HEADER + 1 BYTES, header apart; 0: it is
 * none. */
size_t greeting_measure(const unsigned char *bytes);

/* Read the greeting, LENGTH bytes behind the header. False: malformed. */
bool greeting_parse(const unsigned char *packet, size_t length, struct greeting *greeting);

/* What the server asked for between its greeting and its verdict. */
struct login_talk {
    char method[64]; /* the login method asked for last; "" when it stayed with the greeting's */
    int switches;    /* how often it asked for one */
    bool cached;     /* caching_sha2_password: the server had the password in its cache */
    bool full;       /* it had not */
    bool key_came;   /* the server's RSA key for the password, which nothing vouches for */
    bool over;       /* the verdict came: what follows is no login */
    /* The error packet that came last; a client library does not pass on what bears one of its own
     * numbers, as proxies send them. */
    unsigned failure; /* its number; 0: none */
    char sqlstate[6];
    char words[256];
};

/* Read on, in LENGTH BYTES that begin with a packet, as one read of the client library has them. */
void login_talk_read(struct login_talk *talk, const unsigned char *bytes, size_t length);

#endif
