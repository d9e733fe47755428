/* SPDX-License-Identifier: Apache-2.0 */
/* reference.c - ${env:NAME} and ${file:PATH} replaced. */
#include "reference.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "words.h"

static const char *const openings[] = {
    [REFERENCE_ENVIRONMENT] = "${env:", [REFERENCE_FILE] = "${file:"};

/* The next whole reference of KIND in TEXT, what it names between *NAME and *END; NULL: none. One
 * that names nothing is text. */
static const char *find(const char *text, enum reference_kind kind, const char **name,
                        const char **end)
{
    const char *at = text;
    while ((at = strstr(at, openings[kind]))) {
        *name = at + strlen(openings[kind]);
        *end = strchr(*name, '}');
        if (!*end || *end > *name)
            return *end ? at : NULL;
        at = *end;
    }
    return NULL;
}

bool reference_in(const char *text, enum reference_kind kind)
{
    const char *name;
    const char *end;
    return text && find(text, kind, &name, &end);
}

struct replacement {
    enum reference_kind kind;
    reference_fill *fill;
    void *argument;
    struct problems *problems;
};

static void replace_in_string(json_t *value, const struct replacement *how, const char *path)
{
    struct text_buffer result = TEXT_BUFFER_INIT;
    const char *rest = json_string_value(value);
    const char *name;
    const char *end;
    const char *at;
    if (!reference_in(rest, how->kind) || strlen(rest) != json_string_length(value))
        return; /* a NUL is refused, never cut off */
    while ((at = find(rest, how->kind, &name, &end))) {
        char *what = xstrndup(name, (size_t)(end - name));
        char *filled = how->fill(how->argument, what, path, how->problems);
        text_append_bytes(&result, rest, (size_t)(at - rest));
        if (filled)
            text_append(&result, filled);
        else
            text_append_bytes(&result, at, (size_t)(end + 1 - at));
        text_wipe_free(filled);
        free(what);
        rest = end + 1;
    }
    text_append(&result, rest);
    if (json_string_set(value, result.data) < 0)
        problems_add(how->problems, path, "encoding", "what was put in is not UTF-8");
    text_wipe(result.data, result.length);
    text_buffer_release(&result);
}

static void replace_in(json_t *value, const struct replacement *how, const char *path)
{
    const char *key;
    size_t index;
    json_t *child;
    if (json_is_string(value))
        replace_in_string(value, how, path);
    json_object_foreach(value, key, child)
    {
        char *inner = text_format("%s%s%s", path, *path ? "." : "", key);
        replace_in(child, how, inner);
        free(inner);
    }
    json_array_foreach(value, index, child)
    {
        char *inner = text_format("%s[%zu]", path, index);
        replace_in(child, how, inner);
        free(inner);
    }
}

void reference_replace(json_t *document, enum reference_kind kind, reference_fill *fill,
                       void *argument, struct problems *problems)
{
    struct replacement how = {kind, fill, argument, problems};
    replace_in(document, &how, "");
}

bool reference_may_fill(const char *content, const char *path, enum reference_kind from)
{
    const char *dot = strrchr(path, '.');
    bool secret = property_is_secret(dot ? dot + 1 : path);
    if (secret && from == REFERENCE_FILE)
        return true;
    return !reference_in(content, REFERENCE_FILE) &&
           (secret || !reference_in(content, REFERENCE_ENVIRONMENT));
}

char *reference_from_environment(void *argument, const char *what, const char *path,
                                 struct problems *problems)
{
    const char *value = getenv(what);
    const char *wrong = NULL;
    (void)argument;
    if (!value)
        wrong = "is not set";
    else if (!text_is_utf8(value, strlen(value)))
        wrong = "is not UTF-8";
    else if (!reference_may_fill(value, path, REFERENCE_ENVIRONMENT))
        wrong = "holds a reference itself, which is not replaced";
    if (wrong)
        problems_add(problems, path, "environment", "the environment variable %s %s", what, wrong);
    return wrong ? NULL : xstrdup(value);
}
