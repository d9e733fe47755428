/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_hello.c - what a server says of itself, and of what went wrong. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mongodb_message.h"

static bool find(const bson_t *document, const char *key, bson_iter_t *iter)
{
    return bson_iter_init_find(iter, document, key);
}

static bool boolean(const bson_t *document, const char *key)
{
    bson_iter_t iter;
    return find(document, key, &iter) && bson_iter_as_bool(&iter);
}

static int integer(const bson_t *document, const char *key)
{
    bson_iter_t iter;
    int64_t value = find(document, key, &iter) ? bson_iter_as_int64(&iter) : 0;
    return value < INT32_MIN || value > INT32_MAX ? 0 : (int)value;
}

static void text(const bson_t *document, const char *key, char *out, size_t size)
{
    bson_iter_t iter;
    const char *value = find(document, key, &iter) && BSON_ITER_HOLDS_UTF8(&iter)
                            ? bson_iter_utf8(&iter, NULL)
                            : "";
    snprintf(out, size, "%s", value);
}

bool document_is_ok(const bson_t *document, struct server_error *error)
{
    *error = (struct server_error){.code = 0};
    if (boolean(document, "ok"))
        return true;
    error->code = integer(document, "code");
    text(document, "codeName", error->name, sizeof error->name);
    text(document, "errmsg", error->text, sizeof error->text);
    if (!error->text[0]) /* of servers before 3.0 */
        text(document, "$err", error->text, sizeof error->text);
    return false;
}

static bool is_name(const char *host)
{
    static const char bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return *host && *host != '.' && host[strspn(host, bytes)] == '\0' && strlen(host) <= 253;
}

static bool read_port(const char *digits, uint16_t *port)
{
    unsigned value = 0;
    size_t length = strlen(digits);
    if (length == 0 || length > 5 || digits[strspn(digits, "0123456789")] != '\0')
        return false;
    for (; *digits; digits++)
        value = value * 10 + (unsigned)(*digits - '0');
    *port = (uint16_t)value;
    return value >= 1 && value <= 65535;
}

bool member_read(const char *entry, struct member *member)
{
    unsigned char address[16];
    char copy[HOST_MAXIMUM + 8];
    *member = (struct member){.port = 27017};
    if (strlen(entry) >= sizeof copy)
        return false;
    snprintf(copy, sizeof copy, "%s", entry);
    char *host = copy;
    char *port = strrchr(copy, ':');
    bool bracketed = *host == '[';
    if (bracketed) {
        char *close = strchr(++host, ']');
        if (!close || (close[1] != ':' && close[1] != '\0'))
            return false;
        port = close[1] ? close + 1 : NULL;
        *close = '\0';
    } else if (port && strchr(copy, ':') != port) {
        return false;
    }
    if (port && !read_port(port + 1, &member->port))
        return false;
    if (port && !bracketed)
        *port = '\0';
    if (bracketed ? inet_pton(AF_INET6, host, address) != 1 : !is_name(host))
        return false;
    memcpy(member->host, host, strlen(host) + 1);
    return true;
}

static bool is_known(const struct hello *hello, const struct member *member)
{
    for (size_t i = 0; i < hello->member_count; i++)
        if (hello->members[i].port == member->port &&
            strcasecmp(hello->members[i].host, member->host) == 0)
            return true;
    return false;
}

/* One of the lists of members; iterated by hand, for libbson prints when a list is malformed. */
static void read_members(const bson_t *document, const char *key, bool arbiters,
                         struct hello *hello)
{
    bson_iter_t iter;
    bson_iter_t entry;
    if (!find(document, key, &iter) || !BSON_ITER_HOLDS_ARRAY(&iter) ||
        !bson_iter_recurse(&iter, &entry))
        return;
    while (bson_iter_next(&entry)) {
        const char *words =
            BSON_ITER_HOLDS_UTF8(&entry) ? bson_iter_utf8(&entry, NULL) : "(no text)";
        struct member member;
        if (!member_read(words, &member)) {
            snprintf(hello->wrong_member, sizeof hello->wrong_member, "%s",
                     *words ? words : "(empty)");
            return;
        }
        member.arbiter = arbiters;
        if (is_known(hello, &member))
            continue;
        if (hello->member_count == MEMBERS_MAXIMUM) {
            hello->too_many_members = true;
            return;
        }
        hello->members[hello->member_count++] = member;
    }
}

static void read_mechanisms(const bson_t *document, struct hello *hello)
{
    bson_iter_t iter;
    bson_iter_t entry;
    hello->lists_mechanisms = find(document, "saslSupportedMechs", &iter);
    if (!hello->lists_mechanisms || !BSON_ITER_HOLDS_ARRAY(&iter) ||
        !bson_iter_recurse(&iter, &entry))
        return;
    while (hello->mechanism_count < MECHANISMS_MAXIMUM && bson_iter_next(&entry))
        if (BSON_ITER_HOLDS_UTF8(&entry))
            snprintf(hello->mechanisms[hello->mechanism_count++], sizeof hello->mechanisms[0], "%s",
                     bson_iter_utf8(&entry, NULL));
}

void hello_read(const bson_t *document, struct hello *hello)
{
    char message[32];
    *hello = (struct hello){.member_count = 0};
    text(document, "setName", hello->set_name, sizeof hello->set_name);
    text(document, "me", hello->me, sizeof hello->me);
    text(document, "primary", hello->primary, sizeof hello->primary);
    text(document, "msg", message, sizeof message);
    hello->writable = boolean(document, "isWritablePrimary") || boolean(document, "ismaster");
    hello->secondary = boolean(document, "secondary");
    hello->arbiter = boolean(document, "arbiterOnly");
    hello->mongos = strcmp(message, "isdbgrid") == 0;
    hello->uninitiated = boolean(document, "isreplicaset");
    hello->minimum_wire = integer(document, "minWireVersion");
    hello->maximum_wire = integer(document, "maxWireVersion");
    read_members(document, "hosts", false, hello);
    read_members(document, "passives", false, hello);
    read_members(document, "arbiters", true, hello);
    read_mechanisms(document, hello);
}

bool hello_has_mechanism(const struct hello *hello, const char *mechanism)
{
    for (size_t i = 0; i < hello->mechanism_count; i++)
        if (strcmp(hello->mechanisms[i], mechanism) == 0)
            return true;
    return false;
}

const char *hello_role(const struct hello *hello)
{
    if (hello->mongos)
        return "mongos";
    if (!hello->set_name[0])
        return hello->uninitiated ? "not initiated" : "standalone";
    if (hello->writable)
        return "primary";
    if (hello->secondary)
        return "secondary";
    return hello->arbiter ? "arbiter" : "other";
}
