/* SPDX-License-Identifier: Apache-2.0 */
/* certificate_bundle_fuzz.c - any bytes as a CA file. */
#include <stdint.h>

#include "certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = ERROR_INIT;
    STACK_OF(X509) *list = certificate_read_bundle("input", data, size, &err);
    for (int i = 0; i < sk_X509_num(list); i++) {
        struct certificate_fault faults[4];
        certificate_check(sk_X509_value(list, i), i + 1, sk_X509_num(list), CERTIFICATE_RULES_JDBC,
                          faults, 4);
        json_decref(certificate_to_json(sk_X509_value(list, i)));
    }
    sk_X509_pop_free(list, X509_free);
    return 0;
}
