/* SPDX-License-Identifier: Apache-2.0 */
/* net_ahead.c - the one TCP connection of a process that is begun before a library asks for it. */
#include "net_ahead.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "path_probe.h"

static struct {
    pthread_mutex_t lock;
    bool over; /* somebody came for it */
    int fd;
    struct sockaddr_storage peer;
    socklen_t length;
} ahead = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

/* What fails at once is left to the library's own connect() to find. */
static int begin(net_connect_function *connect, const struct sockaddr *peer, socklen_t length)
{
    int on = 1;
    int fd = socket(peer->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* as every client library does */
    path_error_watch(fd, peer->sa_family);
    if (connect(fd, peer, length) < 0 && errno != EINPROGRESS)
        fd_close(&fd);
    return fd;
}

void net_ahead_begin(net_connect_function *connect, const struct sockaddr *peer, socklen_t length)
{
    pthread_mutex_lock(&ahead.lock);
    if (!ahead.over && length <= sizeof ahead.peer) {
        memcpy(&ahead.peer, peer, length);
        ahead.length = length;
        ahead.fd = begin(connect, peer, length);
    }
    pthread_mutex_unlock(&ahead.lock);
}

void net_ahead_drop(void)
{
    pthread_mutex_lock(&ahead.lock);
    ahead.over = true;
    fd_close(&ahead.fd);
    pthread_mutex_unlock(&ahead.lock);
}

bool net_ahead_take(int fd, const struct sockaddr *peer, socklen_t length)
{
    pthread_mutex_lock(&ahead.lock);
    bool taken = ahead.fd >= 0 && length == ahead.length &&
                 memcmp(peer, &ahead.peer, length) == 0 &&
                 dup3(ahead.fd, fd, fcntl(fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0) >= 0;
    ahead.over = true;
    fd_close(&ahead.fd);
    pthread_mutex_unlock(&ahead.lock);
    return taken;
}
