/* SPDX-License-Identifier: Apache-2.0 */
/* aws.c - the module: what a target refers to in AWS, fetched. */
#include "aws_module.h"

static bool fetch(struct probe *probe, struct target *target, struct error *err)
{
    struct aws *aws = aws_new(probe, target->aws.document, err);
    bool fetched = aws &&
                   (!target->secret_id || target->secret_content ||
                    aws_fetch_login(aws, probe, target, err)) &&
                   aws_decrypt_all(aws, probe, target, err) &&
                   aws_fetch_files(aws, probe, target, err);
    aws_free(aws);
    return fetched;
}

TESTCONN_SECRETS_MODULE = {
    .abi = TESTCONN_DRIVER_ABI,
    .fetch = fetch,
    .identify = aws_identify,
};
