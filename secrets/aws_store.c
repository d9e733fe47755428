/* SPDX-License-Identifier: Apache-2.0 */
/* aws_store.c - a new version of a secret of Secrets Manager. */
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_module.h"
#include "text.h"

enum { TOKEN_BYTES = 16 };

/* Names the version that this request makes, however often it is sent; AWS demands one. */
static bool make_token(char out[2 * TOKEN_BYTES + 1])
{
    unsigned char bytes[TOKEN_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

bool aws_store_secret(struct aws *aws, const struct target *target, const char *content,
                      struct error *err)
{
    static const struct aws_reasons reasons = {.denied = REASON_SECRET_DENIED,
                                               .missing = REASON_SECRET_MISSING,
                                               .other = REASON_SECRET_MISSING};
    char token[2 * TOKEN_BYTES + 1];
    if (!make_token(token))
        return error_set(err, REASON_INTERNAL, "no random numbers for the secret's new version");
    char *what = text_format("the secret \"%s\"", target->secret_id);
    char *region = aws_arn_part(target->secret_id, 3);
    json_t *body = json_pack("{s:s, s:s, s:s}", "SecretId", target->secret_id, "SecretString",
                             content, "ClientRequestToken", token);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct aws_call call = {.service = AWS_SECRETS_MANAGER,
                            .region = region,
                            .operation = "PutSecretValue",
                            .body = text,
                            .what = what,
                            .property = target->password_property};
    json_t *answer = text ? aws_call_json(aws, &call, &reasons, err) : NULL;
    text_wipe_free(text);
    aws_json_free(body);
    aws_json_free(answer);
    free(region);
    free(what);
    return answer != NULL;
}
