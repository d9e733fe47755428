/* SPDX-License-Identifier: Apache-2.0 */
/* ca_rules.h - the documented rules for the configured CA certificates of a test. */
#ifndef CA_RULES_H
#define CA_RULES_H

#include <stdbool.h>

#include "testconn/error.h"
#include "testconn/probe.h"
#include "testconn/target.h"

/*
 * Check the certificates of TLS->ca_pem, for a connection of TYPE. With PROBE each broken rule is a
 * finding of the stage certificate, as is what TLS would say of them; NULL: nothing is told. False
 * with ERR set to the first broken rule, or to what the file is instead.
 */
bool ca_rules_check(const struct tls_policy *tls, const char *type, struct probe *probe,
                    struct error *err);

#endif
