/* SPDX-License-Identifier: Apache-2.0 */
/* connections.h - the subcommands of `testconn connections`, and what they share. */
#ifndef CONNECTIONS_H
#define CONNECTIONS_H

#include <jansson.h>

#include "catalog.h"
#include "connection.h"
#include "options.h"

/* What the command line said; a subcommand looks at what its own options are. */
extern struct connections_settings {
    const char *input;
    const char *output; /* "text", "json" */
    const char *type;
    struct option_texts match;
    long limit; /* 0: all */
    const char *token;
    bool show_password;
    bool replace;
} connections_settings;

bool connections_json(void); /* whether JSON is wanted */

/* Print VALUE, which is taken over, on standard output. */
void connections_print(json_t *value);

/* "NAME: what was done", the name as a terminal can show it. */
void connections_tell(const char *name, const char *what);

/* Complain of ERR, as catalog_complain() does. Returns the exit code. */
int connections_fail(const char *command, enum catalog_result result, const struct error *err);

/* Encrypt the passwords of LIST under the KMS key KEY. False with ERR set, which names the
 * connection. */
bool connections_encrypt(const struct connection_list *list, const char *key, struct error *err);

/* Each does its work with CATALOG and NAMES and returns the exit code. */
int connections_create(struct catalog *catalog, const char *const *names, size_t count);
int connections_import(struct catalog *catalog, const char *const *names, size_t count);
int connections_update(struct catalog *catalog, const char *const *names, size_t count);
int connections_get(struct catalog *catalog, const char *const *names, size_t count);
int connections_list(struct catalog *catalog, const char *const *names, size_t count);
int connections_delete(struct catalog *catalog, const char *const *names, size_t count);
int connections_batch_delete(struct catalog *catalog, const char *const *names, size_t count);

#endif
