/* SPDX-License-Identifier: Apache-2.0 */
/* fd.h - descriptors: whole reads and writes, bounded files, memory files, closing what is not
 * ours. */
#ifndef FD_H
#define FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "testconn/deadline.h"
#include "testconn/error.h"

/* Write all LENGTH bytes to a blocking or non-blocking FD; false with errno set. */
bool fd_write_all(int fd, const void *data, size_t length);

/*
 * Read the regular file at PATH, of at most LIMIT bytes, by DEADLINE. The content is NUL-ended
 * beyond *LENGTH and the caller frees it. NULL with ERR set to FILE_UNREADABLE, naming the path and
 * why: missing, no permission, a directory, a device, a FIFO nobody writes to, larger than LIMIT.
 */
char *fd_read_file(const char *path, size_t limit, struct deadline deadline, size_t *length,
                   struct error *err);

/* Read FD to its end, at most LIMIT bytes, by DEADLINE; as fd_read_file(), NAME is for messages. */
char *fd_read_all(int fd, const char *name, size_t limit, struct deadline deadline, size_t *length,
                  struct error *err);

/* An anonymous memory file of mode 0600 holding DATA, or -1 with errno set. Not inherited by exec.
 */
int fd_memory_file(const char *name, const void *data, size_t length);

/* Close FD if it is one, and set it to -1. */
void fd_close(int *fd);

/* Close every descriptor from 3 on except KEEP (-1: none). */
void fd_close_others(int keep);

/* Put descriptors 0, 1 and 2 on the null device. */
bool fd_standard_to_null(void);

bool fd_set_nonblocking(int fd, bool on);

#endif
