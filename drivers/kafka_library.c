/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_library.c - librdkafka logs in and asks for the brokers, as a user's application will do.
 */
#include "kafka_library.h"

#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kafka_driver.h"

enum {
    TEXT_SIZE = 512,
    SCRAM_FIXED = 0x020601ff,
    KAFKA_4 = 22,
    POLL_MS = 100,
    AGAIN_MS = 1000, /* its back-off is a tenth of that at first */
    PATIENCE_MS = 60000
};

#define FUNCTION(name) __typeof__(&rd_kafka_##name) name

/* What is used of librdkafka; found by name, so that its absence is only a note. */
struct functions {
    FUNCTION(version);
    FUNCTION(version_str);
    FUNCTION(conf_new);
    FUNCTION(conf_set);
    FUNCTION(conf_set_error_cb);
    FUNCTION(new);
    FUNCTION(brokers_add);
    FUNCTION(clusterid);
    FUNCTION(metadata);
    FUNCTION(poll);
    FUNCTION(err2str);
    FUNCTION(oauthbearer_set_token);
};
static struct functions api;

static const struct {
    const char *name;
    void *function;
} names[] = {
    {"rd_kafka_version", &api.version},
    {"rd_kafka_version_str", &api.version_str},
    {"rd_kafka_conf_new", &api.conf_new},
    {"rd_kafka_conf_set", &api.conf_set},
    {"rd_kafka_conf_set_error_cb", &api.conf_set_error_cb},
    {"rd_kafka_new", &api.new},
    {"rd_kafka_brokers_add", &api.brokers_add},
    {"rd_kafka_clusterid", &api.clusterid},
    {"rd_kafka_metadata", &api.metadata},
    {"rd_kafka_poll", &api.poll},
    {"rd_kafka_err2str", &api.err2str},
    {"rd_kafka_oauthbearer_set_token", &api.oauthbearer_set_token},
};

/* The one client of this process. */
static struct {
    struct probe *side;              /* what it does belongs there */
    const struct endpoint *endpoint; /* that it goes to; NULL: it waits for one */
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Under the lock: */
    const struct target *target; /* NULL: its files and secrets are not there yet */
    char broker[WHERE_SIZE];
    char *token;
    long long token_expires_ms;
    bool missing; /* the library */
    bool done;
    bool works;
    bool turned_away;      /* it was left without a word; it tries again by itself */
    char words[TEXT_SIZE]; /* of its first failure */
} library = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool loaded;

static void load_once(void)
{
    void *handle = dlopen("librdkafka.so.1", RTLD_LAZY | RTLD_LOCAL);
    loaded = handle != NULL;
    for (size_t i = 0; handle && i < sizeof names / sizeof *names; i++) {
        void *symbol = dlsym(handle, names[i].name);
        memcpy(names[i].function, &symbol, sizeof symbol);
        loaded = loaded && symbol;
    }
}

static bool load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_once);
    return loaded;
}

void library_preload(void)
{
    void *sasl = dlopen("libsasl2.so.2", RTLD_LAZY | RTLD_LOCAL);
    int (*initialise)(const void *) = NULL;
    if (!load() || !sasl)
        return;
    /* It loads all of its plug-ins at its first use. */
    *(void **)&initialise = dlsym(sasl, "sasl_client_init");
    if (initialise)
        initialise(NULL);
}

static void finish(bool works, const char *words)
{
    pthread_mutex_lock(&library.lock);
    if (!library.done) {
        library.done = true;
        library.works = works;
        if (!library.words[0])
            snprintf(library.words, sizeof library.words, "%s", words);
    }
    pthread_cond_broadcast(&library.changed);
    pthread_mutex_unlock(&library.lock);
}

/* Where a broker lets in few connections, our own may have been one too many beside it: its next
 * attempt decides. */
static void turn_away(void)
{
    pthread_mutex_lock(&library.lock);
    library.turned_away = true;
    pthread_cond_broadcast(&library.changed);
    pthread_mutex_unlock(&library.lock);
}

/* Its own words without the address in front and the state behind; never a signature. */
static void keep_words(const char *reason)
{
    const char *begin = strstr(reason, "/bootstrap: ");
    begin = begin ? begin + strlen("/bootstrap: ") : reason;
    const char *end = strstr(begin, " (after ");
    const char *secret = strstr(begin, "ServerSignature mismatch");
    size_t length = secret ? (size_t)(secret - begin) + strlen("ServerSignature mismatch")
                    : end  ? (size_t)(end - begin)
                           : strlen(begin);
    pthread_mutex_lock(&library.lock);
    if (!library.words[0])
        snprintf(library.words, sizeof library.words, "%.*s", (int)length, begin);
    pthread_mutex_unlock(&library.lock);
}

static void see_error(rd_kafka_t *client, int code, const char *reason, void *unused)
{
    static bool left; /* the last error was the broker's leaving; errors come in one thread */
    (void)client;
    (void)unused;
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        left = code == RD_KAFKA_RESP_ERR__TRANSPORT;
        keep_words(reason);
    } else if (left) {
        turn_away();
    } else {
        finish(false, "all brokers are down");
    }
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char words[TEXT_SIZE];
    if (value && api.conf_set(conf, name, value, words, sizeof words) != RD_KAFKA_CONF_OK)
        keep_words(words);
}

/* DATA as a file that can be named. */
static void set_file(rd_kafka_conf_t *conf, const char *name, const char *data)
{
    char path[64];
    int fd = memfd_create("testconn", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, strlen(data)) != (ssize_t)strlen(data))
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    set(conf, name, path);
}

static void set_tls(rd_kafka_conf_t *conf)
{
    const struct tls_policy *tls = &library.target->tls;
    if (!tls->attempt)
        return;
    if (tls->ca_pem)
        set(conf, "ssl.ca.pem", tls->ca_pem);
    else
        set(conf, "ssl.ca.location", "/etc/ssl/certs");
    if (!kafka_identity)
        return;
    char *certificates = identity_certificates(kafka_identity);
    char *key = identity_key(kafka_identity);
    /* By a file: from memory it takes the first certificate alone. */
    set_file(conf, "ssl.certificate.location", certificates);
    set(conf, "ssl.key.pem", key);
    explicit_bzero(key, strlen(key));
    free(key);
    free(certificates);
}

static void set_login(rd_kafka_conf_t *conf)
{
    const struct target *target = library.target;
    const char *mechanism = kafka_mechanism(target);
    bool iam = mechanism && strcmp(mechanism, "AWS_MSK_IAM") == 0;
    static const char *const protocols[2][2] = {{"plaintext", "sasl_plaintext"},
                                                {"ssl", "sasl_ssl"}};
    set(conf, "security.protocol", protocols[target->tls.attempt][mechanism != NULL]);
    set(conf, "sasl.mechanism", iam ? "OAUTHBEARER" : mechanism);
    if (mechanism && strcmp(mechanism, "GSSAPI") == 0) {
        /* The ticket is there already; it must not run kinit in a shell. */
        set(conf, "sasl.kerberos.min.time.before.relogin", "0");
        set(conf, "sasl.kerberos.service.name", target_parameter(target, "kerberos_service"));
        set(conf, "sasl.kerberos.principal", target->user);
    } else if (mechanism && !iam) {
        set(conf, "sasl.username", target->user);
        set(conf, "sasl.password", target->password);
    }
}

static rd_kafka_t *make_client(void)
{
    char words[TEXT_SIZE] = "";
    char budget[16];
    rd_kafka_conf_t *conf = api.conf_new();
    snprintf(budget, sizeof budget, "%d", PATIENCE_MS);
    set(conf, "client.id", "testconn");
    set(conf, "enable.sparse.connections", "false");
    set(conf, "socket.connection.setup.timeout.ms", budget);
    set(conf, "socket.timeout.ms", budget);
    set(conf, "allow.auto.create.topics", "false");
    set(conf, "log_level", "0");
    set_tls(conf);
    set_login(conf);
    api.conf_set_error_cb(conf, see_error);
    rd_kafka_t *client = api.new(RD_KAFKA_PRODUCER, conf, words, sizeof words);
    if (!client)
        keep_words(words);
    return client;
}

/* As soon as it is connected it asks for the brokers by itself: that is waited for, and asked for
 * once more only where the answer holds no cluster's id, as of a broker before 0.10.1. */
static void *ask(void *client)
{
    const struct deadline deadline = probe_deadline(library.side);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!api.clusterid(client, deadline_left_ms(deadline)))
        code = api.metadata(client, 0, NULL, &metadata, deadline_left_ms(deadline));
    finish(code == RD_KAFKA_RESP_ERR_NO_ERROR, api.err2str(code));
    return NULL;
}

static void give_token(rd_kafka_t *client)
{
    char words[TEXT_SIZE] = "";
    if (library.token &&
        api.oauthbearer_set_token(client, library.token, library.token_expires_ms, "testconn", NULL,
                                  0, words, sizeof words) != RD_KAFKA_RESP_ERR_NO_ERROR)
        keep_words(words);
}

static void *run(void *unused)
{
    pthread_t thread;
    bool usable = load();
    pthread_mutex_lock(&library.lock);
    while (!library.target)
        pthread_cond_wait(&library.changed, &library.lock);
    pthread_mutex_unlock(&library.lock);
    rd_kafka_t *client = usable ? make_client() : NULL;
    pthread_mutex_lock(&library.lock);
    library.missing = !usable;
    while (!library.broker[0])
        pthread_cond_wait(&library.changed, &library.lock);
    pthread_mutex_unlock(&library.lock);
    if (!client) {
        finish(false, "it cannot be used");
        return unused;
    }
    give_token(client);
    api.brokers_add(client, library.broker);
    if (pthread_create(&thread, NULL, ask, client) == 0)
        pthread_detach(thread);
    /* Errors are told to who polls. */
    while (!library.done)
        api.poll(client, POLL_MS);
    return unused;
}

/* The version that is installed logs in by SCRAM to any Kafka. */
static bool knows_scram(void)
{
    return load() && api.version() >= SCRAM_FIXED;
}

/* Whether it may connect beside our own attempt: nothing of its login depends on what comes out of
 * that, and it is held before it. */
static bool may_begin(const char *mechanism)
{
    return !mechanism || strcmp(mechanism, "PLAIN") == 0 ||
           (strncmp(mechanism, "SCRAM-", 6) == 0 && knows_scram());
}

/* In a side of its own: what the library does is nobody's verdict, and it verifies by itself. HELD:
 * it comes up to the point before its connection. */
static bool let_go(struct probe *side, const struct endpoint *endpoint, void *held,
                   struct error *err)
{
    if (!probe_tls_expect(side, NULL, err))
        return false;
    if (held)
        probe_hold(side, POINT_CONNECT);
    pthread_mutex_lock(&library.lock);
    library.side = side;
    library.endpoint = endpoint;
    kafka_where(endpoint, library.broker);
    pthread_cond_broadcast(&library.changed);
    pthread_mutex_unlock(&library.lock);
    return true;
}

void library_begin(void)
{
    pthread_t thread;
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&library.changed, &clock);
    library.started = pthread_create(&thread, NULL, run, NULL) == 0;
    if (library.started)
        pthread_detach(thread);
}

void library_make(struct probe *probe, const struct target *target)
{
    struct error ignored = ERROR_INIT;
    const char *mechanism = kafka_mechanism(target);
    /* It loads all plug-ins of SASL that it finds; PLAIN and SCRAM are its own. */
    if (!mechanism || strcmp(mechanism, "GSSAPI") != 0)
        setenv("SASL_PATH", "/nonexistent", 1);
    /* Of several brokers the first may be dead: it goes where we have been. */
    if (target->endpoint_count == 1 && may_begin(mechanism))
        probe_beside(probe, target->endpoints, let_go, &library, &ignored);
    pthread_mutex_lock(&library.lock);
    library.target = target;
    pthread_cond_broadcast(&library.changed);
    pthread_mutex_unlock(&library.lock);
}

void library_start(const struct target *target)
{
    if (library.endpoint)
        probe_hold(library.side, !kafka_mechanism(target) ? POINT_NONE
                                 : target->tls.attempt    ? POINT_TLS
                                                          : POINT_TCP);
}

void library_give_token(const char *token, long long expires_ms)
{
    pthread_mutex_lock(&library.lock);
    free(library.token);
    library.token = strdup(token);
    library.token_expires_ms = expires_ms;
    pthread_mutex_unlock(&library.lock);
}

void library_connect(struct probe *probe, const struct endpoint *endpoint)
{
    struct error ignored = ERROR_INIT;
    if (library.endpoint)
        probe_hold(library.side, POINT_NONE);
    else
        probe_beside(probe, endpoint, let_go, NULL, &ignored);
}

/* Whether it came to an end by DEADLINE, or, when it was turned away, soon. */
static bool wait_for_end(struct deadline deadline)
{
    const struct deadline soon = deadline_earlier(deadline, deadline_in_ms(AGAIN_MS));
    pthread_mutex_lock(&library.lock);
    for (int failed = 0; !library.done && !failed;) {
        int64_t at_us = library.turned_away ? soon.at_us : deadline.at_us;
        struct timespec until = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};
        failed = pthread_cond_timedwait(&library.changed, &library.lock, &until);
    }
    bool ended = library.done || library.turned_away;
    pthread_mutex_unlock(&library.lock);
    return ended;
}

static void tell_failure(struct probe *probe, const struct target *target, const char *where,
                         const char *words)
{
    const char *mechanism = kafka_mechanism(target);
    probe_finding(probe, SEVERITY_WARNING, "installed-library-fails", NULL,
                  "applications on this host built on librdkafka %s will fail at %s%s%s, although "
                  "it accepts us: %s",
                  api.version_str(), where, mechanism ? " by " : "", mechanism ? mechanism : "",
                  words);
}

bool library_is_known_to_fail(struct probe *probe, const struct target *target, int level,
                              const char *where)
{
    const char *mechanism = kafka_mechanism(target);
    if (!mechanism || strncmp(mechanism, "SCRAM-", 6) != 0 || level < KAFKA_4 || !load() ||
        api.version() >= SCRAM_FIXED)
        return false;
    tell_failure(probe, target, where,
                 "before its version 2.6.1 it repeats its nonce in the last message, which Kafka 4 "
                 "refuses as if the password were wrong; the password is right");
    return true;
}

void library_tell(struct probe *probe, const struct target *target, const char *where)
{
    if (!library.started)
        return;
    bool ended = wait_for_end(deadline_share(probe_deadline(probe), 2));
    if (library.missing)
        probe_note(probe, "librdkafka", "not installed");
    else if (!ended)
        tell_failure(probe, target, where, "it came to no end in time");
    else if (library.works)
        probe_note(probe, "librdkafka", "%s works", api.version_str());
    else
        tell_failure(probe, target, where, library.words);
}
