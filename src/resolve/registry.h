/* SPDX-License-Identifier: Apache-2.0 */
/* registry.h - the drivers that are installed, by their manifests; no module is loaded for it. */
#ifndef REGISTRY_H
#define REGISTRY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "testconn/error.h"

/* One manifest, drivers/NAME.json. Everything is owned by the registry. */
struct manifest {
    json_t *document;
    const char *name;
    const char *summary;
    uint16_t default_port;
    char *module_path; /* drivers/NAME.so */
};

struct registry {
    char *folder;
    struct manifest *items;
    size_t count;
    int unread; /* errno of a manifest that could not be read for want of something of ours; or 0 */
};

/*
 * Read the manifests of FOLDER. A folder that is missing is an empty registry; a manifest that
 * cannot be read or has another ABI is left out with a warning in the log.
 */
struct registry *registry_new(const char *folder);

/* The same with the driver NAME alone. */
struct registry *registry_new_of(const char *folder, const char *name);
void registry_free(struct registry *registry);

/*
 * The folder of the modules: `drivers` beside the program in a build, ../lib/testconn/drivers from
 * an installed one. The caller frees it.
 */
char *registry_default_folder(void);

/* The driver that claims a type ("NETWORK"), a JDBC subprotocol, or a JDBC_ENGINE (without case);
 * or NULL. */
const struct manifest *registry_find_type(const struct registry *registry, const char *type);
const struct manifest *registry_find_subprotocol(const struct registry *registry, const char *word);
const struct manifest *registry_find_engine(const struct registry *registry, const char *word);
const struct manifest *registry_find_name(const struct registry *registry, const char *name);

#endif
