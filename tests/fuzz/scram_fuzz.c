/* SPDX-License-Identifier: Apache-2.0 */
/* scram_fuzz.c - any bytes as a server's two messages, parted by a line break. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "testconn/scram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Rounds cost time and have nothing to find. */
static int is_slow(const char *message, size_t length)
{
    const char *rounds = memmem(message, length, ",i=", 3);
    return rounds && memchr(rounds, ',', length - (size_t)(rounds - message) - 1) == NULL &&
           length - (size_t)(rounds - message) > 7;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scram_login login = {.hash = (enum scram_hash)(size % 3),
                                .user = "user",
                                .password = "pencil",
                                .nonce = "abc",
                                .where = "here"};
    struct error err = ERROR_INIT;
    const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
    size_t first = line ? (size_t)(line - data) : size;
    scram_rounds((const char *)data, first);
    if (is_slow((const char *)data, first))
        return 0;
    struct scram *scram = scram_new(&login, &err);
    scram_continue(scram, (const char *)data, first, &err);
    if (line)
        scram_verify(scram, (const char *)line + 1, size - first - 1, &err);
    scram_free(scram);
    return 0;
}
