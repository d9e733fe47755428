/* SPDX-License-Identifier: Apache-2.0 */
/* upstream_answer_fuzz.c - the answer of an upstream: passed on in whole lines, or refused. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "upstream_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct upstream_answer answer;
    const char *text = (const char *)data;
    bool bodiless = size && data[size - 1] & 1;
    if (upstream_answer_read(&answer, text, size, bodiless)) {
        size_t length = answer.headers.length;
        if (answer.status < 200 || answer.status > 599 || answer.body.length > size ||
            (length && memcmp(answer.headers.data + length - 2, "\r\n", 2) != 0))
            abort();
    }
    upstream_answer_release(&answer);
    return 0;
}
