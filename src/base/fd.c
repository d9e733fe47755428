/* SPDX-License-Identifier: Apache-2.0 */
/* fd.c - descriptors. */
#include "fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

bool fd_write_all(int fd, const void *data, size_t length)
{
    const char *at = data;
    while (length > 0) {
        ssize_t written = write(fd, at, length);
        if (written < 0 && errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            poll(&wait, 1, -1);
            continue;
        }
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        at += written;
        length -= (size_t)written;
    }
    return true;
}

/* Wait until FD, a FIFO perhaps, has something to read; false at the deadline. */
static bool wait_readable(int fd, struct deadline deadline)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    return poll(&wait, 1, deadline_left_ms(deadline)) > 0;
}

char *fd_read_all(int fd, const char *name, size_t limit, struct deadline deadline, size_t *length,
                  struct error *err)
{
    struct text_buffer content = TEXT_BUFFER_INIT;
    char piece[16384];
    ssize_t got;
    while ((got = read(fd, piece, sizeof piece)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN && wait_readable(fd, deadline))
            continue;
        if (got < 0) {
            error_set(err, REASON_FILE_UNREADABLE, "%s: %s", name,
                      errno == EAGAIN ? "nothing was written to it in time" : strerror(errno));
            break;
        }
        text_append_bytes(&content, piece, (size_t)got);
        if (content.length > limit) {
            error_set(err, REASON_FILE_UNREADABLE, "%s: larger than %zu bytes", name, limit);
            break;
        }
    }
    text_wipe(piece, sizeof piece);
    if (got != 0) {
        if (content.data)
            text_wipe(content.data, content.length);
        text_buffer_release(&content);
        return NULL;
    }
    *length = content.length;
    return text_take(&content);
}

static const char *kind_of_file(mode_t mode)
{
    if (S_ISDIR(mode))
        return "a directory";
    if (S_ISCHR(mode) || S_ISBLK(mode))
        return "a device";
    return S_ISSOCK(mode) ? "a socket" : "not a regular file";
}

char *fd_read_file(const char *path, size_t limit, struct deadline deadline, size_t *length,
                   struct error *err)
{
    char *content = NULL;
    struct stat status;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &status) < 0) {
        error_set(err, REASON_FILE_UNREADABLE, "%s: %s", path, strerror(errno));
    } else if (S_ISFIFO(status.st_mode) && !wait_readable(fd, deadline)) {
        error_set(err, REASON_FILE_UNREADABLE, "%s: is a FIFO that nobody writes to", path);
    } else if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) {
        error_set(err, REASON_FILE_UNREADABLE, "%s: is %s, not a file", path,
                  kind_of_file(status.st_mode));
    } else {
        content = fd_read_all(fd, path, limit, deadline, length, err);
    }
    fd_close(&fd);
    return content;
}

void fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void fd_close_others(int keep)
{
    if (keep < 3) {
        close_range(3, ~0U, 0);
        return;
    }
    if (keep > 3)
        close_range(3, (unsigned)keep - 1, 0);
    close_range((unsigned)keep + 1, ~0U, 0);
}

bool fd_standard_to_null(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return false;
    bool done = true;
    for (int fd = 0; fd <= 2; fd++)
        if (dup2(null, fd) < 0)
            done = false;
    if (null > 2)
        close(null);
    return done;
}

bool fd_set_nonblocking(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return false;
    return fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) == 0;
}
