/* SPDX-License-Identifier: Apache-2.0 */
/* files.h - what a definition names by path: ${file:} values and certificate files. */
#ifndef FILES_H
#define FILES_H

#include "connection.h"
#include "problems.h"
#include "testconn/deadline.h"
#include "testconn/error.h"
#include "testconn/target.h"

/*
 * Replace every ${file:PATH} of CONNECTION by the file's content without its last line break. False
 * with ERR set to FILE_UNREADABLE at the first that cannot be read.
 */
bool files_replace(struct connection *connection, struct deadline deadline, struct error *err);

/* Fetch FILE (a path, file://) into its content, unless that is there. False with ERR set and its
 * property named. */
bool files_read(struct target_file *file, struct deadline deadline, struct error *err);

/* Fetch the CA that POLICY names (a path, file://, inline PEM) into POLICY. False with ERR set. */
bool files_read_ca(struct tls_policy *policy, struct deadline deadline, struct error *err);

#endif
