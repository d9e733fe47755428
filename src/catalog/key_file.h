/* SPDX-License-Identifier: Apache-2.0 */
/* key_file.h - the key of a catalog: a file of 32 random bytes, for its owner alone. */
#ifndef KEY_FILE_H
#define KEY_FILE_H

#include "seal.h"
#include "testconn/error.h"

enum key_state {
    KEY_READ,
    KEY_MISSING, /* nothing is at that path */
    KEY_REFUSED  /* not a key, or one that others may read */
};

/* Read KEY from PATH, which must be a file of ours (or root's), mode 0600 or less, 32 bytes. ERR is
 * set to DECRYPT_FAILED, naming PATH, unless KEY_READ is returned. */
enum key_state key_file_read(const char *path, struct seal_key *key, struct error *err);

/* Make PATH with a new key, unless a key is there already, and read it. False with ERR set. */
bool key_file_make(const char *path, struct seal_key *key, struct error *err);

#endif
