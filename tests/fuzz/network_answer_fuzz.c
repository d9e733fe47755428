/* SPDX-License-Identifier: Apache-2.0 */
/* network_answer_fuzz.c - any bytes as what an unknown service says: the first of them choose the
 * opening it answers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "network_openings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct opening *order[OPENINGS];
    char version[32];
    bool expected;
    if (size < 1)
        return 0;
    size_t count = openings_for(6379, order, &expected);
    const struct opening *opening = data[0] < count ? order[data[0]] : NULL;
    const char *speaks = opening_answer(opening, data + 1, size - 1);
    if (speaks && !*speaks)
        abort();
    if (opening_tds_version(data + 1, size - 1, version, sizeof version) &&
        !memchr(version, '\0', sizeof version))
        abort();
    return 0;
}
