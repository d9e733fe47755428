/* SPDX-License-Identifier: Apache-2.0 */
/* registry.c - manifests read from the folder of the drivers. */
#include "registry.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "testconn/driver.h"
#include "text.h"

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct manifest *)a)->name, ((const struct manifest *)b)->name);
}

/* Whether we had too little of something, and the file may be fine. */
static bool is_want(int why)
{
    return why == EMFILE || why == ENFILE || why == ENOMEM;
}

static void add(struct registry *registry, const char *file)
{
    json_error_t problem;
    char *path = text_format("%s/%s", registry->folder, file);
    errno = 0;
    json_t *document = json_load_file(path, 0, &problem);
    if (!document && is_want(errno))
        registry->unread = errno;
    struct manifest manifest = {
        .document = document,
        .name = json_string_value(json_object_get(document, "name")),
        .summary = json_string_value(json_object_get(document, "summary")),
        .default_port = (uint16_t)json_integer_value(json_object_get(document, "default_port")),
    };
    if (!document && registry->unread) {
        fprintf(stderr, "testconn: %s: %s\n", path, strerror(registry->unread));
    } else if (!manifest.name || !manifest.summary) {
        fprintf(stderr, "testconn: %s: not a driver's manifest; left out\n", path);
    } else if (json_integer_value(json_object_get(document, "abi")) != TESTCONN_DRIVER_ABI) {
        fprintf(stderr, "testconn: %s: made for another version of testconn; left out\n", path);
    } else {
        manifest.module_path = text_format("%s/%s.so", registry->folder, manifest.name);
        registry->items =
            xrealloc(registry->items, (registry->count + 1) * sizeof *registry->items);
        registry->items[registry->count++] = manifest;
        document = NULL;
    }
    json_decref(document);
    free(path);
}

static struct registry *make(const char *folder)
{
    struct registry *registry = xcalloc(1, sizeof *registry);
    registry->folder = xstrdup(folder);
    return registry;
}

struct registry *registry_new_of(const char *folder, const char *name)
{
    struct registry *registry = make(folder);
    char *file = text_format("%s.json", name);
    add(registry, file);
    free(file);
    return registry;
}

struct registry *registry_new(const char *folder)
{
    struct registry *registry = make(folder);
    DIR *directory = opendir(folder);
    if (!directory && is_want(errno))
        registry->unread = errno;
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        size_t length = strlen(entry->d_name);
        if (length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0)
            add(registry, entry->d_name);
    }
    if (directory)
        closedir(directory);
    if (registry->count)
        qsort(registry->items, registry->count, sizeof *registry->items, by_name);
    return registry;
}

void registry_free(struct registry *registry)
{
    if (!registry)
        return;
    for (size_t i = 0; i < registry->count; i++) {
        json_decref(registry->items[i].document);
        free(registry->items[i].module_path);
    }
    free(registry->items);
    free(registry->folder);
    free(registry);
}

char *registry_default_folder(void)
{
    return folder_of_modules("drivers");
}

static bool claims(const struct manifest *manifest, const char *list, const char *word)
{
    size_t index;
    json_t *item;
    json_array_foreach(json_object_get(manifest->document, list), index,
                       item) if (text_equal_nocase(json_string_value(item), word)) return true;
    return false;
}

static const struct manifest *find(const struct registry *registry, const char *list,
                                   const char *word)
{
    for (size_t i = 0; i < registry->count; i++)
        if (claims(&registry->items[i], list, word))
            return &registry->items[i];
    return NULL;
}

const struct manifest *registry_find_type(const struct registry *registry, const char *type)
{
    return find(registry, "types", type);
}

const struct manifest *registry_find_subprotocol(const struct registry *registry, const char *word)
{
    return find(registry, "subprotocols", word);
}

const struct manifest *registry_find_engine(const struct registry *registry, const char *word)
{
    return find(registry, "engines", word);
}

const struct manifest *registry_find_name(const struct registry *registry, const char *name)
{
    for (size_t i = 0; i < registry->count; i++)
        if (strcmp(registry->items[i].name, name) == 0)
            return &registry->items[i];
    return NULL;
}
