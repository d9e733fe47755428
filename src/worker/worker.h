/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h - the child: one request in, report lines out, and gone.
 *
 * The request is one line of JSON:
 *   {"definition":{...},"form":"input"|"test-input"|"stored","root":"","label":"orders","strict":false,
 *    "trace":false,"write_back":false,"deadline_us":N,"drivers":"/path/of/drivers",
 *    "driver":"postgresql"|null[,"policy":"as net_policy_to_text()"][,"proxies":{as
 * web_proxies()}]} deadline_us is CLOCK_MONOTONIC of the front: the worker's soft deadline.
 */
#ifndef WORKER_H
#define WORKER_H

#include <jansson.h>
#include <sys/types.h>

#include "testconn/driver.h"

enum { WORKER_REQUEST_MAXIMUM = 16 * 1024 * 1024 }; /* bytes */

/*
 * Be the worker, in a process just made: confine, read the request from FD, test, end by _exit(0).
 * FRONT is who must be the parent. LOADED is the driver of a template, NULL in a one-shot worker.
 */
_Noreturn void worker_run(int fd, pid_t front, const struct driver *loaded);

/* In a front whose next worker will wait for its request, as long as a catalog is read: have it
 * warm TLS up meanwhile. */
void worker_warm_up_first(void);

/* In a template, which every worker is cloned from: read the manifest of DRIVER, of the module at
 * MODULE_PATH, for all of them. */
void worker_prepare(const char *module_path, const char *driver);

/* The module at PATH, loaded; FLAGS are dlopen's. NULL with ERR set to DRIVER_MISSING (which names
 * the package of the library that is not there) or INTERNAL. */
const struct driver *worker_load_driver(const char *path, int flags, struct error *err);

#endif
