/* SPDX-License-Identifier: Apache-2.0 */
/* service.c - put together, run, drained, taken apart. */
#include "service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "aws_json.h"
#include "listen.h"
#include "listen_tls.h"
#include "log.h"
#include "net_policy.h"
#include "registry.h"
#include "testconn/deadline.h"
#include "text.h"

enum {
    REPORTS = 1000,
    BODY_MAXIMUM = 4 << 20,
    UPSTREAM_BODY_MAXIMUM = 64 << 20,
    SPARE_DESCRIPTORS = 64,
    DRAIN_STEP_MS = 50
};

/* One line a request that is no mere look. */
static void see_ended(const struct http_exchange *exchange, int status, void *argument)
{
    struct service *service = argument;
    double took_ms = (double)(clock_now_us() - exchange->began_us) / 1000;
    char duration[32];
    char code[16];
    bool look = text_equal(exchange->operation, "livez") ||
                text_equal(exchange->operation, "readyz") ||
                text_equal(exchange->operation, "metrics");
    metrics_request(service->metrics, exchange->operation, status, took_ms);
    snprintf(duration, sizeof duration, "%.3f", took_ms);
    snprintf(code, sizeof code, "%d", status);
    log_line(look ? LOG_DEBUG : LOG_INFO, status ? "request" : "the client left", "request_id",
             exchange->request_id, "operation", exchange->operation, "outcome", exchange->outcome,
             "stage", exchange->stage, "code", exchange->code, "connection",
             *exchange->connection ? exchange->connection : NULL, "status", status ? code : NULL,
             "duration_ms", duration, "peer", exchange->peer, "access_key", exchange->access_key,
             NULL);
}

/* What is no HTTP is answered as AWS would. */
static char *make_refusal(int status, const char *why)
{
    return aws_json_exception(status == 413   ? "RequestEntityTooLargeException"
                              : status == 408 ? "RequestTimeoutException"
                                              : "MalformedHttpRequestException",
                              why);
}

static bool read_policy(const struct service_settings *settings, bool loopback, char **text,
                        struct error *err)
{
    struct net_policy *policy = net_policy_new();
    bool right = true;
    if (!loopback)
        net_policy_add_defaults(policy);
    for (size_t i = 0; right && i < settings->allow.count; i++)
        right = net_policy_add(policy, NET_POLICY_ALLOW, settings->allow.items[i], err);
    for (size_t i = 0; right && i < settings->deny.count; i++)
        right = net_policy_add(policy, NET_POLICY_DENY, settings->deny.items[i], err);
    *text = right && !net_policy_is_empty(policy) ? net_policy_to_text(policy) : NULL;
    net_policy_free(policy);
    return right;
}

static bool check_folders(const struct references_allowed *files, struct error *err)
{
    for (size_t i = 0; i < files->count; i++)
        if (files->folders[i][0] != '/')
            return error_set(err, REASON_INVALID_INPUT,
                             "--allow-files %s: the folder has to begin with /", files->folders[i]);
    return true;
}

static bool check_drivers(const char *folder, struct error *err)
{
    return access(folder, R_OK | X_OK) == 0 ||
           error_set(err, REASON_INVALID_INPUT, "--drivers: the folder %s cannot be read: %s",
                     folder, strerror(errno));
}

/* Everything that needs neither a loop nor a socket. */
static bool prepare(struct service *service, struct error *err)
{
    const struct service_settings *settings = service->settings;
    bool loopback = true;
    if ((settings->upstream && !upstream_check(settings->upstream, err)) ||
        !listen_check(&settings->listen, &loopback, err) || !check_folders(&settings->files, err) ||
        !check_drivers(settings->drivers, err) ||
        !read_policy(settings, loopback, &service->policy, err))
        return false;
    if (!loopback && !settings->credentials)
        return error_set(err, REASON_INVALID_INPUT,
                         "to listen beyond this host, --credentials FILE has to name the access "
                         "keys that callers sign with");
    service->access = access_new(settings->credentials, loopback, err);
    if (!service->access || !settings->tls_certificate)
        return service->access != NULL;
    service->tls = listen_tls_new(settings->tls_certificate, settings->tls_key, err);
    return service->tls != NULL;
}

static void take_apart(struct service *service)
{
    flights_free(service->flights);
    upstream_free(service->upstream);
    http_server_free(service->http);
    store_free(service->store);
    registry_free(service->registry);
    reports_free(service->reports);
    metrics_free(service->metrics);
    access_free(service->access);
    SSL_CTX_free(service->tls);
    free(service->policy);
    if (service->base)
        event_base_free(service->base);
}

bool service_check(const struct service_settings *settings, struct error *err)
{
    struct service service = {.settings = settings};
    bool right = prepare(&service, err);
    take_apart(&service);
    return right;
}

/* As many descriptors as we may have: a connection each, and some more. */
static size_t room_for_connections(long wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return (size_t)wanted;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    size_t room = limit.rlim_cur > 2 * SPARE_DESCRIPTORS ? limit.rlim_cur - SPARE_DESCRIPTORS
                                                         : SPARE_DESCRIPTORS;
    return (size_t)wanted < room ? (size_t)wanted : room;
}

static bool begin(struct service *service, struct error *err)
{
    const struct service_settings *settings = service->settings;
    struct store_settings where = {.url = settings->catalog, .key_file = settings->key_file};
    service->base = event_base_new();
    service->registry = registry_new(settings->drivers);
    service->reports = reports_new(REPORTS);
    service->metrics = metrics_new();
    if (settings->catalog && !(service->store = store_new(service->base, &where, err)))
        return false;
    if (settings->upstream &&
        !(service->upstream = upstream_new(service->base, settings->upstream, err)))
        return false;
    struct flights_settings how = {.registry = service->registry,
                                   .store = service->store,
                                   .metrics = service->metrics,
                                   .reports = service->reports,
                                   .most = settings->tests,
                                   .policy = service->policy};
    service->flights = flights_new(service->base, &how);
    struct http_settings http = {.connections = room_for_connections(settings->connections),
                                 .body = service->upstream ? UPSTREAM_BODY_MAXIMUM : BODY_MAXIMUM,
                                 .tls = service->tls,
                                 .handle = service_handle,
                                 .ended = see_ended,
                                 .refusal = make_refusal,
                                 .argument = service};
    service->http = http_server_new(service->base, &http);
    return listen_begin(&settings->listen, service->http, err);
}

/* The first signal lets what runs come to its end, the second does not. */
static void see_signal(evutil_socket_t number, short what, void *argument)
{
    struct service *service = argument;
    (void)what;
    if (service->draining) {
        event_base_loopbreak(service->base);
        return;
    }
    log_line(LOG_INFO, "draining", "signal", strsignal((int)number), NULL);
    service->draining = true;
    http_server_drain(service->http);
}

static bool is_done(const struct service *service)
{
    return http_server_connections(service->http) == 0 &&
           (!service->store || store_is_idle(service->store));
}

/* Whether who started us has it ignored, as nohup does. */
static bool is_ignored(int number)
{
    struct sigaction now;
    return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

/* When everybody has been answered, or the time for that is over. */
static void run(struct service *service)
{
    struct event *terminate = evsignal_new(service->base, SIGTERM, see_signal, service);
    struct event *interrupt = evsignal_new(service->base, SIGINT, see_signal, service);
    struct event *hangup = evsignal_new(service->base, SIGHUP, see_signal, service);
    bool heeded = !is_ignored(SIGHUP);
    event_add(terminate, NULL);
    event_add(interrupt, NULL);
    if (heeded)
        event_add(hangup, NULL);
    while (!service->draining && event_base_loop(service->base, EVLOOP_ONCE) == 0 &&
           !event_base_got_break(service->base))
        continue;
    struct deadline end = deadline_in_ms(service->settings->drain_ms);
    while (!is_done(service) && !deadline_passed(end) && !event_base_got_break(service->base)) {
        struct timeval step = {.tv_usec = DRAIN_STEP_MS * 1000};
        event_base_loopexit(service->base, &step);
        event_base_dispatch(service->base);
    }
    event_free(terminate);
    event_free(interrupt);
    event_free(hangup);
}

bool service_run(const struct service_settings *settings, struct error *err)
{
    struct service service = {.settings = settings};
    bool begun = prepare(&service, err) && begin(&service, err);
    if (begun)
        run(&service);
    take_apart(&service);
    if (begun)
        log_line(LOG_INFO, "ended", NULL);
    return begun;
}
