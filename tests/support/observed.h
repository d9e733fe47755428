/* SPDX-License-Identifier: Apache-2.0 */
/* observed.h - what a module for observed.c exports. */
#ifndef OBSERVED_H
#define OBSERVED_H

/* Connect to HOST and PORT over TLS with the library's own means, verification off, and return
 * after the handshake, whatever came of it. */
typedef void connect_by_library_type(const char *host, unsigned port);

#define CONNECT_BY_LIBRARY                                                                         \
    extern connect_by_library_type connect_by_library;                                             \
    __attribute__((visibility("default"))) void connect_by_library(const char *host, unsigned port)
#endif
