/* SPDX-License-Identifier: Apache-2.0 */
/* publish.c - written beside under a name of its own, then given its name by link(2), which never
 * replaces. */
#include "publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "text.h"

/* The name of a new file is safe only when its folder is on the disk, too. */
static bool sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == path ? xstrdup("/")
                   : slash       ? xstrndup(path, (size_t)(slash - path))
                                 : xstrdup(".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    int why = errno;
    fd_close(&fd);
    free(folder);
    errno = why;
    return synced;
}

bool publish(const char *path, const void *data, size_t length)
{
    char *temporary = text_format("%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    /* A umask may have taken our own rights. */
    bool made = fd >= 0 && fchmod(fd, 0600) == 0 && fd_write_all(fd, data, length) &&
                fsync(fd) == 0 && (link(temporary, path) == 0 || errno == EEXIST) &&
                sync_folder(path);
    int why = errno;
    if (fd >= 0)
        unlink(temporary);
    fd_close(&fd);
    free(temporary);
    errno = why;
    return made;
}
