/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - one line an event on standard error: logfmt, or JSON with the same keys. */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Lines below LEVEL are left out. */
void log_begin(enum log_level level, bool json);

/* MESSAGE with pairs of key and value, all const char *, ended by NULL; a value of NULL leaves its
 * pair out. */
void log_line(enum log_level level, const char *message, ...) __attribute__((sentinel));

#endif
