/* SPDX-License-Identifier: Apache-2.0 */
/* secret_keys.c - looking for keys as Glue does, and saying what is there instead. */
#include "secret_keys.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { NAMES_MAXIMUM = 20, NAME_SHOWN = 60, PORT_MAXIMUM = 65535 };

/* The name, as it is written, of KEY in any case; NULL: there is none. */
static const char *find_name(const json_t *secret, const char *key)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)secret, name, value)
    {
        if (text_equal_nocase(name, key))
            return name;
    }
    return NULL;
}

const char *secret_keys_text(const json_t *secret, const char *key)
{
    const json_t *value = json_object_get(secret, key);
    const char *name = value ? NULL : find_name(secret, key);
    if (name)
        value = json_object_get(secret, name);
    const char *text = json_string_value(value);
    return text && *text ? text : NULL;
}

unsigned secret_keys_port(const json_t *secret)
{
    const char *name = find_name(secret, "port");
    const json_t *value = name ? json_object_get(secret, name) : NULL;
    unsigned long port = 0;
    if (json_is_string(value) && !text_to_number(json_string_value(value), 1, PORT_MAXIMUM, &port))
        return 0;
    if (json_is_integer(value) && json_integer_value(value) > 0 &&
        json_integer_value(value) <= PORT_MAXIMUM)
        port = (unsigned long)json_integer_value(value);
    return (unsigned)port;
}

/* "engine", "host" and 3 more: names only. */
static char *list_names(const json_t *secret)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    size_t count = 0;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)secret, name, value)
    {
        if (++count <= NAMES_MAXIMUM)
            text_append_format(&out, "%s%.*s", count > 1 ? ", " : "", NAME_SHOWN, name);
    }
    if (count > NAMES_MAXIMUM)
        text_append_format(&out, " and %zu more", count - NAMES_MAXIMUM);
    if (count == 0)
        text_append(&out, "none");
    return text_take(&out);
}

bool secret_keys_missing(const json_t *secret, const char *what, const char *key, const char *why,
                         struct error *err)
{
    char *names = list_names(secret);
    if (why)
        error_set(err, REASON_SECRET_FORMAT, "%s has a key %s, %s; its keys are: %s", what, key,
                  why, names);
    else
        error_set(err, REASON_SECRET_FORMAT,
                  "%s has no key %s, which the definition leaves to it; its keys are: %s", what,
                  key, names);
    free(names);
    return false;
}

static const char *kind(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_INTEGER:
    case JSON_REAL:
        return "which is a number and not a text";
    case JSON_TRUE:
    case JSON_FALSE:
        return "which is a boolean and not a text";
    case JSON_NULL:
        return "which is null";
    case JSON_OBJECT:
        return "which is an object and not a text";
    case JSON_ARRAY:
        return "which is a list and not a text";
    case JSON_STRING:
    default:
        return "which is empty";
    }
}

static bool tell_none(const json_t *secret, const char *what, struct error *err)
{
    char *names = list_names(secret);
    error_set(err, REASON_SECRET_FORMAT,
              "%s does not hold a login: looked for the keys username and password (or USERNAME "
              "and PASSWORD); its keys are: %s",
              what, names);
    free(names);
    return false;
}

/* The text of NAME, which is there. EMPTY: it may be. */
static const char *text_of(const json_t *secret, const char *what, const char *name, bool empty,
                           struct error *err)
{
    const json_t *value = json_object_get(secret, name);
    const char *text = json_string_value(value);
    if (text && (*text || empty))
        return text;
    secret_keys_missing(secret, what, name, kind(value), err);
    return NULL;
}

bool secret_keys_login(const json_t *secret, const char *what, struct secret_login *login,
                       struct error *err)
{
    static const char *const pairs[][2] = {{"username", "password"}, {"USERNAME", "PASSWORD"}};
    *login = (struct secret_login){.user_key = NULL};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs && !login->user_key; i++)
        if (json_object_get(secret, pairs[i][0]) && json_object_get(secret, pairs[i][1])) {
            login->user_key = pairs[i][0];
            login->password_key = pairs[i][1];
        }
    if (!login->user_key) {
        login->odd_case = true;
        login->user_key = find_name(secret, pairs[0][0]);
        login->password_key = find_name(secret, pairs[0][1]);
    }
    if (!login->user_key || !login->password_key)
        return tell_none(secret, what, err);
    login->user = text_of(secret, what, login->user_key, false, err);
    login->password = login->user ? text_of(secret, what, login->password_key, true, err) : NULL;
    return login->password != NULL;
}

bool secret_keys_is_engine(const char *engine, const char *subprotocol)
{
    static const struct {
        const char *engine; /* how it begins or what it is */
        const char *subprotocol;
    } rows[] = {{"postgres", "postgresql"}, {"aurora-postgresql", "postgresql"},
                {"mysql", "mysql"},         {"mariadb", "mysql"},
                {"aurora", "mysql"},        {"mysql", "mariadb"},
                {"mariadb", "mariadb"},     {"aurora", "mariadb"},
                {"oracle", "oracle"},       {"custom-oracle", "oracle"},
                {"sqlserver", "sqlserver"}, {"custom-sqlserver", "sqlserver"},
                {"redshift", "redshift"},   {"mongo", "mongodb"},
                {"docdb", "mongodb"},       {"documentdb", "mongodb"}};
    bool known = false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!text_starts_nocase(engine, rows[i].engine))
            continue;
        known = true;
        if (strcmp(rows[i].subprotocol, subprotocol) == 0)
            return true;
    }
    /* What is not known proves nothing. */
    return !known;
}
