/* SPDX-License-Identifier: Apache-2.0 */
/* connection_fuzz.c - any bytes as an input file: parsed, read, validated, resolved. */
#include <stdint.h>

#include "document.h"
#include "resolve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct registry *registry;
    struct error err = ERROR_INIT;
    struct connection_list list;
    struct problems problems = PROBLEMS_INIT;
    const char *name;
    if (!registry)
        registry = registry_new("/nonexistent");
    /* The reader hands over texts that end in NUL. */
    char text[65536];
    size = size < sizeof text - 1 ? size : sizeof text - 1;
    for (size_t i = 0; i < size; i++)
        text[i] = (char)data[i];
    text[size] = '\0';
    json_t *document = document_parse(text, size, "input", &err);
    if (document && connection_list_read(document, &list, &name, &problems))
        for (size_t i = 0; i < list.count; i++) {
            struct resolution resolution;
            resolution_init(&resolution);
            resolve(list.items[i], registry, size % 2, &resolution);
            resolution_release(&resolution);
        }
    if (document)
        connection_list_release(&list);
    problems_release(&problems);
    json_decref(document);
    return 0;
}
