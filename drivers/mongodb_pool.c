/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_pool.c - MongoDB's own client library, loaded when a set is there to be tried: it takes
 * 20 ms. */
#include <dlfcn.h>
#include <mongoc/mongoc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mongodb_driver.h"

#define NOWHERE "/nonexistent/testconn"

#define FUNCTIONS(OF)                                                                              \
    OF(mongoc_init)                                                                                \
    OF(mongoc_uri_new_with_error)                                                                  \
    OF(mongoc_uri_set_username)                                                                    \
    OF(mongoc_uri_set_password)                                                                    \
    OF(mongoc_uri_set_auth_source)                                                                 \
    OF(mongoc_uri_set_auth_mechanism)                                                              \
    OF(mongoc_uri_set_option_as_bool)                                                              \
    OF(mongoc_uri_set_option_as_int32)                                                             \
    OF(mongoc_uri_set_option_as_utf8)                                                              \
    OF(mongoc_client_pool_new_with_error)                                                          \
    OF(mongoc_client_pool_set_error_api)                                                           \
    OF(mongoc_client_pool_set_ssl_opts)                                                            \
    OF(mongoc_client_pool_pop)                                                                     \
    OF(mongoc_client_command_simple)                                                               \
    OF(mongoc_read_prefs_new)

static struct {
#define OF(name) __typeof__(name) *name;
    FUNCTIONS(OF)
#undef OF
    bool loaded;
} library;

/* Its counters would leave a shared memory object behind when the process is killed. Never set
 * while other threads may read the environment. */
static void disable_counters(void)
{
    if (!getenv("MONGOC_DISABLE_SHM"))
        setenv("MONGOC_DISABLE_SHM", "1", 1);
}

static void load(void)
{
    void *handle = dlopen("libmongoc-1.0.so.0", RTLD_NOW | RTLD_LOCAL);
    library.loaded = handle != NULL;
#define OF(name)                                                                                   \
    if (handle)                                                                                    \
        *(void **)&library.name = dlsym(handle, #name);                                            \
    library.loaded = library.loaded && library.name;
    FUNCTIONS(OF)
#undef OF
}

static bool load_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return library.loaded;
}

bool pool_load(void)
{
    disable_counters();
    return load_once();
}

static void *load_beside(void *unused)
{
    load_once();
    return unused;
}

void pool_load_beside(void)
{
    pthread_t thread;
    disable_counters();
    if (pthread_create(&thread, NULL, load_beside, NULL) == 0)
        pthread_detach(thread);
}

/* What a side needs. */
struct ping {
    struct session *session;
    const struct member *seeds;
    size_t count;
};

/* "mongodb://HOST:PORT,[IPV6]:PORT/": every host was read by member_read(). */
static mongoc_uri_t *new_uri(const struct ping *ping, bson_error_t *error)
{
    bson_string_t *text = bson_string_new("mongodb://");
    for (size_t i = 0; i < ping->count; i++)
        bson_string_append_printf(text, strchr(ping->seeds[i].host, ':') ? "%s[%s]:%u" : "%s%s:%u",
                                  i ? "," : "", ping->seeds[i].host, ping->seeds[i].port);
    bson_string_append(text, "/");
    mongoc_uri_t *uri = library.mongoc_uri_new_with_error(text->str, error);
    bson_string_free(text, true);
    return uri;
}

static void set_options(mongoc_uri_t *uri, const struct session *session)
{
    const struct target *target = session->target;
    const char *set_name = target_parameter(target, "replicaSet");
    const char *selection = target_parameter(target, "serverSelectionTimeoutMS");
    int left_ms = deadline_left_ms(probe_deadline(session->probe)) * 3 / 4;
    long asked_ms = selection ? strtol(selection, NULL, 10) : 0;
    library.mongoc_uri_set_username(uri, target->user);
    if (target->password)
        library.mongoc_uri_set_password(uri, target->password);
    library.mongoc_uri_set_auth_source(uri, session->login->source);
    if (session->login->mechanism)
        library.mongoc_uri_set_auth_mechanism(uri, session->login->mechanism);
    if (set_name)
        library.mongoc_uri_set_option_as_utf8(uri, "replicaset", set_name);
    library.mongoc_uri_set_option_as_int32(uri, "serverselectiontimeoutms",
                                           asked_ms > 0 && asked_ms < left_ms ? (int)asked_ms
                                                                              : left_ms);
    library.mongoc_uri_set_option_as_int32(uri, "connecttimeoutms", left_ms);
    library.mongoc_uri_set_option_as_int32(uri, "sockettimeoutms", left_ms);
    library.mongoc_uri_set_option_as_bool(uri, "tls", session->tls);
    library.mongoc_uri_set_option_as_bool(uri, "tlsdisableocspendpointcheck", true);
}

/* Certificate, chain and key as a file that only this process has. */
static const char *certificate_file(const struct session *session, char path[64])
{
    if (!session->identity)
        return NULL;
    char *certificates = identity_certificates(session->identity);
    char *key = identity_key(session->identity);
    int fd = memfd_create("certificate", MFD_CLOEXEC);
    bool written = fd >= 0 && dprintf(fd, "%s%s", certificates, key) > 0;
    explicit_bzero(key, strlen(key));
    free(key);
    free(certificates);
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return written ? path : NULL;
}

static void set_tls(mongoc_client_pool_t *pool, const struct session *session)
{
    char path[64];
    /* Trust and name are the TLS observer's, by the policy; any folder keeps the library from
     * loading the system's whole bundle for nothing. */
    mongoc_ssl_opt_t options = {.weak_cert_validation = true,
                                .allow_invalid_hostname = true,
                                .ca_dir = NOWHERE,
                                .pem_file = certificate_file(session, path)};
    library.mongoc_client_pool_set_ssl_opts(pool, &options);
}

static mongoc_read_mode_t read_mode(const struct session *session)
{
    static const struct {
        const char *word;
        mongoc_read_mode_t mode;
    } modes[] = {{"primary", MONGOC_READ_PRIMARY},
                 {"primaryPreferred", MONGOC_READ_PRIMARY_PREFERRED},
                 {"secondary", MONGOC_READ_SECONDARY},
                 {"secondaryPreferred", MONGOC_READ_SECONDARY_PREFERRED},
                 {"nearest", MONGOC_READ_NEAREST}};
    const char *word = target_parameter(session->target, "readPreference");
    for (size_t i = 0; word && i < sizeof modes / sizeof *modes; i++)
        if (strcmp(modes[i].word, word) == 0)
            return modes[i].mode;
    return MONGOC_READ_PRIMARY;
}

/* Nothing is released: a library's tear-down waits for its threads, and the process ends soon. */
static bool ping_beside(struct probe *side, const struct endpoint *endpoint, void *argument,
                        struct error *err)
{
    const struct ping *ping = argument;
    bson_error_t error = {.message = "out of resources"};
    (void)side;
    (void)endpoint;
    mongoc_uri_t *uri = new_uri(ping, &error);
    if (!uri)
        return error_set(err, REASON_INTERNAL, "%s", error.message);
    set_options(uri, ping->session);
    mongoc_client_pool_t *pool = library.mongoc_client_pool_new_with_error(uri, &error);
    if (!pool)
        return error_set(err, REASON_INTERNAL, "%s", error.message);
    library.mongoc_client_pool_set_error_api(pool, 2);
    if (ping->session->tls)
        set_tls(pool, ping->session);
    bson_t *command = BCON_NEW("ping", BCON_INT32(1));
    bool answered = library.mongoc_client_command_simple(
        library.mongoc_client_pool_pop(pool), "admin", command,
        library.mongoc_read_prefs_new(read_mode(ping->session)), NULL, &error);
    return answered || error_set(err, REASON_QUERY_FAILED, "%s (domain %u, code %u)", error.message,
                                 error.domain, error.code);
}

bool pool_ping(struct session *session, const struct member *seeds, size_t count, char *words,
               size_t size)
{
    struct ping ping = {.session = session, .seeds = seeds, .count = count};
    struct error err = ERROR_INIT;
    if (count == 0)
        return true;
    const struct endpoint endpoint = {.host = (char *)(uintptr_t)seeds[0].host,
                                      .port = seeds[0].port};
    if (!pool_load()) {
        snprintf(words, size, "it is not installed (libmongoc-1.0.so.0, package libmongoc-1.0-0)");
        return false;
    }
    library.mongoc_init();
    bool answered = probe_beside(session->probe, &endpoint, ping_beside, &ping, &err);
    snprintf(words, size, "%s", err.message);
    return answered;
}
