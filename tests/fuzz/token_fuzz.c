/* SPDX-License-Identifier: Apache-2.0 */
/* token_fuzz.c - a continuation token from anybody: refused, or exactly the one that we would make.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct catalog_filter filter = {0};
    struct error err = ERROR_INIT;
    char *token = xstrndup((const char *)data, size);
    char *name = token_read(&filter, token, &err);
    if (name) {
        char *again = token_make(&filter, name);
        if (strcmp(again, token) != 0)
            abort();
        free(again);
    }
    free(name);
    free(token);
    return 0;
}
