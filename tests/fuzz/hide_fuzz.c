/* SPDX-License-Identifier: Apache-2.0 */
/* hide_fuzz.c - any text as a URL: where nothing can be a credential, nothing is hidden. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hide.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *url = xstrndup((const char *)data, size);
    char *hidden = hide_in_url(url);
    if (!strpbrk(url, "@=") && strcmp(hidden, url) != 0)
        abort();
    free(hidden);
    free(url);
    return 0;
}
