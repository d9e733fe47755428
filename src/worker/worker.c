/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c - one test, from the request to the verdict. */
#include "worker.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent_job.h"
#include "ahead.h"
#include "aws_access.h"
#include "ca_rules.h"
#include "confine.h"
#include "connector_secret.h"
#include "fd.h"
#include "files.h"
#include "net_observer.h"
#include "probe_state.h"
#include "reference.h"
#include "resolve.h"
#include "resolve_connector.h"
#include "secrecy.h"
#include "text.h"
#include "tls_observer.h"
#include "written.h"

enum { WITHOUT_REQUEST_MS = 1000 };

/* The test at hand. */
struct test {
    struct probe *probe;
    struct connection *connection;
    const json_t *access; /* to AWS; NULL: the front saw no need of it */
    struct registry *registry;
    struct resolution resolution;
    const struct driver *driver;
    struct error error;
};

static struct registry *prepared; /* by the template; NULL: a worker of its own */
static bool warms_up_first;

/* Say why and go. */
static _Noreturn void end_failed(struct probe *probe, enum stage stage, const struct error *err,
                                 int attempt)
{
    if (!probe->entered || probe->stage != stage)
        probe->stage = stage;
    probe_verdict_failed(probe, err, attempt);
    _exit(0);
}

/* The request up to its line break; NULL when the front is gone or the line is none. */
static json_t *read_request(int fd)
{
    struct text_buffer line = TEXT_BUFFER_INIT;
    char piece[16384];
    ssize_t got = 0;
    while (line.length < WORKER_REQUEST_MAXIMUM && (got = read(fd, piece, sizeof piece)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        text_append_bytes(&line, piece, (size_t)got);
        if (piece[got - 1] == '\n')
            break;
    }
    json_t *request = line.data ? json_loadb(line.data, line.length, 0, NULL) : NULL;
    text_wipe(piece, sizeof piece);
    if (line.data)
        text_wipe(line.data, line.length);
    text_buffer_release(&line);
    return request;
}

static enum connection_form read_form(const char *word)
{
    if (text_equal(word, "stored"))
        return CONNECTION_FORM_STORED;
    return text_equal(word, "test-input") ? CONNECTION_FORM_TEST_INPUT : CONNECTION_FORM_INPUT;
}

/* Problems of a definition that only the files' content brought to light. */
static _Noreturn void end_refused(struct test *test)
{
    for (size_t i = 0; i < test->resolution.problems.count; i++) {
        const struct problem *problem = &test->resolution.problems.items[i];
        probe_finding_at(test->probe, STAGE_INPUT, problem->note ? SEVERITY_NOTE : SEVERITY_ERROR,
                         problem->rule, problem->path, problem->text);
    }
    char *joined = problems_join(&test->resolution.problems, test->connection->root);
    error_set(&test->error, REASON_INVALID_INPUT, "%s", joined);
    end_failed(test->probe, STAGE_INPUT, &test->error, -1);
}

/* The filled URL is no good: the secret is to blame, at the stage in which it was read. */
static _Noreturn void end_filled(struct test *test, const struct connector_secret *secret)
{
    const struct resolution *resolution = &test->resolution;
    bool refused = resolution->reason == REASON_INVALID_INPUT;
    char *joined = problems_join(&resolution->problems, test->connection->root);
    connector_secret_blame(secret, resolution->reason, refused ? joined : resolution->error.message,
                           &test->error);
    end_failed(test->probe, STAGE_CREDENTIALS, &test->error, -1);
}

/* A connector whose URL only its secret completes: that comes first. */
static bool understand_filled(struct test *test, bool strict)
{
    struct connector_secret secret = CONNECTOR_SECRET_INIT;
    tls_observer_install();
    probe_stage(test->probe, STAGE_CREDENTIALS);
    if (!connector_secret_fill(&secret, test->probe, test->connection, test->access,
                               test->registry->folder, &test->error))
        end_failed(test->probe, STAGE_CREDENTIALS, &test->error, -1);
    resolution_release(&test->resolution);
    if (!resolve(test->connection, test->registry, strict, &test->resolution))
        end_filled(test, &secret);
    test->resolution.target->secret_content = xstrdup(secret.content);
    connector_secret_release(&secret);
    return true;
}

static void understand(struct test *test, bool strict)
{
    bool understood = resolve(test->connection, test->registry, strict, &test->resolution);
    if (!understood && test->resolution.reason == REASON_NONE &&
        resolve_connector_secret(test->connection))
        understood = understand_filled(test, strict);
    if (!understood) {
        if (test->resolution.reason == REASON_INVALID_INPUT)
            end_refused(test);
        if (test->resolution.reason == REASON_NONE)
            error_set(&test->resolution.error, REASON_INTERNAL,
                      "the definition leads to no target, and nothing says why");
        end_failed(test->probe, STAGE_INPUT, &test->resolution.error, -1);
    }
    const struct target *target = test->resolution.target;
    const struct manifest *manifest = registry_find_name(test->registry, target->driver);
    if (!test->driver) {
        if (target->tls.attempt)
            tls_observer_install();
        ahead_begin(test->probe, target);
        test->driver = worker_load_driver(manifest->module_path, RTLD_LAZY, &test->error);
    }
    if (!test->driver)
        end_failed(test->probe, STAGE_INPUT, &test->error, -1);
    if (!test->driver->tls_at_need)
        tls_observer_install();
    if (test->driver->begin)
        test->driver->begin(target);
    probe_send(test->probe, "driver", json_string(target->driver));
}

/* Hosts that the definition has beyond ASCII are told as it has them. */
static void name_hosts(struct test *test)
{
    const struct target *target = test->resolution.target;
    const char *name = target->tls.expected_name;
    bool translated = name && strstr(name, "xn--");
    for (size_t i = 0; i < target->endpoint_count; i++)
        translated |= strstr(target->endpoints[i].host, "xn--") != NULL;
    if (!translated)
        return;
    char *definition = json_dumps(test->connection->document, JSON_COMPACT);
    if (definition && !strcasestr(definition, "xn--"))
        written_begin(target);
    text_wipe_free(definition);
}

/* The stages that this test has: which are still to come is told when one fails. */
static void tell_plan(struct test *test)
{
    const struct target *target = test->resolution.target;
    const bool has[STAGE_COUNT] = {[STAGE_INPUT] = true,
                                   [STAGE_CREDENTIALS] = true,
                                   [STAGE_CERTIFICATE] = target->tls.ca_location != NULL,
                                   [STAGE_DNS] = true,
                                   [STAGE_TCP] = true,
                                   [STAGE_TLS] = target->tls.attempt,
                                   [STAGE_LOGIN] = !test->driver->ends_at_tcp,
                                   [STAGE_QUERY] = !test->driver->ends_at_tcp};
    json_t *plan = json_array();
    for (int stage = 0; stage < STAGE_COUNT; stage++)
        if (has[stage])
            json_array_append_new(plan, json_string(stage_name((enum stage)stage)));
    probe_send(test->probe, "plan", plan);
}

/* What is known of the target before anything is tried. */
static void tell_target(struct test *test)
{
    const struct target *target = test->resolution.target;
    json_t *facts = json_object();
    if (target->endpoint_count && !target->host_in_aws &&
        (!target->host_in_secret || target->password)) {
        json_object_set_new(facts, "host", json_string(target->endpoints[0].host));
        if (target->endpoints[0].port)
            json_object_set_new(facts, "port", json_integer(target->endpoints[0].port));
    }
    if (target->database)
        json_object_set_new(facts, "database", json_string(target->database));
    if (target->user)
        json_object_set_new(facts, "user", json_string(target->user));
    probe_send(test->probe, "target", facts);
}

/* What lies in AWS; a test that needs nothing of it does not come near. */
static void fetch_from_aws(struct test *test)
{
    struct target *target = test->resolution.target;
    if (!target->needs_aws)
        return;
    const char *drivers = test->registry->folder;
    if (!aws_access_take(target, test->access, &test->error) ||
        (aws_access_is_needed(target) &&
         !aws_access_fetch(test->probe, target, drivers, &test->error)))
        end_failed(test->probe, STAGE_CREDENTIALS, &test->error, -1);
    tell_target(test);
}

static bool prepare_driver(struct test *test)
{
    if (!test->driver->prepare)
        return true;
    ahead_await(); /* it may set variables: nobody else reads them meanwhile */
    return test->driver->prepare(test->probe, test->resolution.target, &test->error);
}

static void fetch_credentials(struct test *test)
{
    struct target *target = test->resolution.target;
    probe_stage(test->probe, STAGE_CREDENTIALS);
    fetch_from_aws(test);
    if (target->password && !target->secret_id)
        probe_note(test->probe, "password_from", "%s", target->password_property);
    for (size_t i = 0; i < target->file_count; i++)
        if (!files_read(&target->files[i], test->probe->deadline, &test->error))
            end_failed(test->probe, STAGE_CREDENTIALS, &test->error, -1);
    if ((!target->tls.ca_pem &&
         !files_read_ca(&target->tls, test->probe->deadline, &test->error)) ||
        !prepare_driver(test))
        end_failed(test->probe, STAGE_CREDENTIALS, &test->error, -1);
}

/* The documented rules for the configured CA. */
static void check_certificate(struct test *test)
{
    const struct target *target = test->resolution.target;
    if (!target->tls.ca_pem)
        return;
    probe_stage(test->probe, STAGE_CERTIFICATE);
    if (!ca_rules_check(&target->tls, target->connection_type, test->probe, &test->error))
        end_failed(test->probe, STAGE_CERTIFICATE, &test->error, -1);
}

/* A driver that says "accepted" while something passed us by has proven nothing. */
static bool was_watched(struct test *test)
{
    if (net_observer_was_bypassed(test->probe))
        return error_set(&test->error, REASON_INTERNAL,
                         "the client library opened a TCP connection past the network observer");
    if (tls_observer_was_bypassed(test->probe))
        return error_set(&test->error, REASON_INTERNAL, "TLS came up without having been verified");
    return true;
}

/* Tokens that the service gave go into the secret, whatever else became of the test: a refresh
 * token that was exchanged for another is no longer good. */
static void keep_secret(struct test *test)
{
    struct probe *probe = test->probe;
    struct target *target = test->resolution.target;
    struct error err = ERROR_INIT;
    if (!target->write_back || !probe->kept_secret)
        return;
    if (!target->secret_id)
        probe_finding(probe, SEVERITY_WARNING, "secret-not-written", target->password_property,
                      "the new tokens were not kept: --write-back writes secrets of AWS Secrets "
                      "Manager, and this one stands in the definition");
    else if (aws_access_store(probe, target, test->registry->folder, probe->kept_secret, &err))
        probe_finding(probe, SEVERITY_NOTE, "secret-written", target->password_property,
                      "the new tokens were written to the secret \"%s\"", target->secret_id);
    else
        probe_finding(probe, SEVERITY_WARNING, "secret-not-written", target->password_property,
                      "the new tokens were not kept: %s: %s", reason_name(err.reason), err.message);
}

/* What asked for the TLS that the service has not, or kept from trying what it demands. */
static void blame_tls(const struct tls_policy *tls, struct error *err)
{
    if (!err->property[0] && tls->property &&
        ((err->reason == REASON_TLS_NOT_OFFERED && tls->require) ||
         (err->reason == REASON_TLS_REQUIRED && !tls->attempt)))
        error_property(err, tls->property);
}

static _Noreturn void run_driver(struct test *test)
{
    struct probe *probe = test->probe;
    const struct target *target = test->resolution.target;
    probe->deciding_attempt = -1;
    probe->host_property = target->host_property;
    bool accepted = test->driver->test(probe, target, &test->error);
    keep_secret(test);
    if (accepted && !was_watched(test))
        accepted = false;
    if (!accepted && test->error.reason == REASON_NONE)
        error_set(&test->error, REASON_INTERNAL, "the driver %s failed without a reason",
                  target->driver);
    if (!accepted) {
        blame_tls(&target->tls, &test->error);
        end_failed(probe, probe->stage, &test->error, probe->deciding_attempt);
    }
    if (probe->trace)
        net_observer_trace(probe);
    probe_verdict_ok(probe);
    _exit(0);
}

/* A password that Redshift makes is asked for at its own service first. */
static void log_in_to_aws(struct test *test)
{
    struct target *target = test->resolution.target;
    if (target->aws_login == AWS_LOGIN_REDSHIFT &&
        !aws_access_log_in(test->probe, target, test->registry->folder, &test->error))
        end_failed(test->probe, probe_current_stage(test->probe), &test->error, -1);
}

/* Which addresses may be connected to, where the front says so. */
static void heed_policy(const json_t *request)
{
    const char *policy = json_string_value(json_object_get(request, "policy"));
    if (policy)
        net_observer_heed(net_policy_from_text(policy));
}

static void read_files(struct test *test)
{
    if (files_replace(test->connection, test->probe->deadline, &test->error))
        return;
    probe_stage(test->probe, STAGE_CREDENTIALS);
    end_failed(test->probe, STAGE_CREDENTIALS, &test->error, -1);
}

void worker_warm_up_first(void)
{
    warms_up_first = true;
}

void worker_prepare(const char *module_path, const char *driver)
{
    char *folder = xstrndup(module_path, (size_t)(strrchr(module_path, '/') - module_path));
    prepared = registry_new_of(folder, driver);
    free(folder);
}

/* The front knows the driver already, unless only a file's content tells. */
static struct registry *read_registry(const json_t *request)
{
    const char *folder = json_string_value(json_object_get(request, "drivers"));
    const char *driver = json_string_value(json_object_get(request, "driver"));
    if (prepared && driver && text_equal(prepared->folder, folder) &&
        registry_find_name(prepared, driver))
        return prepared;
    return driver ? registry_new_of(folder, driver) : registry_new(folder);
}

static void take_proxies(struct target *target, const json_t *proxies)
{
    const char *proxy = json_string_value(json_object_get(proxies, "proxy"));
    const char *exceptions = json_string_value(json_object_get(proxies, "no_proxy"));
    target->proxy = proxy ? xstrdup(proxy) : NULL;
    target->proxy_exceptions = exceptions ? xstrdup(exceptions) : NULL;
}

/* What the kernel says of this process, and who lists it, says whose test it is. */
static void name_process(const json_t *request)
{
    const char *id = json_string_value(json_object_get(request, "request_id"));
    char name[16];
    if (!id)
        return;
    snprintf(name, sizeof name, "testconn:%.6s", id);
    prctl(PR_SET_NAME, name);
}

_Noreturn void worker_run(int fd, pid_t front, const struct driver *loaded)
{
    struct test test = {.driver = loaded, .error = ERROR_INIT};
    if (!confine(fd, front, &test.error))
        end_failed(probe_begin(fd, deadline_in_ms(WITHOUT_REQUEST_MS), false), STAGE_INPUT,
                   &test.error, -1);
    mallopt(M_ARENA_MAX, 1); /* one heap will do, and each further thread starts faster */
    if (warms_up_first) {
        tls_observer_install();
        tls_warm_up();
    }
    json_t *request = read_request(fd);
    if (!request)
        _exit(0);
    struct deadline deadline = {json_integer_value(json_object_get(request, "deadline_us"))};
    json_t *definition = json_incref(json_object_get(request, "definition"));
    bool strict = json_is_true(json_object_get(request, "strict"));
    test.probe = probe_begin(fd, deadline, json_is_true(json_object_get(request, "trace")));
    if (agent_job_run(test.probe, request))
        _exit(0);
    name_process(request);
    test.access = json_object_get(request, "aws");
    test.connection =
        connection_new(definition, read_form(json_string_value(json_object_get(request, "form"))));
    test.registry = read_registry(request);
    resolution_init(&test.resolution);
    heed_policy(request);
    net_observer_start(test.probe);
    tls_observer_start(test.probe);
    probe_stage(test.probe, STAGE_INPUT);
    read_files(&test);
    understand(&test, strict);
    secrecy_begin(test.resolution.target);
    name_hosts(&test);
    test.resolution.target->write_back = json_is_true(json_object_get(request, "write_back"));
    take_proxies(test.resolution.target, json_object_get(request, "proxies"));
    tell_plan(&test);
    tell_target(&test);
    fetch_credentials(&test);
    ahead_await();
    check_certificate(&test);
    log_in_to_aws(&test);
    run_driver(&test);
}
