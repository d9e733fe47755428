/* SPDX-License-Identifier: Apache-2.0 */
/* aws_answer_fuzz.c - any bytes as an answer of AWS, and as a secret. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws_answer.h"
#include "secret_keys.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_secret(const char *text, size_t size)
{
    struct secret_login login;
    struct error err = ERROR_INIT;
    json_t *secret = json_loadb(text, size, 0, NULL);
    if (json_is_object(secret)) {
        bool found = secret_keys_login(secret, "the secret", &login, &err);
        if (found != (err.reason == REASON_NONE) || !text_is_utf8(err.message, strlen(err.message)))
            abort();
        secret_keys_port(secret);
        secret_keys_text(secret, "host");
    }
    json_decref(secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"Code", "AccessKeyId", "Account", ""};
    struct aws_fault fault;
    char *text = xmalloc(size);
    if (size)
        memcpy(text, data, size);
    aws_fault_read(&fault, 400, size % 2 ? "a#B:c" : NULL, text, size);
    aws_fault_kind(&fault);
    if (!text_is_utf8(fault.message, strlen(fault.message)) || !aws_fault_remedy(&fault))
        abort();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        free(aws_xml_text(text, size, names[i]));
    read_secret(text, size);
    free(text);
    return 0;
}
