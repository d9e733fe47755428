/* SPDX-License-Identifier: Apache-2.0 */
/* connector_secret.h - the secret that fills ${key} in the URLs of a connector. */
#ifndef CONNECTOR_SECRET_H
#define CONNECTOR_SECRET_H

#include <jansson.h>

#include "connection.h"
#include "placeholder.h"
#include "testconn/probe.h"

struct connector_secret {
    char *what;    /* "the secret \"orders\"" */
    char *content; /* JSON, as it was fetched */
    json_t *values;
    struct placeholders placeholders;
};
#define CONNECTOR_SECRET_INIT ((struct connector_secret){.what = NULL})
void connector_secret_release(struct connector_secret *secret); /* wipes it */

/*
 * Fetch the secret of CONNECTION with ACCESS to AWS, by the module beside the folder DRIVERS, and
 * fill the URLs of CONNECTION. False with ERR set: SECRET_FORMAT where a key is not there.
 */
bool connector_secret_fill(struct connector_secret *secret, struct probe *probe,
                           struct connection *connection, const json_t *access, const char *drivers,
                           struct error *err);

/* Set ERR, about the filled URL, to what it says with the secret's values hidden behind their
 * keys. */
void connector_secret_blame(const struct connector_secret *secret, enum reason reason,
                            const char *words, struct error *err);

#endif
