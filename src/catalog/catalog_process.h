/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_process.h - the process that owns a store and its key, so that a front never waits. */
#ifndef CATALOG_PROCESS_H
#define CATALOG_PROCESS_H

enum { CATALOG_PROCESS_FD = 3 }; /* where it finds its socket */

/* The role `testconn catalog-process FRONT`: answer messages (catalog_message.h) until the front is
 * gone. */
_Noreturn void catalog_process_run(long front);

#endif
