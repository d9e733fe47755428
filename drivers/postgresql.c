/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql.c - PostgreSQL, Redshift and Aurora PostgreSQL through libpq. */
#include "testconn/driver.h"

static bool postgresql_test(struct probe *probe, const struct target *target, struct error *err)
{
    (void)probe;
    (void)target;
    return error_set(err, REASON_INTERNAL, "not built yet");
}

TESTCONN_DRIVER_MODULE = {
    .abi = TESTCONN_DRIVER_ABI,
    .name = "postgresql",
    .summary = "PostgreSQL, Amazon Redshift and Aurora PostgreSQL",
    .types = (const char *const[]){"JDBC", NULL},
    .subprotocols = (const char *const[]){"postgresql", "redshift", NULL},
    .engines =
        (const char *const[]){"postgresql", "postgres", "redshift", "aurora-postgresql", NULL},
    .default_port = 5432,
    .libraries = (const struct library[]){{"libpq.so.5", "libpq5"}, {NULL, NULL}},
    .test = postgresql_test,
};
