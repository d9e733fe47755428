/* SPDX-License-Identifier: Apache-2.0 */
/* aws_decrypt.c - ENCRYPTED_* values through KMS. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_module.h"
#include "text.h"

#define CONTEXT_KEY "glue_catalog_id"

enum { CIPHERTEXT_MAXIMUM = 6144 }; /* bytes, KMS's own */

static const struct aws_reasons reasons = {.denied = REASON_SECRET_DENIED,
                                           .missing = REASON_DECRYPT_FAILED,
                                           .other = REASON_DECRYPT_FAILED};

/* TEXT, Base64, decoded; the caller wipes and frees it. NULL: it is none. */
static char *decode(const char *text, size_t *length)
{
    size_t size = strlen(text);
    size_t padding = 0;
    if (size == 0 || size % 4 != 0)
        return NULL;
    while (padding < 2 && text[size - 1 - padding] == '=')
        padding++;
    char *out = xmalloc(size / 4 * 3 + 1);
    int got = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)text, (int)size);
    if (got < 0 || (size_t)got < padding) {
        free(out);
        return NULL;
    }
    *length = (size_t)got - padding;
    out[*length] = '\0';
    return out;
}

/* The account that the identity belongs to, which Glue's catalog has its id from; NULL with ERR
 * set. */
static char *account(struct aws *aws, struct error *err)
{
    struct aws_answer answer = AWS_ANSWER_INIT;
    struct aws_call call = {
        .service = AWS_STS, .operation = "GetCallerIdentity", .what = "the AWS account"};
    char *id = NULL;
    if (aws_send(aws, &call, &answer, err)) {
        if (!answer.ok)
            aws_explain(aws, &call, &answer, &reasons, err);
        else
            id = aws_xml_text(answer.http.body, answer.http.body_length, "Account");
    }
    aws_answer_release(&answer);
    return id;
}

/* A value being decrypted. */
struct decrypting {
    struct aws *aws;
    const char *ciphertext; /* Base64 */
    const char *what;       /* "the value of ConnectionProperties.ENCRYPTED_PASSWORD" */
    const char *property;
    struct error *err;
};

static char *format_body(const struct decrypting *decrypting, const char *catalog)
{
    json_t *body = json_pack("{s:s}", "CiphertextBlob", decrypting->ciphertext);
    if (catalog)
        json_object_set_new(body, "EncryptionContext", json_pack("{s:s}", CONTEXT_KEY, catalog));
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

#define NO_KEY "The ciphertext refers to a customer master key that"

/* KMS says nothing about a ciphertext that it cannot decrypt, and has one code for a key that it
 * cannot find and a key that we may not use. */
static bool explain(const struct decrypting *decrypting, const struct aws_call *call,
                    struct aws_answer *answer, const char *catalog)
{
    struct aws_fault *fault = &answer->fault;
    struct aws_reasons mine = reasons;
    bool silent = !fault->message[0];
    bool denied = strcmp(fault->code, "AccessDeniedException") == 0;
    if (silent && strcmp(fault->code, "InvalidCiphertextException") == 0)
        snprintf(fault->message, sizeof fault->message,
                 "no ciphertext of a KMS key of this region and account%s%s",
                 catalog ? ", neither without an encryption context nor with " CONTEXT_KEY "=" : "",
                 catalog ? catalog : "");
    else if (silent && strcmp(fault->code, "IncorrectKeyException") == 0)
        snprintf(fault->message, sizeof fault->message,
                 "the ciphertext was made by another KMS key than the one it is decrypted with");
    else if (silent && denied)
        snprintf(fault->message, sizeof fault->message,
                 NO_KEY " does not exist, does not exist in this region, or may not be used");
    if (denied && text_starts(fault->message, NO_KEY))
        mine.denied = REASON_DECRYPT_FAILED;
    return aws_explain(decrypting->aws, call, answer, &mine, decrypting->err);
}

/* One call; CATALOG is the encryption context, NULL: none. *INVALID: KMS knows no such ciphertext.
 */
static json_t *decrypt_once(const struct decrypting *decrypting, const char *catalog, bool *invalid)
{
    struct aws_answer answer = AWS_ANSWER_INIT;
    char *body = format_body(decrypting, catalog);
    struct aws_call call = {.service = AWS_KMS,
                            .operation = "Decrypt",
                            .body = body,
                            .what = decrypting->what,
                            .property = decrypting->property};
    json_t *document = NULL;
    if (aws_send(decrypting->aws, &call, &answer, decrypting->err)) {
        *invalid = strcmp(answer.fault.code, "InvalidCiphertextException") == 0;
        if (!answer.ok)
            explain(decrypting, &call, &answer, catalog);
        else
            document = json_loadb(answer.http.body, answer.http.body_length, 0, NULL);
        if (answer.ok && !document)
            aws_tell_foreign(&call, &answer, decrypting->err);
    }
    aws_answer_release(&answer);
    free(body);
    return document;
}

/* Without an encryption context, as Glue's own code asks, then with the one its documentation
 * names. */
static json_t *decrypt_either(const struct decrypting *decrypting, bool *with_context)
{
    bool invalid = false;
    json_t *document = decrypt_once(decrypting, NULL, &invalid);
    struct error ignored = ERROR_INIT;
    if (document || !invalid)
        return document;
    char *catalog = account(decrypting->aws, &ignored);
    if (catalog)
        document = decrypt_once(decrypting, catalog, &invalid);
    *with_context = document != NULL;
    free(catalog);
    return document;
}

/* The plaintext, which has to be text; NULL with ERR set. */
static char *take_plaintext(const struct decrypting *decrypting, const json_t *document)
{
    size_t length = 0;
    const char *encoded = json_string_value(json_object_get(document, "Plaintext"));
    char *plaintext = encoded && !*encoded ? xstrdup("")
                      : encoded            ? decode(encoded, &length)
                                           : NULL;
    if (plaintext && !memchr(plaintext, '\0', length) && text_is_utf8(plaintext, length))
        return plaintext;
    error_set(decrypting->err, REASON_DECRYPT_FAILED, "%s is decrypted by KMS, but %s",
              decrypting->what,
              plaintext ? "the plaintext is no text (UTF-8)" : "the answer holds no plaintext");
    error_property(decrypting->err, decrypting->property);
    if (plaintext)
        text_wipe(plaintext, length);
    free(plaintext);
    return NULL;
}

static bool is_ciphertext(const struct decrypting *decrypting)
{
    size_t length = 0;
    char *bytes = decode(decrypting->ciphertext, &length);
    free(bytes);
    if (bytes && length > 0 && length <= CIPHERTEXT_MAXIMUM)
        return true;
    error_set(decrypting->err, REASON_DECRYPT_FAILED,
              bytes ? "%s is %zu bytes long, KMS decrypts at most %d"
                    : "%s is no Base64, the form in which Glue stores a ciphertext of KMS",
              decrypting->what, length, (int)CIPHERTEXT_MAXIMUM);
    return error_property(decrypting->err, decrypting->property);
}

/* VALUE (replaced) of PROPERTY decrypted. */
static bool decrypt(struct aws *aws, struct probe *probe, const char *property, char **value,
                    struct error *err)
{
    char *what = text_format("the value of %s", property);
    bool with_context = false;
    (*value)[strcspn(*value, " \t\r\n")] = '\0';
    struct decrypting decrypting = {aws, *value, what, property, err};
    json_t *document =
        is_ciphertext(&decrypting) ? decrypt_either(&decrypting, &with_context) : NULL;
    char *plaintext = document ? take_plaintext(&decrypting, document) : NULL;
    const char *key = json_string_value(json_object_get(document, "KeyId"));
    if (plaintext) {
        probe_note(probe, "decrypted_by", "%s%s", key ? key : "KMS",
                   with_context ? " with the encryption context " CONTEXT_KEY : "");
        text_wipe_free(*value);
        *value = plaintext;
    }
    aws_json_free(document);
    free(what);
    return plaintext != NULL;
}

bool aws_decrypt_all(struct aws *aws, struct probe *probe, struct target *target, struct error *err)
{
    if (target->encrypted_password) {
        if (!decrypt(aws, probe, target->password_property, &target->encrypted_password, err))
            return false;
        text_wipe_free(target->password);
        target->password = target->encrypted_password;
        target->encrypted_password = NULL;
    }
    for (size_t i = 0; i < target->secret_count; i++) {
        struct target_secret *secret = &target->secrets[i];
        if (secret->encrypted && !decrypt(aws, probe, secret->property, &secret->value, err))
            return false;
        secret->encrypted = false;
    }
    return true;
}
