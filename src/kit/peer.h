/* SPDX-License-Identifier: Apache-2.0 */
/* peer.h - what protocol first bytes belong to. */
#ifndef PEER_H
#define PEER_H

#include <stddef.h>

struct probe;

/* "SSH", "MySQL", "HTTP", "TLS", ...; NULL when LENGTH bytes do not tell. */
const char *peer_protocol(const unsigned char *bytes, size_t length);

/* LENGTH bytes were read from FD: keep them, and what can be read after them, if they are the first
 * of the attempt. (A peek before reading would swallow the error of a reset connection.) */
void peer_keep(struct probe *probe, int fd, const void *bytes, size_t length);

#endif
