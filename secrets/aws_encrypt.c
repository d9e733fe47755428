/* SPDX-License-Identifier: Apache-2.0 */
/* aws_encrypt.c - passwords turned into ciphertexts by KMS, to be stored. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "aws_module.h"
#include "text.h"

enum { PLAINTEXT_MAXIMUM = 4096, STORED_MAXIMUM = 1024 }; /* bytes: KMS's limit, and a property's */

static const struct aws_reasons reasons = {.denied = REASON_SECRET_DENIED,
                                           .missing = REASON_DECRYPT_FAILED,
                                           .other = REASON_DECRYPT_FAILED};

static char *encode(const char *text)
{
    size_t length = strlen(text);
    char *out = xmalloc((length + 2) / 3 * 4 + 1);
    EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)length);
    return out;
}

/* VALUE encrypted, as Base64; NULL with ERR set. */
static json_t *encrypt_one(struct aws *aws, const char *key, const char *value, struct error *err)
{
    char *plaintext = encode(value);
    char *region = aws_arn_part(key, 3);
    char *what = text_format("encryption by the KMS key %s", key);
    json_t *body = json_pack("{s:s, s:s}", "KeyId", key, "Plaintext", plaintext);
    char *text = json_dumps(body, JSON_COMPACT);
    struct aws_call call = {
        .service = AWS_KMS, .region = region, .operation = "Encrypt", .body = text, .what = what};
    json_t *answer = aws_call_json(aws, &call, &reasons, err);
    json_t *blob = json_incref(json_object_get(answer, "CiphertextBlob"));
    if (answer && (!json_is_string(blob) || json_string_length(blob) > STORED_MAXIMUM)) {
        error_set(err, REASON_DECRYPT_FAILED,
                  json_is_string(blob)
                      ? "%s makes a ciphertext of %zu characters, and a property holds %d"
                      : "%s gives no ciphertext",
                  what, json_string_length(blob), (int)STORED_MAXIMUM);
        json_decref(blob);
        blob = NULL;
    }
    json_decref(answer);
    aws_json_free(body);
    text_wipe_free(text);
    text_wipe_free(plaintext);
    free(region);
    free(what);
    return blob;
}

static bool encrypt_all(struct aws *aws, const char *key, json_t *values, json_t *out,
                        struct error *err)
{
    const char *name;
    json_t *value;
    json_object_foreach(values, name, value)
    {
        const char *text = json_string_value(value);
        if (!text || strlen(text) > PLAINTEXT_MAXIMUM)
            return error_set(err, REASON_INVALID_INPUT, "%s is longer than KMS encrypts", name);
        json_t *blob = encrypt_one(aws, key, text, err);
        if (!blob)
            return false;
        json_object_set_new(out, name, blob);
    }
    return true;
}

char *aws_encrypt(struct probe *probe, const char *access, const char *key, const char *values,
                  struct error *err)
{
    struct aws *aws = aws_new(probe, access, err);
    json_t *given = json_loads(values, 0, NULL);
    json_t *out = json_object();
    bool done = aws && encrypt_all(aws, key, given, out, err);
    char *text = done ? json_dumps(out, JSON_COMPACT) : NULL;
    json_decref(out);
    aws_json_free(given);
    aws_free(aws);
    return text;
}
