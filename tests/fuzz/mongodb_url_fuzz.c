/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_url_fuzz.c - any text as a connection of type MONGODB. */
#include <stddef.h>
#include <stdint.h>

#include "mongodb_url.h"
#include "url_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return url_fuzz(mongodb_url_parse, data, size);
}
