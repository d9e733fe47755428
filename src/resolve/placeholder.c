/* SPDX-License-Identifier: Apache-2.0 */
/* placeholder.c - ${key} found and replaced; ${env:NAME} and ${file:PATH} are none. */
#include "placeholder.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

static const char *const properties[] = {"CONNECTOR_URL", "CONNECTION_URL", "JDBC_CONNECTION_URL"};
enum { PROPERTY_COUNT = sizeof properties / sizeof *properties };

/* The first ${key} in TEXT, its key in KEY and LENGTH; NULL: there is none. */
static const char *find_next(const char *text, const char **key, size_t *length)
{
    for (; (text = strstr(text, "${")); text += 2) {
        const char *end = strchr(text, '}');
        if (!end)
            return NULL;
        *key = text + 2;
        *length = (size_t)(end - *key);
        if (!text_starts(*key, "env:") && !text_starts(*key, "file:"))
            return text;
    }
    return NULL;
}

static void add(struct placeholders *found, const char *key, size_t length)
{
    for (size_t i = 0; i < found->count; i++)
        if (strlen(found->keys[i]) == length && strncmp(found->keys[i], key, length) == 0)
            return;
    found->keys = xrealloc(found->keys, (found->count + 1) * sizeof *found->keys);
    found->keys[found->count++] = xstrndup(key, length);
}

void placeholders_find(const struct connection *connection, struct placeholders *found)
{
    for (int i = 0; i < PROPERTY_COUNT; i++) {
        const char *text = connection_property(connection, properties[i]);
        const char *key;
        size_t length;
        while (text && (text = find_next(text, &key, &length))) {
            add(found, key, length);
            text = key + length;
        }
    }
}

void placeholders_release(struct placeholders *placeholders)
{
    for (size_t i = 0; i < placeholders->count; i++)
        free(placeholders->keys[i]);
    free(placeholders->keys);
    *placeholders = PLACEHOLDERS_INIT;
}

char *placeholders_list(const struct placeholders *placeholders, const bool *pick)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    text_append(&out, "");
    for (size_t i = 0; i < placeholders->count; i++)
        if (!pick || pick[i])
            text_append_format(&out, "%s${%.60s}", out.length ? ", " : "", placeholders->keys[i]);
    return text_take(&out);
}

char *placeholder_replace(const char *text, placeholder_value *value, const void *argument)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    const char *at;
    const char *name;
    size_t length;
    text_append(&out, "");
    while ((at = find_next(text, &name, &length))) {
        char *key = xstrndup(name, length);
        const char *filled = value(argument, key);
        const char *end = name + length + 1;
        text_append_bytes(&out, text, (size_t)(at - text));
        if (filled)
            text_append(&out, filled);
        else
            text_append_bytes(&out, at, (size_t)(end - at));
        text = end;
        free(key);
    }
    text_append(&out, text);
    return text_take(&out);
}

void placeholders_fill(struct connection *connection, placeholder_value *value,
                       const void *argument)
{
    for (int i = 0; i < PROPERTY_COUNT; i++) {
        const char *text = connection_property(connection, properties[i]);
        char *filled = text ? placeholder_replace(text, value, argument) : NULL;
        if (filled)
            json_string_set(json_object_get(connection->properties, properties[i]), filled);
        text_wipe_free(filled);
    }
    connection->filled = true;
}
