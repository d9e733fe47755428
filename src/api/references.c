/* SPDX-License-Identifier: Apache-2.0 */
/* references.c - a caller of the service is not its operator. */
#include "references.h"

#include <stdlib.h>
#include <string.h>

#include "reference.h"
#include "text.h"
#include "words.h"

/* Whether PATH is below one of ALLOWED, as written: without a way back up. */
static bool is_allowed(const struct references_allowed *allowed, const char *path)
{
    if (*path != '/' || strstr(path, "/../") || strstr(path, "//"))
        return false;
    size_t length = strlen(path);
    if (length >= 3 && strcmp(path + length - 3, "/..") == 0)
        return false;
    for (size_t i = 0; i < allowed->count; i++) {
        size_t size = strlen(allowed->folders[i]);
        while (size > 1 && allowed->folders[i][size - 1] == '/')
            size--;
        if (strncmp(path, allowed->folders[i], size) == 0 && (path[size] == '/' || size == 1))
            return true;
    }
    return false;
}

static void refuse_file(const char *path, struct problems *problems)
{
    problems_add(
        problems, path, "caller-reference",
        "names a file of the host of testconn, which only its operator may, or whom he lets "
        "by testconn serve --allow-files FOLDER: give the content itself (PEM), or an "
        "s3:// location");
}

static char *see_variable(void *argument, const char *what, const char *path,
                          struct problems *problems)
{
    (void)argument;
    (void)what;
    problems_add(problems, path, "caller-reference",
                 "refers to a variable of testconn's own environment, which only its operator may, "
                 "in a definition of his own: by testconn connections create, or in a file");
    return NULL;
}

static char *see_file(void *argument, const char *what, const char *path, struct problems *problems)
{
    const struct references_allowed *allowed = argument;
    if (!is_allowed(allowed, what))
        refuse_file(path, problems);
    return NULL;
}

static void check_location(const char *key, const char *location,
                           const struct references_allowed *allowed, struct problems *problems)
{
    char *path = text_format("ConnectionProperties.%s", key);
    const char *file = text_starts_nocase(location, "file://") ? location + 7 : location;
    if (*location && !text_starts(location, "-----BEGIN") &&
        !text_starts_nocase(location, "s3://") && !text_starts(location, "${file:") &&
        !is_allowed(allowed, file))
        refuse_file(path, problems);
    free(path);
}

void references_check(const struct connection *connection, const struct references_allowed *allowed,
                      struct problems *problems)
{
    struct references_allowed copy = *allowed;
    const char *key;
    json_t *value;
    reference_replace(connection->document, REFERENCE_ENVIRONMENT, see_variable, NULL, problems);
    reference_replace(connection->document, REFERENCE_FILE, see_file, &copy, problems);
    json_object_foreach(connection->properties, key, value)
    {
        const struct property_word *word = property_word_find(key);
        const char *location = json_string_value(value);
        if (word && word->kind == VALUE_LOCATION && location)
            check_location(key, location, allowed, problems);
    }
}
