/* SPDX-License-Identifier: Apache-2.0 */
/* confine.h - what a worker gives up before it parses anything. */
#ifndef CONFINE_H
#define CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "testconn/error.h"

/*
 * Not dumpable, no core, no new privileges, killed with FRONT, descriptors 0-2 on the null device
 * and no others but KEEP, an empty environment, no capability but reading files, RLIMIT_DATA, and
 * no right to make a process (seccomp). False with ERR set to INTERNAL where the system refuses any
 * of it.
 */
bool confine(int keep, pid_t front, struct error *err);

#endif
