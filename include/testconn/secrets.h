/* SPDX-License-Identifier: Apache-2.0 */
/* secrets.h - a module that fetches what a target only refers to: secrets/NAME.so. */
#ifndef TESTCONN_SECRETS_H
#define TESTCONN_SECRETS_H

#include <stdbool.h>

#include "testconn/driver.h"

#pragma GCC visibility push(default)

struct secrets {
    int abi; /* TESTCONN_DRIVER_ABI */

    /*
     * Fetch what TARGET refers to into it - secret, ciphertexts, files of s3:// - as the identity
     * in its `aws`, in the stage `credentials`. False with ERR set and its property named.
     */
    bool (*fetch)(struct probe *probe, struct target *target, struct error *err);

    /* Write CONTENT to the secret of TARGET's secret_id, as the same identity. False with ERR set.
     */
    bool (*store)(struct probe *probe, const struct target *target, const char *content,
                  struct error *err);

    /*
     * Get the password of TARGET's `aws_login` REDSHIFT from the service, as an attempt of the
     * test's own, for the login that follows. False with ERR set.
     */
    bool (*log_in)(struct probe *probe, struct target *target, struct error *err);

    /*
     * Have the key KEY encrypt each text of VALUES (a JSON object), with ACCESS to AWS
     * ({"settings", "identity"}). The answer, the same object with ciphertexts in Base64, is the
     * caller's to free. NULL with ERR set.
     */
    char *(*encrypt)(struct probe *probe, const char *access, const char *key, const char *values,
                     struct error *err);

    /*
     * Ask AWS Glue, with ACCESS as above, what REQUEST says: {"region"?, "endpoint"?, "operation",
     * "body", "what"}. The answer, JSON, is the caller's to wipe and free. NULL with ERR set:
     * SECRET_MISSING for what is not there, SECRET_DENIED, SERVER_BUSY, QUERY_FAILED.
     */
    char *(*ask_glue)(struct probe *probe, const char *access, const char *request,
                      struct error *err);

    /*
     * Get temporary credentials as JOB (JSON: "settings", "source", "roles") says. The answer,
     * JSON with access_key, secret_key, session_token, expires (Unix time) and from, is the
     * caller's to wipe and free. NULL with ERR set.
     */
    char *(*identify)(struct probe *probe, const char *job, struct error *err);
};

/* What a module exports, once: TESTCONN_SECRETS_MODULE = { .abi = TESTCONN_DRIVER_ABI, ... }; */
#define TESTCONN_SECRETS_SYMBOL "testconn_secrets"
#define TESTCONN_SECRETS_MODULE                                                                    \
    extern const struct secrets testconn_secrets;                                                  \
    __attribute__((visibility("default"))) const struct secrets testconn_secrets

#pragma GCC visibility pop

#endif
