/* SPDX-License-Identifier: Apache-2.0 */
/* connector_secret.c - fetched first, for nothing of the target is known without it. */
#include "connector_secret.h"

#include <stdlib.h>
#include <string.h>

#include "aws_access.h"
#include "resolve.h"
#include "resolve_connector.h"
#include "text.h"

enum { NAMES_MAXIMUM = 20, HIDDEN_SHORTEST = 4 };

#define SECRET_ID "ConnectionProperties.SECRET_ID"

void connector_secret_release(struct connector_secret *secret)
{
    free(secret->what);
    text_wipe_free(secret->content);
    json_decref(secret->values);
    placeholders_release(&secret->placeholders);
    *secret = CONNECTOR_SECRET_INIT;
}

/* The content of the secret: fetched as for a target that has nothing else. */
static char *fetch(struct probe *probe, const struct connection *connection, const json_t *access,
                   const char *drivers, struct error *err)
{
    struct target *target = xcalloc(1, sizeof *target);
    const char *region = connection_property(connection, "REGION");
    target->secret_id = xstrdup(resolve_connector_secret(connection));
    target->secret_is_own = true;
    target->needs_aws = true;
    target->password_property = SECRET_ID;
    target->aws.region = region ? xstrdup(region) : NULL;
    bool fetched =
        aws_access_take(target, access, err) && aws_access_fetch(probe, target, drivers, err);
    char *content = fetched ? xstrdup(target->secret_content) : NULL;
    target_free(target);
    return content;
}

/* As it may stand in a URL: texts and whole numbers are told apart by nobody. */
static json_t *to_text(const json_t *value)
{
    if (json_is_integer(value)) {
        char *digits = text_format("%lld", (long long)json_integer_value(value));
        json_t *text = json_string(digits);
        free(digits);
        return text;
    }
    bool whole =
        json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value);
    return whole ? json_string(json_string_value(value)) : NULL;
}

/* KEY as it is written, else in any case, as the logins of secrets. */
static const json_t *find(const json_t *document, const char *key)
{
    const json_t *found = json_object_get(document, key);
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)document, name, value)
    {
        if (!found && text_equal_nocase(name, key))
            found = value;
    }
    return found;
}

static char *list_names(const json_t *document)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    size_t count = 0;
    const char *name;
    json_t *value;
    text_append(&out, "");
    json_object_foreach((json_t *)(uintptr_t)document, name, value)
    {
        if (count++ < NAMES_MAXIMUM)
            text_append_format(&out, "%s%.60s", count > 1 ? ", " : "", name);
    }
    text_append(&out, count == 0 ? "none" : count > NAMES_MAXIMUM ? " and more" : "");
    return text_take(&out);
}

static bool blame_missing(const struct connector_secret *secret, const json_t *document,
                          const bool *missing, struct error *err)
{
    char *keys = placeholders_list(&secret->placeholders, missing);
    char *names = list_names(document);
    error_set(err, REASON_SECRET_FORMAT,
              "%s has no text for %s, which the connector's URL takes out of it; its keys are: %s",
              secret->what, keys, names);
    error_remedy(err, "add the keys to the secret, or correct their names in the URL");
    free(keys);
    free(names);
    return error_property(err, SECRET_ID);
}

/* A text for every key, or all that are not there told at once. */
static bool take_values(struct connector_secret *secret, struct error *err)
{
    const struct placeholders *wanted = &secret->placeholders;
    json_t *document = json_loads(secret->content, 0, NULL);
    bool *missing = xcalloc(wanted->count, sizeof *missing);
    bool complete = true;
    secret->values = json_object();
    for (size_t i = 0; i < wanted->count; i++) {
        json_t *text = to_text(find(document, wanted->keys[i]));
        missing[i] = !text;
        complete = complete && text;
        if (text)
            json_object_set_new(secret->values, wanted->keys[i], text);
    }
    if (!complete)
        blame_missing(secret, document, missing, err);
    free(missing);
    json_decref(document);
    return complete;
}

static const char *value_of(const void *argument, const char *key)
{
    return json_string_value(json_object_get(argument, key));
}

bool connector_secret_fill(struct connector_secret *secret, struct probe *probe,
                           struct connection *connection, const json_t *access, const char *drivers,
                           struct error *err)
{
    secret->what = text_format("the secret \"%s\"", resolve_connector_secret(connection));
    placeholders_find(connection, &secret->placeholders);
    secret->content = fetch(probe, connection, access, drivers, err);
    if (!secret->content || !take_values(secret, err))
        return false;
    char *keys = placeholders_list(&secret->placeholders, NULL);
    probe_note(probe, "url_from", "%s of %s", keys, secret->what);
    free(keys);
    placeholders_fill(connection, value_of, secret->values);
    return true;
}

/* The key whose value holds the LENGTH bytes at QUOTED; NULL: none. */
static const char *find_holder(const struct connector_secret *secret, const char *quoted,
                               size_t length)
{
    const char *key;
    json_t *value;
    json_object_foreach(secret->values, key, value)
    {
        const char *held = json_string_value(value);
        if (length >= HIDDEN_SHORTEST && memmem(held, strlen(held), quoted, length))
            return key;
    }
    return NULL;
}

/* WORDS, in which what a definition says stands in quotes, with the secret's part of it hidden. */
static char *hide(const struct connector_secret *secret, const char *words)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    text_append(&out, "");
    for (const char *stop; (stop = strchr(words, '"')) && strchr(stop + 1, '"');) {
        size_t length = strcspn(stop + 1, "\"");
        const char *key = find_holder(secret, stop + 1, length);
        text_append_bytes(&out, words, (size_t)(stop + 1 - words));
        if (key)
            text_append_format(&out, "${%s}", key);
        else
            text_append_bytes(&out, stop + 1, length);
        words = stop + 1 + length;
        if (*words)
            text_append_bytes(&out, words++, 1);
    }
    text_append(&out, words);
    return text_take(&out);
}

void connector_secret_blame(const struct connector_secret *secret, enum reason reason,
                            const char *words, struct error *err)
{
    char *keys = placeholders_list(&secret->placeholders, NULL);
    char *hidden = hide(secret, words);
    error_set(err, reason == REASON_INVALID_INPUT ? REASON_SECRET_FORMAT : reason,
              "the connector's URL cannot be used with what %s holds for %s: %s", secret->what,
              keys, hidden);
    if (reason == REASON_INVALID_INPUT)
        error_remedy(err, "correct these values in the secret, or the URL around them");
    error_property(err, SECRET_ID);
    text_wipe_free(hidden);
    free(keys);
}
