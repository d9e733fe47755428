/* SPDX-License-Identifier: Apache-2.0 */
/* certificate_bundle_fuzz.c - any bytes as a file of certificates: read, checked, described. */
#include <stdint.h>
#include <stdlib.h>

#include "certificate_audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct certificate_audit audit;
    bool passed = certificate_audit("input", data, size,
                                    size % 2 ? CERTIFICATE_RULES_JDBC : CERTIFICATE_RULES_KAFKA,
                                    size % 3 ? "localhost" : NULL, &audit);
    if (passed != (audit.error.reason == REASON_NONE))
        abort();
    for (int i = 1; i <= sk_X509_num(audit.list); i++)
        json_decref(certificate_audit_to_json(&audit, i));
    certificate_audit_release(&audit);
    return 0;
}
