/* SPDX-License-Identifier: Apache-2.0 */
/* password_encryption.h - Glue's ConnectionPasswordEncryption: passwords stored as ciphertexts of a
 * KMS key. */
#ifndef PASSWORD_ENCRYPTION_H
#define PASSWORD_ENCRYPTION_H

#include <jansson.h>

#include "agent_identity.h"
#include "testconn/error.h"

/* Called once when PROPERTIES have been changed, or with ERR set and nothing
 * changed. */
typedef void password_encryption_done(void *argument, const struct error *err);

/*
 * Replace each password of PROPERTIES (ConnectionProperties, borrowed until it is done) that has an
 * encrypted form - PASSWORD, KAFKA_*_PASSWORD - by that form, encrypted by AGENT's identity under
 * the KMS key KEY (id, alias or ARN), by DEADLINE. What is a reference (${env:}, ${file:}) is none,
 * and stays. Where there is nothing to encrypt nobody is asked. DONE may be called at once.
 */
void password_encryption_start(struct agent_identity *agent, const char *key, json_t *properties,
                               struct deadline deadline, password_encryption_done *done,
                               void *argument);

#endif
