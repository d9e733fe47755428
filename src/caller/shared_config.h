/* SPDX-License-Identifier: Apache-2.0 */
/* shared_config.h - AWS's shared configuration and credentials files, parsed. */
#ifndef SHARED_CONFIG_H
#define SHARED_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

/* Which of the two files; they name their sections differently. */
enum shared_file { SHARED_FILE_CONFIG, SHARED_FILE_CREDENTIALS };

struct shared_config;

/* Empty; the caller ends with shared_config_free(), which wipes it. */
struct shared_config *shared_config_new(void);
void shared_config_free(struct shared_config *config); /* NULL is allowed */

/*
 * Add what LENGTH bytes of TEXT say. Of equal settings the one added last counts, so the
 * credentials file is added after the configuration. Lines that are none are skipped, the first of
 * them is a fault.
 */
void shared_config_add(struct shared_config *config, enum shared_file file, const char *text,
                       size_t length);

/* What is wrong with FILE, "line 3 has no ...", quoting no value; NULL: nothing. */
const char *shared_config_fault(const struct shared_config *config, enum shared_file file);

/* Whether there is a section, also an empty one: KIND "profile", NAME "default". */
bool shared_config_has(const struct shared_config *config, const char *kind, const char *name);

/*
 * The value of KEY in the section KIND NAME, NULL when there is none or it is empty. NESTED names a
 * key indented under KEY ("secrets_manager", "endpoint_url"); NULL: KEY itself.
 */
const char *shared_config_value(const struct shared_config *config, const char *kind,
                                const char *name, const char *key, const char *nested);

#endif
