/* SPDX-License-Identifier: Apache-2.0 */
/* key_file.c - reading and making the key. */
#include "key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "publish.h"
#include "text.h"

static enum key_state refuse(const char *path, const struct stat *status, struct error *err)
{
    if (!S_ISREG(status->st_mode)) {
        error_set(err, REASON_DECRYPT_FAILED, "the key %s is not a regular file", path);
        error_remedy(err, "put the key back in its place: the file %s", path);
    } else if (status->st_size != SEAL_KEY_SIZE) {
        /* Before its mode: nobody is to be told to chmod a file that is something else. */
        error_set(err, REASON_DECRYPT_FAILED, "%s is %lld bytes long; a key has exactly %d", path,
                  (long long)status->st_size, SEAL_KEY_SIZE);
        error_remedy(err, "put the right key back in its place: the file %s", path);
    } else if (status->st_uid != geteuid() && status->st_uid != 0) {
        error_set(err, REASON_DECRYPT_FAILED,
                  "the key %s belongs to user id %u, not to us (%u): it is not used", path,
                  (unsigned)status->st_uid, (unsigned)geteuid());
        error_remedy(err, "give the file to the user that runs testconn: chown %u %s",
                     (unsigned)geteuid(), path);
    } else if (status->st_mode & 077) {
        error_set(err, REASON_DECRYPT_FAILED,
                  "the key %s has mode %04o: others than its owner may read or change it; 0600 is "
                  "demanded",
                  path, (unsigned)status->st_mode & 07777);
        error_remedy(err, "chmod 600 %s", path);
    } else {
        error_set(err, REASON_DECRYPT_FAILED, "the key %s cannot be read whole", path);
    }
    return KEY_REFUSED;
}

enum key_state key_file_read(const char *path, struct seal_key *key, struct error *err)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &status) < 0) {
        int why = errno;
        fd_close(&fd);
        error_set(err, REASON_DECRYPT_FAILED, "the key %s cannot be read: %s", path, strerror(why));
        error_remedy(err, "let the user that runs testconn (user id %u) read the file %s",
                     (unsigned)geteuid(), path);
        return why == ENOENT ? KEY_MISSING : KEY_REFUSED;
    }
    bool fit = S_ISREG(status.st_mode) && (status.st_uid == geteuid() || status.st_uid == 0) &&
               !(status.st_mode & 077) && status.st_size == SEAL_KEY_SIZE &&
               read(fd, key->bytes, SEAL_KEY_SIZE) == SEAL_KEY_SIZE;
    fd_close(&fd);
    if (!fit)
        return refuse(path, &status, err);
    seal_key_identify(key);
    return KEY_READ;
}

bool key_file_make(const char *path, struct seal_key *key, struct error *err)
{
    unsigned char bytes[SEAL_KEY_SIZE];
    bool made = RAND_bytes(bytes, sizeof bytes) == 1 && publish(path, bytes, sizeof bytes);
    text_wipe(bytes, sizeof bytes);
    if (made)
        return key_file_read(path, key, err) == KEY_READ;
    error_set(err, errno == ENOSPC || errno == EDQUOT ? REASON_BUSY : REASON_FILE_UNREADABLE,
              "the key %s cannot be made: %s", path, strerror(errno));
    return error_remedy(err, "make room and the right to write in the folder of %s", path);
}
