/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.c - build tool: write a driver's manifest (JSON) from the struct that its module
 * exports. */
#include <dlfcn.h>
#include <jansson.h>
#include <stdio.h>

#include "testconn/driver.h"

static json_t *words(const char *const *list)
{
    json_t *array = json_array();
    for (; list && *list; list++)
        json_array_append_new(array, json_string(*list));
    return array;
}

static json_t *properties(const struct property *property)
{
    static const char *const kinds[] = {[PROPERTY_STRING] = "string",
                                        [PROPERTY_BOOLEAN] = "boolean",
                                        [PROPERTY_NUMBER] = "number",
                                        [PROPERTY_SECRET] = "secret"};
    json_t *array = json_array();
    for (; property && property->name; property++)
        json_array_append_new(array, json_pack("{s:s, s:s, s:b, s:s}", "name", property->name,
                                               "kind", kinds[property->kind], "required",
                                               property->required, "summary", property->summary));
    return array;
}

static json_t *libraries(const struct library *library)
{
    json_t *array = json_array();
    for (; library && library->soname; library++)
        json_array_append_new(
            array, json_pack("{s:s, s:s}", "soname", library->soname, "package", library->package));
    return array;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: manifest MODULE FILE\n", stderr);
        return 2;
    }
    /* The functions of include/testconn/ are the program's: left unbound here. */
    void *module = dlopen(argv[1], RTLD_LAZY | RTLD_LOCAL);
    const struct driver *driver = module ? dlsym(module, TESTCONN_DRIVER_SYMBOL) : NULL;
    if (!driver) {
        fprintf(stderr, "manifest: %s\n", dlerror());
        return 1;
    }
    json_t *manifest =
        json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:i, s:o, s:o}", "abi", driver->abi, "name",
                  driver->name, "summary", driver->summary, "types", words(driver->types),
                  "subprotocols", words(driver->subprotocols), "engines", words(driver->engines),
                  "default_port", driver->default_port, "properties",
                  properties(driver->properties), "libraries", libraries(driver->libraries));
    int failed = json_dump_file(manifest, argv[2], JSON_INDENT(2));
    json_decref(manifest);
    return failed ? 1 : 0;
}
