/* SPDX-License-Identifier: Apache-2.0 */
/* jdbc_url_fuzz.c - any text as a JDBC URL. */
#include <stddef.h>
#include <stdint.h>

#include "jdbc_url.h"
#include "url_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return url_fuzz(jdbc_url_parse, data, size);
}
