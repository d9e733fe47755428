/* SPDX-License-Identifier: Apache-2.0 */
/* dns_answer_fuzz.c - any bytes as a name server's answer. */
#include <stdint.h>
#include <stdlib.h>

#include "dns_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct srv_hosts hosts;
    const char *wrong;
    char **texts;
    size_t count;
    dns_answer_code(data, size);
    dns_answer_hosts(data, size, &hosts, &wrong);
    srv_hosts_release(&hosts);
    dns_answer_texts(data, size, &texts, &count);
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
    return 0;
}
