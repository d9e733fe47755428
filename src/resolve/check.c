/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - single values and the API's limits. */
#include "check.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reference.h"
#include "text.h"
#include "words.h"

const char *check_kind(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
    default:
        return "null";
    }
}

static bool has_nul(const json_t *value)
{
    return json_is_string(value) &&
           memchr(json_string_value(value), '\0', json_string_length(value));
}

/* What a reference stands for is checked once it is known. */
static bool is_open(const char *text)
{
    return reference_in(text, REFERENCE_FILE) || reference_in(text, REFERENCE_ENVIRONMENT);
}

void check_nul(const json_t *value, const char *path, struct problems *problems)
{
    const char *key;
    size_t index;
    json_t *child;
    if (has_nul(value))
        problems_add(problems, path, "control-byte", "holds a NUL byte");
    json_object_foreach((json_t *)(uintptr_t)value, key, child)
    {
        char *inner = text_format("%s%s%s", path, *path ? "." : "", key);
        check_nul(child, inner, problems);
        free(inner);
    }
    json_array_foreach(value, index, child)
    {
        char *inner = text_format("%s[%zu]", path, index);
        check_nul(child, inner, problems);
        free(inner);
    }
}

const char *check_text(const json_t *value, const char *path, const struct text_rule *rule,
                       struct problems *problems)
{
    if (!value || json_is_null(value) || has_nul(value))
        return NULL;
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    size_t before = problems->refused;
    if (!text) {
        problems_add(problems, path, "value-kind", "is %s, not a string", check_kind(value));
        return NULL;
    }
    if (is_open(text))
        return text;
    if (length < rule->minimum)
        problems_add(problems, path, "length", "is %zu bytes long; at least %zu are demanded",
                     length, rule->minimum);
    if (rule->maximum && length > rule->maximum)
        problems_add(problems, path, "length", "is %zu bytes long; at most %zu are allowed", length,
                     rule->maximum);
    if (rule->pattern && !rule->pattern(text, length))
        problems_add(problems, path, "pattern", "is not %s", rule->pattern_words);
    return problems->refused == before ? text : NULL;
}

const char *check_word(const json_t *value, const char *path, const char *const *words,
                       struct problems *problems)
{
    if (!value || json_is_null(value) || has_nul(value))
        return NULL;
    const char *text = json_string_value(value);
    if (!text) {
        problems_add(problems, path, "value-kind", "is %s, not a string", check_kind(value));
        return NULL;
    }
    if (is_open(text))
        return NULL;
    struct text_buffer list = TEXT_BUFFER_INIT;
    for (const char *const *word = words; *word; word++) {
        if (strcmp(*word, text) == 0) {
            text_buffer_release(&list);
            return text;
        }
        text_append_format(&list, "%s%s", list.length ? ", " : "", *word);
    }
    const char *nearest = text_nearest(text, words);
    problems_add(problems, path, "enumeration", "\"%.100s\" is none of %s%s%s%s", text, list.data,
                 nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? " ?" : "");
    text_buffer_release(&list);
    return NULL;
}

void check_texts(const json_t *value, const char *path, size_t maximum,
                 const struct text_rule *rule, struct problems *problems)
{
    size_t index;
    json_t *item;
    if (!value || json_is_null(value))
        return;
    if (!json_is_array(value)) {
        problems_add(problems, path, "value-kind", "is %s, not a list", check_kind(value));
        return;
    }
    if (json_array_size(value) > maximum)
        problems_add(problems, path, "count", "has %zu elements; at most %zu are allowed",
                     json_array_size(value), maximum);
    json_array_foreach(value, index, item)
    {
        char *inner = text_format("%s[%zu]", path, index);
        if (json_is_null(item))
            problems_add(problems, inner, "value-kind", "is null, not a string");
        check_text(item, inner, rule, problems);
        free(inner);
    }
}

void check_map(const json_t *value, const char *path, size_t maximum, const struct text_rule *keys,
               const struct text_rule *values, struct problems *problems)
{
    const char *key;
    json_t *item;
    if (!check_object(value, path, problems))
        return;
    if (maximum && json_object_size(value) > maximum)
        problems_add(problems, path, "count", "has %zu pairs; at most %zu are allowed",
                     json_object_size(value), maximum);
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
    {
        char *inner = text_format("%s.%s", path, key);
        json_t *name = json_string(key);
        char *at = text_format("%s (the key \"%s\")", path, key);
        check_text(name, at, keys, problems);
        free(at);
        check_text(item, inner, values, problems);
        json_decref(name);
        free(inner);
    }
}

const json_t *check_object(const json_t *value, const char *path, struct problems *problems)
{
    if (!value || json_is_null(value))
        return NULL;
    if (json_is_object(value))
        return value;
    problems_add(problems, path, "value-kind", "is %s, not an object", check_kind(value));
    return NULL;
}

void check_boolean(const json_t *value, const char *path, struct problems *problems)
{
    bool ignored;
    if (!value || json_is_null(value) || json_is_boolean(value) || has_nul(value))
        return;
    if (!json_is_string(value) || !word_to_boolean(json_string_value(value), &ignored))
        problems_add(problems, path, "value-kind", "is neither true nor false");
}

void check_members(const json_t *object, const char *path, const char *const *members,
                   struct problems *problems)
{
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)(uintptr_t)object, key, item)
    {
        bool known = false;
        for (const char *const *member = members; *member && !known; member++)
            known = strcmp(*member, key) == 0;
        if (known)
            continue;
        const char *nearest = text_nearest(key, members);
        char *inner = text_format("%s%s%s", path, *path ? "." : "", key);
        problems_add_note(
            problems, inner, "unknown-member", "is not a known member and is ignored%s%s%s",
            nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? " ?" : "");
        free(inner);
    }
}

static bool is_label_byte(char c)
{
    /* Bytes of UTF-8 are allowed here: names may be internationalised. */
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || (unsigned char)c >= 0x80;
}

static const char *check_name(const char *host)
{
    size_t label = 0;
    for (const char *at = host;; at++) {
        if (*at == '.' || !*at) {
            if (label == 0 && !(*at == '\0' && at > host))
                return "has an empty label";
            if (label > 63)
                return "has a label of more than 63 bytes";
            if (!*at)
                return NULL;
            label = 0;
        } else if (!is_label_byte(*at)) {
            return "holds a character that no host name has";
        } else {
            label++;
        }
    }
}

/* Its last label is a number, which getaddrinfo() takes for an address: 127.1, 0x7f.1. */
static bool is_numeric(const char *host)
{
    const char *dot = strrchr(host, '.');
    const char *last = dot ? dot + 1 : host;
    bool hexadecimal = last[0] == '0' && (last[1] == 'x' || last[1] == 'X');
    return hexadecimal ? last[2 + strspn(last + 2, "0123456789abcdefABCDEF")] == '\0'
                       : *last && last[strspn(last, "0123456789")] == '\0';
}

const char *check_host(const char *host)
{
    unsigned char address[16];
    if (strchr(host, ','))
        return "is a list; one host is allowed";
    if (strstr(host, "://"))
        return "is a URL; only the host name belongs here";
    if (strchr(host, '/'))
        return "holds a path; only the host name belongs here";
    if (*host == '[')
        return "is in brackets; an IPv6 address is written without them here";
    if (strchr(host, ' ') || strchr(host, '\t'))
        return "holds a blank";
    if (inet_pton(AF_INET6, host, address) == 1)
        return NULL;
    if (strchr(host, ':') && strchr(host, '%'))
        return "holds a zone (%...), which is of one host only: give an address that needs none";
    if (strchr(host, ':'))
        return "holds a port, or is no IPv6 address; the port belongs into PORT";
    if (strlen(host) > 253)
        return "is longer than 253 bytes";
    if ((is_numeric(host) || host[strspn(host, "0123456789.")] == '\0') &&
        inet_pton(AF_INET, host, address) != 1)
        return "is neither a host name nor an IPv4 address";
    return check_name(host);
}
