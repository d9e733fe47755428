/* SPDX-License-Identifier: Apache-2.0 */
/* network_talk.c - connections listened to side by side. */
#include "network_talk.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "testconn/deadline.h"

struct talk *talk_add(struct talks *talks, int fd, size_t address)
{
    struct talk *talk = &talks->list[talks->count++];
    *talk = (struct talk){.fd = fd, .sent = true, .address = address};
    return talk;
}

/* The first flight of TLS, or the bytes. What cannot go out ends the talk. */
static void say(struct talk *talk)
{
    const struct opening *opening = talk->opening;
    talk->sent = true;
    if (talk->ssl) {
        ERR_clear_error();
        int done = SSL_connect(talk->ssl);
        talk->ended = done <= 0 && SSL_get_error(talk->ssl, done) != SSL_ERROR_WANT_READ;
    } else {
        ssize_t sent = send(talk->fd, opening->bytes, opening->length, MSG_NOSIGNAL);
        talk->ended = sent != (ssize_t)opening->length;
    }
}

void talk_open(struct talk *talk, const struct opening *opening, SSL *ssl)
{
    struct pollfd now = {.fd = talk->fd, .events = POLLOUT};
    talk->opening = opening;
    talk->ssl = ssl;
    talk->sent = false;
    if (poll(&now, 1, 0) > 0)
        say(talk);
}

/* TLS is left to OpenSSL: its bytes are only looked at. */
static void hear(struct talk *talk)
{
    size_t kept = talk->ssl ? 0 : talk->length;
    ssize_t got = recv(talk->fd, talk->bytes + kept, sizeof talk->bytes - kept,
                       MSG_DONTWAIT | (talk->ssl ? MSG_PEEK : 0));
    if (got > 0)
        talk->length = kept + (size_t)got;
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        talk->ended = true;
}

static bool is_open(const struct talk *talk)
{
    return !talk->ended && talk->length < sizeof talk->bytes && !(talk->ssl && talk->length);
}

/* One wait; false when nothing can happen any more. */
static bool wait_once(struct talks *talks, int64_t wait_us)
{
    struct pollfd waits[TALKS];
    struct talk *whose[TALKS];
    nfds_t count = 0;
    for (size_t i = 0; i < talks->count; i++)
        if (is_open(&talks->list[i])) {
            whose[count] = &talks->list[i];
            waits[count++] = (struct pollfd){.fd = talks->list[i].fd,
                                             .events = talks->list[i].sent ? POLLIN : POLLOUT};
        }
    struct timespec limit = {wait_us / 1000000, wait_us % 1000000 * 1000};
    if (count == 0 || ppoll(waits, count, &limit, NULL) < 0)
        return false;
    for (nfds_t i = 0; i < count; i++)
        if (waits[i].revents && whose[i]->sent)
            hear(whose[i]);
        else if (waits[i].revents)
            say(whose[i]);
    return true;
}

static struct talk *find_answer(struct talks *talks)
{
    for (size_t i = 0; i < talks->count; i++)
        if (talks->list[i].length && talks->list[i].address == talks->address)
            return &talks->list[i];
    return NULL;
}

struct talk *talk_listen(struct talks *talks, const struct talk *one, int64_t wait_us)
{
    int64_t end_us = clock_now_us() + wait_us;
    struct talk *answer = find_answer(talks);
    while (!answer && !(one && one->ended)) {
        int64_t left_us = end_us - clock_now_us();
        if (left_us <= 0 || !wait_once(talks, left_us))
            break;
        answer = find_answer(talks);
    }
    return answer;
}

void talk_settle(struct talks *talks, const struct talk *talk, int64_t wait_us)
{
    int64_t end_us = clock_now_us() + wait_us;
    size_t length = talk->length;
    while (talk->length == length && is_open(talk)) {
        int64_t left_us = end_us - clock_now_us();
        if (left_us <= 0 || !wait_once(talks, left_us))
            return;
    }
}

/* What /proc tells in PATH, cut at the first line break; "" where there is no such file. */
static void read_line(const char *path, char out[64])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, out, 63);
    if (fd >= 0)
        close(fd);
    out[got > 0 ? got : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

int64_t talk_starved_us(void)
{
    char line[64]; /* "ran waited times", nanoseconds */
    read_line("/proc/self/schedstat", line);
    const char *waited = strchr(line, ' ');
    return waited ? strtoll(waited, NULL, 10) / 1000 : 0;
}

int talk_waiting_processes(void)
{
    char line[64]; /* "0.53 1.00 0.98 running/all last" */
    read_line("/proc/loadavg", line);
    const char *slash = strchr(line, '/');
    const char *number = slash ? memrchr(line, ' ', (size_t)(slash - line)) : NULL;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    long running = number ? strtol(number, NULL, 10) : 0;
    /* We are one of them, and the front that reads our report may be another. */
    return running > processors + 1 ? (int)((running - 1) / processors) : 0;
}

void talks_close(struct talks *talks)
{
    for (size_t i = 0; i < talks->count; i++) {
        if (talks->list[i].ssl) /* OpenSSL is loaded at its first call */
            SSL_free(talks->list[i].ssl);
        close(talks->list[i].fd);
    }
    talks->count = 0;
}
