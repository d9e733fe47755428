/* SPDX-License-Identifier: Apache-2.0 */
/* peer.h - what protocol first bytes belong to. */
#ifndef PEER_H
#define PEER_H

#include <stddef.h>

/* "SSH", "MySQL", "HTTP", "TLS", ...; NULL when LENGTH bytes do not tell. */
const char *peer_protocol(const unsigned char *bytes, size_t length);

#endif
