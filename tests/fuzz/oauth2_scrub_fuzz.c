/* SPDX-License-Identifier: Apache-2.0 */
/* oauth2_scrub_fuzz.c - any text of a login host's: of a secret, nothing whole is left of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "oauth2_scrub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char secret[] = "S3cret+/=&%00";
    struct scrub scrub = {.count = 0};
    char *text = strndup((const char *)data, size < 4096 ? size : 4096);
    size_t length = strlen(text);
    scrub_add(&scrub, secret);
    scrub_add(&scrub, "other");
    char *copy = scrub_copy(&scrub, text, 100);
    if (strlen(copy) > 100 || strstr(copy, secret))
        abort();
    scrub_text(&scrub, text);
    if (strlen(text) > length || strstr(text, secret) || strstr(text, "other"))
        abort();
    free(copy);
    free(text);
    return 0;
}
