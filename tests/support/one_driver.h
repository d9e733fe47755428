/* SPDX-License-Identifier: Apache-2.0 */
/* one_driver.h - for unit tests: the set-up of a registry that knows one driver, and needs no
 * build. */
#ifndef ONE_DRIVER_H
#define ONE_DRIVER_H

#include <stdlib.h>
#include <unistd.h>

#include "resolve.h"
#include "testconn/driver.h"
#include "text.h"

static struct registry *registry;

/* Out of a folder with the manifest of driver NAME for connection type TYPE; MORE (taken over, NULL
 * is allowed) has further members of it. 0 where the registry is made. */
static int registry_set_up(const char *name, const char *type, json_t *more)
{
    char folder[] = "/tmp/testconn-registry-XXXXXX";
    if (!mkdtemp(folder))
        return 1;
    char *path = text_format("%s/%s.json", folder, name);
    json_t *manifest = json_pack("{s:i,s:s,s:s,s:[s]}", "abi", TESTCONN_DRIVER_ABI, "name", name,
                                 "summary", "x", "types", type);
    json_object_update(manifest, more);
    json_dump_file(manifest, path, 0);
    registry = registry_new(folder);
    json_decref(manifest);
    json_decref(more);
    unlink(path);
    rmdir(folder);
    free(path);
    return registry->count == 1 ? 0 : 1;
}

static int registry_tear_down(void **state)
{
    (void)state;
    registry_free(registry);
    return 0;
}

#endif
