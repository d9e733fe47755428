/* SPDX-License-Identifier: Apache-2.0 */
/* aws_module.h - what the files of the module aws do for each other. */
#ifndef AWS_MODULE_H
#define AWS_MODULE_H

#include "aws.h"
#include "aws_cluster.h"
#include "testconn/secrets.h"

/* secrets.h, "identify". */
char *aws_identify(struct probe *probe, const char *job, struct error *err);

/* The secret that TARGET's login comes from, into user, password, host, port and database. */
bool aws_fetch_login(struct aws *aws, struct probe *probe, struct target *target,
                     struct error *err);

/* Whether HOST, which somebody else has told, may stand in a definition: a name or an address. */
bool aws_is_host(const char *host);

/* A new version of the secret that TARGET's login comes from. */
bool aws_store_secret(struct aws *aws, const struct target *target, const char *content,
                      struct error *err);

/* The ciphertexts of TARGET in place of what they are encrypted from. */
bool aws_decrypt_all(struct aws *aws, struct probe *probe, struct target *target,
                     struct error *err);

/* The files of TARGET that lie in S3. */
bool aws_fetch_files(struct aws *aws, struct probe *probe, struct target *target,
                     struct error *err);

/* The password of an IAM login to RDS: a token, which nobody is asked for. */
bool aws_make_token(struct aws *aws, struct probe *probe, struct target *target, struct error *err);

/* secrets.h, "encrypt". */
char *aws_encrypt(struct probe *probe, const char *access, const char *key, const char *values,
                  struct error *err);

/* secrets.h, "ask_glue". */
char *aws_ask_glue(struct probe *probe, const char *access, const char *text, struct error *err);

/* secrets.h, "log_in". */
bool aws_log_in(struct probe *probe, struct target *target, struct error *err);

#endif
