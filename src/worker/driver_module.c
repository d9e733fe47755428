/* SPDX-License-Identifier: Apache-2.0 */
/* driver_module.c - a driver's module loaded, or what is missing for it. */
#include <dlfcn.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "worker.h"

/* The Debian package of the library that MESSAGE, of dlopen, complains about: from the manifest
 * beside the module. */
static bool name_package(const char *path, const char *message, struct error *err)
{
    size_t length = strlen(path);
    char *manifest_path = text_format("%.*s.json", (int)(length > 3 ? length - 3 : length), path);
    json_t *manifest = json_load_file(manifest_path, 0, NULL);
    size_t index;
    json_t *library;
    free(manifest_path);
    json_array_foreach(json_object_get(manifest, "libraries"), index, library)
    {
        const char *soname = json_string_value(json_object_get(library, "soname"));
        const char *package = json_string_value(json_object_get(library, "package"));
        if (!soname || !package || !strstr(message, soname))
            continue;
        error_set(err, REASON_DRIVER_MISSING, "the library %s of the driver is not installed: %s",
                  soname, message);
        error_remedy(err, "install the package %s (apt-get install %s)", package, package);
        json_decref(manifest);
        return true;
    }
    json_decref(manifest);
    return false;
}

/* Whether MESSAGE, of dlopen, tells of memory or descriptors that ran out, not of the module: all
 * is installed, and a later test may well succeed. */
static bool lacks_room(const char *message)
{
    static const char *const words[] = {"out of memory",
                                        "annot allocate memory",
                                        "annot create shared object descriptor",
                                        "failed to map segment",
                                        "cannot map zero-fill pages",
                                        "cannot create cache for search path",
                                        "Too many open files",
                                        "Error 24", /* glibc has no words for EMFILE here, */
                                        "Error 23" /* nor for ENFILE */};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(message, words[i]))
            return true;
    return false;
}

const struct driver *worker_load_driver(const char *path, int flags, struct error *err)
{
    void *module = dlopen(path, flags | RTLD_LOCAL);
    if (!module) {
        const char *message = dlerror();
        if (lacks_room(message))
            error_set(err, REASON_BUSY, "no room to load the driver's module: %s", message);
        else if (!name_package(path, message, err))
            error_set(err, REASON_DRIVER_MISSING, "the driver's module cannot be loaded: %s",
                      message);
        return NULL;
    }
    const struct driver *driver = dlsym(module, TESTCONN_DRIVER_SYMBOL);
    if (driver && driver->abi == TESTCONN_DRIVER_ABI && driver->test)
        return driver;
    error_set(err, REASON_DRIVER_MISSING, "%s is no driver of this version of testconn", path);
    return NULL;
}
