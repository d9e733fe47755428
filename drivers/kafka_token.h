/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_token.h - the token by which Amazon MSK knows an AWS identity. Pure. */
#ifndef KAFKA_TOKEN_H
#define KAFKA_TOKEN_H

#include <time.h>

enum { KAFKA_TOKEN_EXPIRES_S = 900 };

/* Who asks for it. */
struct kafka_caller {
    const char *access_key;
    const char *secret_key;
    const char *session_token; /* NULL: none */
    const char *region;
    const char *user_agent; /* stands outside of the signature */
};

/* A presigned request for kafka-cluster:Connect, in base64url. The caller wipes and frees it. */
char *kafka_token(const struct kafka_caller *caller, time_t now);

#endif
