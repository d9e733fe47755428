/* SPDX-License-Identifier: Apache-2.0 */
/* ca_policy.h - TLS as JDBC_ENFORCE_SSL asks for it, with one CA file. */
#ifndef CA_POLICY_H
#define CA_POLICY_H

#include "fd.h"
#include "testconn/target.h"
#include "text.h"

/* Chain and name verified against the CA at PATH; false with ERR set when it cannot be read. */
static inline bool ca_policy_read(const char *path, struct tls_policy *tls, struct error *err)
{
    *tls = (struct tls_policy){.attempt = true,
                               .require = true,
                               .verify_chain = true,
                               .verify_name = true,
                               .ca_location = xstrdup(path),
                               .ca_property = "CA",
                               .name_property = "HOST"};
    tls->ca_pem = fd_read_file(path, 1 << 20, deadline_in_ms(1000), &tls->ca_pem_length, err);
    return tls->ca_pem != NULL;
}

#endif
