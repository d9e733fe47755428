/* SPDX-License-Identifier: Apache-2.0 */
/* aws.c - the module: what a target refers to in AWS, fetched. */
#include "aws_module.h"

static bool fetch(struct probe *probe, struct target *target, struct error *err)
{
    struct aws *aws = aws_new(probe, target->aws.document, err);
    bool fetched = aws &&
                   (!target->secret_id || (target->secret_content && target->secret_is_own) ||
                    aws_fetch_login(aws, probe, target, err)) &&
                   aws_decrypt_all(aws, probe, target, err) &&
                   aws_fetch_files(aws, probe, target, err) &&
                   (target->aws_login != AWS_LOGIN_RDS || aws_make_token(aws, probe, target, err));
    aws_free(aws);
    return fetched;
}

static bool store(struct probe *probe, const struct target *target, const char *content,
                  struct error *err)
{
    struct aws *aws = aws_new(probe, target->aws.document, err);
    bool stored = aws && aws_store_secret(aws, target, content, err);
    aws_free(aws);
    return stored;
}

TESTCONN_SECRETS_MODULE = {
    .abi = TESTCONN_DRIVER_ABI,
    .fetch = fetch,
    .log_in = aws_log_in,
    .encrypt = aws_encrypt,
    .store = store,
    .ask_glue = aws_ask_glue,
    .identify = aws_identify,
};
