/* SPDX-License-Identifier: Apache-2.0 */
/* stage.c - the names of the eight stages. */
#include "testconn/probe.h"

const char *stage_name(enum stage stage)
{
    static const char *const names[STAGE_COUNT] = {
        [STAGE_INPUT] = "input",
        [STAGE_CREDENTIALS] = "credentials",
        [STAGE_CERTIFICATE] = "certificate",
        [STAGE_DNS] = "dns",
        [STAGE_TCP] = "tcp",
        [STAGE_TLS] = "tls",
        [STAGE_LOGIN] = "login",
        [STAGE_QUERY] = "query",
    };
    return stage < STAGE_COUNT ? names[stage] : "input";
}
