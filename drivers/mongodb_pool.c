/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_pool.c - MongoDB's own client library, loaded when a set is there to be tried: it takes
 * 20 ms. */
#include <dlfcn.h>
#include <errno.h>
#include <mongoc/mongoc.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mongodb_driver.h"

#define NOWHERE "/nonexistent/testconn"
enum { RESERVE_MS = 50, SELECTION_MS = 5000 };

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

/* "mongodb://HOST:PORT,[IPV6]:PORT/": every host was read by member_read(). */
static mongoc_uri_t *new_uri(const struct member *seeds, size_t count, bson_error_t *error)
{
    bson_string_t *text = bson_string_new("mongodb://");
    for (size_t i = 0; i < count; i++)
        bson_string_append_printf(text, strchr(seeds[i].host, ':') ? "%s[%s]:%u" : "%s%s:%u",
                                  i ? "," : "", seeds[i].host, seeds[i].port);
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
    long select_ms = asked_ms > 0 ? asked_ms : SELECTION_MS;
    bool x509 = session->login->mechanism && strcmp(session->login->mechanism, "MONGODB-X509") == 0;
    /* The certificate names the user. */
    if (!x509 || strchr(target->user, '='))
        library.mongoc_uri_set_username(uri, target->user);
    if (target->password && !x509)
        library.mongoc_uri_set_password(uri, target->password);
    library.mongoc_uri_set_auth_source(uri, session->login->source);
    if (session->login->mechanism)
        library.mongoc_uri_set_auth_mechanism(uri, session->login->mechanism);
    if (set_name)
        library.mongoc_uri_set_option_as_utf8(uri, "replicaset", set_name);
    library.mongoc_uri_set_option_as_int32(uri, "serverselectiontimeoutms",
                                           select_ms < left_ms ? (int)select_ms : left_ms);
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

/* One ping in a thread of its own; kept for the life of the process, for it may never end. */
static struct ping {
    mongoc_client_t *client;
    mongoc_read_prefs_t *preference;
    bson_error_t error;
    bool answered;
    sem_t over;
    volatile sig_atomic_t signal; /* of a crash in one of the library's threads */
    pid_t caller;
} ping;

static void *run_ping(void *unused)
{
    bson_t *command = BCON_NEW("ping", BCON_INT32(1));
    ping.answered = library.mongoc_client_command_simple(ping.client, "admin", command,
                                                         ping.preference, NULL, &ping.error);
    sem_post(&ping.over);
    return unused;
}

/* A member may send what crashes the library: the thread stays where it is, and the test goes on
 * to its verdict without it. */
static void park(int number)
{
    if (gettid() == ping.caller) {
        struct sigaction standard = {.sa_handler = SIG_DFL};
        sigaction(number, &standard, NULL);
        return;
    }
    ping.signal = number;
    sem_post(&ping.over);
    for (;;)
        pause();
}

static void survive_crashes(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    struct sigaction action = {.sa_handler = park};
    ping.caller = gettid();
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
}

/* Nothing is released: a library's tear-down waits for its threads, and the process ends soon. */
static mongoc_client_t *new_client(struct session *session, const struct member *seeds,
                                   size_t count, bson_error_t *error)
{
    mongoc_uri_t *uri = new_uri(seeds, count, error);
    if (!uri)
        return NULL;
    set_options(uri, session);
    mongoc_client_pool_t *pool = library.mongoc_client_pool_new_with_error(uri, error);
    if (!pool)
        return NULL;
    library.mongoc_client_pool_set_error_api(pool, 2);
    if (session->tls)
        set_tls(pool, session);
    return library.mongoc_client_pool_pop(pool);
}

/* Wait for the ping; what the library does with what a server says may take for ever. */
static bool await_ping(struct deadline deadline, struct error *err)
{
    int64_t at_us = deadline.at_us - RESERVE_MS * 1000;
    struct timespec until = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};
    int waited;
    do
        waited = sem_clockwait(&ping.over, CLOCK_MONOTONIC, &until);
    while (waited < 0 && errno == EINTR);
    if (waited < 0)
        return error_set(err, REASON_TIMED_OUT,
                         "it does not come back within the time of the test");
    if (ping.signal)
        return error_set(err, REASON_WORKER_CRASHED,
                         "it crashes (signal %d) on something that a member says",
                         (int)ping.signal);
    return ping.answered || error_set(err, REASON_QUERY_FAILED, "%s (domain %u, code %u)",
                                      ping.error.message, ping.error.domain, ping.error.code);
}

/* What the library's threads connect to is no part of the report. */
static bool ping_beside(struct probe *side, const struct endpoint *endpoint, void *argument,
                        struct error *err)
{
    pthread_t thread;
    (void)endpoint;
    (void)argument;
    sem_init(&ping.over, 0, 0);
    survive_crashes();
    if (pthread_create(&thread, NULL, run_ping, NULL) != 0)
        return error_set(err, REASON_BUSY, "no thread for it");
    pthread_detach(thread);
    return await_ping(probe_deadline(side), err);
}

bool pool_ping(struct session *session, const struct member *seeds, size_t count, char *words,
               size_t size)
{
    struct error err = ERROR_INIT;
    bson_error_t error = {.message = "out of resources"};
    bool answered = false;
    if (count == 0)
        return true;
    if (!pool_load()) {
        snprintf(words, size, "it is not installed (libmongoc-1.0.so.0, package libmongoc-1.0-0)");
        return false;
    }
    library.mongoc_init();
    ping.preference = library.mongoc_read_prefs_new(read_mode(session));
    ping.client = new_client(session, seeds, count, &error);
    if (ping.client)
        answered = probe_beside(session->probe, session->endpoint, ping_beside, NULL, &err);
    else
        error_set(&err, REASON_INTERNAL, "%s", error.message);
    snprintf(words, size, "%s", err.message);
    return answered;
}
