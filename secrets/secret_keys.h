/* SPDX-License-Identifier: Apache-2.0 */
/* secret_keys.h - which keys of a secret say what. Pure; names are told, values never. */
#ifndef SECRET_KEYS_H
#define SECRET_KEYS_H

#include <jansson.h>
#include <stdbool.h>

#include "testconn/error.h"

/* Borrowed from the secret. */
struct secret_login {
    const char *user;
    const char *password;
    const char *user_key; /* "username" */
    const char *password_key;
    bool odd_case; /* in a case that Glue does not look for */
};

/*
 * User and password of SECRET: username and password, else USERNAME and PASSWORD, else in any case.
 * False with ERR set to SECRET_FORMAT: what was looked for, and the names of what is there. WHAT is
 * the secret, for messages.
 */
bool secret_keys_login(const json_t *secret, const char *what, struct secret_login *login,
                       struct error *err);

/* The text of KEY in any case, NULL: none or empty. */
const char *secret_keys_text(const json_t *secret, const char *key);

/* "port", a number or its text; 0: none that is one. */
unsigned secret_keys_port(const json_t *secret);

/* Whether ENGINE, RDS's word, is tested as SUBPROTOCOL. */
bool secret_keys_is_engine(const char *engine, const char *subprotocol);

/* Set ERR to SECRET_FORMAT: KEY is not there, or is WHY. Returns false. */
bool secret_keys_missing(const json_t *secret, const char *what, const char *key, const char *why,
                         struct error *err);

#endif
