/* SPDX-License-Identifier: Apache-2.0 */
/*
 * access.h - who may do what: access keys of a file, requests verified by their signature,
 * browsers kept out.
 */
#ifndef ACCESS_H
#define ACCESS_H

#include "http_server.h"

enum access_right {
    ACCESS_TEST = 1,
    ACCESS_READ = 2,
    ACCESS_SECRETS = 4, /* to see passwords */
    ACCESS_WRITE = 8,
    ACCESS_ALL = 15
};

struct access;

/*
 * FILE (NULL: everybody has all rights) has a line for each key: ACCESS_KEY_ID SECRET_ACCESS_KEY
 * and, where it has not all, its rights: test, read, secrets, write. Only its owner may read it.
 * NULL with ERR set. LOOPBACK: the service is for this host alone, and is asked by a name of it.
 */
struct access *access_new(const char *file, bool loopback, struct error *err);
bool access_is_open(const struct access *access); /* nobody has to sign */
void access_free(struct access *access);          /* wipes the keys; NULL is allowed */

/* Whether a browser sent EXCHANGE on behalf of a page; then that was refused. */
bool access_refuse_browser(const struct access *access, struct http_exchange *exchange);

/* Whether EXCHANGE, which is for another service of AWS, is signed by a key that has all rights; if
 * not that was answered. */
bool access_allow_foreign(const struct access *access, struct http_exchange *exchange);

/* Whether EXCHANGE is signed by a key that has RIGHT (its rights are put into it); if not that was
 * answered. RIGHT 0: any key. */
bool access_allow(const struct access *access, struct http_exchange *exchange, unsigned right);

#endif
