/* SPDX-License-Identifier: Apache-2.0 */
/* keystore_fuzz.c - any bytes as a client keystore. */
#include <stdint.h>
#include <stdlib.h>

#include "testconn/keystore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const passwords[] = {"storepw", NULL};
    for (size_t i = 0; i < sizeof passwords / sizeof *passwords; i++) {
        const struct keystore store = {.name = "input",
                                       .data = data,
                                       .length = size,
                                       .password = passwords[i],
                                       .key_password = "storepw",
                                       .property = "a",
                                       .password_property = "b",
                                       .key_password_property = "c",
                                       .rounds_maximum = 2000};
        struct keystore_facts facts;
        struct error err = ERROR_INIT;
        struct identity *identity = keystore_open(&store, &facts, &err);
        if (identity) {
            free(identity_certificates(identity));
            free(identity_key(identity));
        }
        identity_free(identity);
    }
    return 0;
}
