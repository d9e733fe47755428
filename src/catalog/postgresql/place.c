/* SPDX-License-Identifier: Apache-2.0 */
/* place.c - the catalog's URL: what libpq makes of it, what of it may be shown. */
#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "text.h"

#define NOWHERE "/nonexistent/testconn"
#define SYSTEM_ROOTS "/etc/ssl/certs/ca-certificates.crt"

/* What a URL may say. Not: service files, options of the server, replication. */
static const char *const allowed[] = {"host",
                                      "hostaddr",
                                      "port",
                                      "user",
                                      "password",
                                      "dbname",
                                      "passfile",
                                      "sslmode",
                                      "sslrootcert",
                                      "sslcert",
                                      "sslkey",
                                      "sslpassword",
                                      "sslcrl",
                                      "sslcrldir",
                                      "sslsni",
                                      "requirepeer",
                                      "channel_binding",
                                      "ssl_min_protocol_version",
                                      "gssencmode",
                                      "krbsrvname",
                                      "ssl_max_protocol_version",
                                      "keepalives",
                                      "keepalives_idle",
                                      "keepalives_interval",
                                      "tcp_user_timeout",
                                      "keepalives_count",
                                      "target_session_attrs",
                                      "application_name",
                                      "connect_timeout",
                                      NULL};

/* What counts where the URL says nothing: never a file of the user who runs us. */
static const struct {
    const char *key, *value;
} defaults[] = {{"passfile", NOWHERE},
                {"sslcert", NOWHERE},
                {"sslkey", NOWHERE},
                {"sslcrl", NOWHERE},
                {"sslrootcert", NOWHERE},
                {"gssencmode", "disable"},
                {"application_name", "testconn"},
                {"client_encoding", "UTF8"}};
enum { DEFAULT_COUNT = sizeof defaults / sizeof *defaults };

static const char *value_of(const PQconninfoOption *options, const char *key)
{
    for (; options->keyword; options++)
        if (strcmp(options->keyword, key) == 0)
            return options->val && *options->val ? options->val : NULL;
    return NULL;
}

/* libpq's words about a URL may quote it. */
static bool refuse_url(const char *location, const char *words, struct error *err)
{
    bool quotable = words && !strchr(location, '@') && !strstr(location, "password");
    return error_set(err, REASON_INVALID_INPUT,
                     "this postgresql: URL cannot be understood; its form is "
                     "postgresql://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?PARAMETER=VALUE&...]%s%s",
                     quotable ? ": " : "", quotable ? words : "");
}

static bool is_allowed(const char *keyword)
{
    for (const char *const *word = allowed; *word; word++)
        if (strcmp(*word, keyword) == 0)
            return true;
    return false;
}

static bool check(const PQconninfoOption *given, struct error *err)
{
    for (const PQconninfoOption *option = given; option->keyword; option++)
        if (option->val && !is_allowed(option->keyword))
            return error_set(err, REASON_INVALID_INPUT,
                             "the URL of a postgresql: catalog takes no parameter %s",
                             option->keyword);
    if (!value_of(given, "dbname"))
        return error_set(err, REASON_INVALID_INPUT,
                         "the URL of a postgresql: catalog names no database: "
                         "postgresql://USER@HOST:PORT/DATABASE");
    return true;
}

/* LIST, with commas between, as strings; COUNT of them where it has one only. */
static char **split(const char *list, size_t *count)
{
    size_t parts = 1;
    for (const char *at = list; *at; at++)
        parts += *at == ',';
    char **items = xcalloc((parts > *count ? parts : *count) + 1, sizeof *items);
    for (size_t i = 0; i < parts; i++) {
        size_t length = strcspn(list, ",");
        items[i] = xstrndup(list, length);
        list += length + (list[length] == ',');
    }
    for (size_t i = parts; i < *count; i++)
        items[i] = xstrdup(parts == 1 ? items[0] : "");
    *count = parts > *count ? parts : *count;
    return items;
}

/* Host and port of each, a host by its address alone where the URL gives hostaddr instead. */
static void split_hosts(struct place *place)
{
    const char *host = value_of(place->given, "host");
    const char *address = value_of(place->given, "hostaddr");
    const char *port = value_of(place->given, "port");
    size_t hosts = 0;
    size_t ports = 0;
    place->hosts = split(host ? host : address ? address : "", &hosts);
    ports = hosts;
    place->ports = split(port ? port : "", &ports);
}

static char *make_shown(const struct place *place)
{
    struct text_buffer shown = TEXT_BUFFER_INIT;
    const char *user = value_of(place->given, "user");
    text_append(&shown, "postgresql://");
    if (user)
        text_append_format(&shown, "%s@", user);
    for (size_t i = 0; place->hosts[i]; i++)
        text_append_format(&shown, strchr(place->hosts[i], ':') ? "%s[%s]%s%s" : "%s%s%s%s",
                           i ? "," : "", place->hosts[i], *place->ports[i] ? ":" : "",
                           place->ports[i]);
    text_append_format(&shown, "/%s", value_of(place->given, "dbname"));
    return text_take(&shown);
}

bool place_read(struct place *place, const char *location, struct error *err)
{
    char *words = NULL;
    char *url = text_format("postgresql:%s", location);
    place->given = text_starts(location, "//") ? PQconninfoParse(url, &words) : NULL;
    text_wipe_free(url);
    bool right = place->given ? check(place->given, err) : refuse_url(location, words, err);
    PQfreemem(words);
    if (!right)
        return false;
    split_hosts(place);
    place->shown = make_shown(place);
    return true;
}

static void free_all(char **items)
{
    for (size_t i = 0; items && items[i]; i++)
        free(items[i]);
    free(items);
}

void place_release(struct place *place)
{
    for (PQconninfoOption *option = place->given; option && option->keyword; option++)
        if (option->val)
            text_wipe(option->val, strlen(option->val));
    PQconninfoFree(place->given);
    free_all(place->hosts);
    free_all(place->ports);
    free(place->shown);
}

void place_parameters(const struct place *place, size_t index, const char **keys,
                      const char **values)
{
    const char *mode = value_of(place->given, "sslmode");
    bool verified = mode && text_starts(mode, "verify-");
    size_t count = 0;
    for (size_t i = 0; i < DEFAULT_COUNT; i++) {
        bool roots = strcmp(defaults[i].key, "sslrootcert") == 0 && verified;
        keys[count] = defaults[i].key;
        values[count++] = roots ? SYSTEM_ROOTS : defaults[i].value;
    }
    /* Of equal keys the last one counts. */
    for (const PQconninfoOption *option = place->given; option->keyword; option++)
        if (option->val && *option->val && count < PARAMETERS_MAXIMUM - 3) {
            keys[count] = option->keyword;
            values[count++] = option->val;
        }
    if (value_of(place->given, "host") && !value_of(place->given, "hostaddr")) {
        keys[count] = "host";
        values[count++] = place->hosts[index];
        keys[count] = "port";
        values[count++] = place->ports[index];
    }
    keys[count] = values[count] = NULL;
}
