/* SPDX-License-Identifier: Apache-2.0 */
/* net_ahead.h - the one TCP connection of a process that is begun before a library asks for it. */
#ifndef NET_AHEAD_H
#define NET_AHEAD_H

#include <stdbool.h>
#include <sys/socket.h>

typedef int net_connect_function(int, const struct sockaddr *, socklen_t);

/* Begin to connect to PEER by CONNECT, unless somebody has come for it already. */
void net_ahead_begin(net_connect_function *connect, const struct sockaddr *peer, socklen_t length);

/* FD, a TCP socket that is not connected, becomes the connection to PEER that was begun; its
 * outcome is poll()'s to tell. False: there is none, nor will there be. */
bool net_ahead_take(int fd, const struct sockaddr *peer, socklen_t length);

/* What was begun and not taken is given up. */
void net_ahead_drop(void);

#endif
