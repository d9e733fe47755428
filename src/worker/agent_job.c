/* SPDX-License-Identifier: Apache-2.0 */
/* agent_job.c - planning and getting the agent's own AWS identity. */
#include "agent_job.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws_access.h"
#include "aws_chain.h"
#include "fd.h"
#include "net_observer.h"
#include "probe_state.h"
#include "text.h"
#include "tls_observer.h"

enum { FILE_MAXIMUM = 1 << 20 }; /* bytes of a configuration file */

/* The path in the variable NAME, else FALLBACK under HOME. The caller frees it. */
static char *find_path(const json_t *environment, const char *name, const char *fallback)
{
    const char *path = json_string_value(json_object_get(environment, name));
    const char *home = json_string_value(json_object_get(environment, "HOME"));
    if (path && *path && !text_starts(path, "~/"))
        return xstrdup(path);
    if (path && *path)
        fallback = path + 2;
    return text_format("%s/%s", home ? home : "", fallback);
}

/* A file that is not there says nothing; why one that is there cannot be read, or understood, goes
 * to UNREAD. */
static void read_file(struct shared_config *shared, enum shared_file which, const char *path,
                      struct deadline deadline, struct text_buffer *unread)
{
    struct error err = ERROR_INIT;
    size_t length = 0;
    char *text = fd_read_file(path, FILE_MAXIMUM, deadline, &length, &err);
    if (!text) {
        if (access(path, F_OK) == 0)
            text_append_format(unread, " (%s)", err.message);
        return;
    }
    shared_config_add(shared, which, text, length);
    text_wipe(text, length);
    free(text);
    if (shared_config_fault(shared, which))
        text_append_format(unread, " (%s is not understood: %s)", path,
                           shared_config_fault(shared, which));
}

/* What the chain tried before it asks the host goes with its failure. */
static void tell_unread(json_t *found, const char *unread)
{
    json_t *source = json_object_get(found, "source");
    const char *tried = json_string_value(json_object_get(source, "tried"));
    if (!tried || !*unread)
        return;
    char *text = text_format("%s%s", tried, unread);
    json_object_set_new(source, "tried", json_string(text));
    free(text);
}

static void plan(struct probe *probe, const json_t *environment, struct error *err)
{
    struct shared_config *shared = shared_config_new();
    struct text_buffer unread = TEXT_BUFFER_INIT;
    char *config_path = find_path(environment, "AWS_CONFIG_FILE", ".aws/config");
    char *credentials_path =
        find_path(environment, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
    struct operator_config config = {environment, shared, config_path, credentials_path};
    text_append(&unread, "");
    read_file(shared, SHARED_FILE_CONFIG, config_path, deadline_share(probe->deadline, 3), &unread);
    read_file(shared, SHARED_FILE_CREDENTIALS, credentials_path, deadline_share(probe->deadline, 3),
              &unread);
    json_t *found = aws_chain(&config);
    const char *error = json_string_value(json_object_get(found, "error"));
    tell_unread(found, unread.data);
    if (error) {
        error_set(err, REASON_AWS_CREDENTIALS_MISSING, "no AWS credentials: %s%s", error,
                  unread.data);
        if (unread.length)
            error_remedy(err, "correct the file that cannot be used, or give credentials in "
                              "another of these places");
        json_decref(found);
    } else {
        json_object_set_new(found, "settings", aws_settings(&config));
        probe_send(probe, "plan", found);
    }
    shared_config_free(shared);
    text_buffer_release(&unread);
    free(config_path);
    free(credentials_path);
}

/* The module that speaks to AWS, with both observers on; NULL with ERR set. */
static const struct secrets *load_module(struct probe *probe, const json_t *request,
                                         struct error *err)
{
    const char *drivers = json_string_value(json_object_get(request, "drivers"));
    const struct secrets *secrets = aws_module_load(drivers ? drivers : "", err);
    if (secrets) {
        net_observer_start(probe);
        tls_observer_start(probe);
    }
    return secrets;
}

static void identify(struct probe *probe, const json_t *request, const json_t *job,
                     struct error *err)
{
    const struct secrets *secrets = load_module(probe, request, err);
    if (!secrets)
        return;
    char *text = json_dumps(job, JSON_COMPACT);
    char *identity = secrets->identify(probe, text, err);
    if (identity)
        probe_send(probe, "identity", json_loads(identity, 0, NULL));
    text_wipe_free(identity);
    text_wipe_free(text);
}

static void encrypt(struct probe *probe, const json_t *request, struct error *err)
{
    const json_t *job = json_object_get(request, "encrypt");
    const char *key = json_string_value(json_object_get(job, "key"));
    const struct secrets *secrets = load_module(probe, request, err);
    if (!secrets)
        return;
    char *access = json_dumps(json_object_get(request, "aws"), JSON_COMPACT);
    char *values = json_dumps(json_object_get(job, "values"), JSON_COMPACT);
    char *encrypted = secrets->encrypt(probe, access, key ? key : "", values, err);
    if (encrypted)
        probe_send(probe, "encrypted", json_loads(encrypted, 0, NULL));
    free(encrypted);
    text_wipe_free(access);
    text_wipe_free(values);
}

static void ask_glue(struct probe *probe, const json_t *request, struct error *err)
{
    const struct secrets *secrets = load_module(probe, request, err);
    if (!secrets)
        return;
    char *access = json_dumps(json_object_get(request, "aws"), JSON_COMPACT);
    char *question = json_dumps(json_object_get(request, "glue"), JSON_COMPACT);
    char *answer = secrets->ask_glue(probe, access, question, err);
    if (answer)
        probe_send(probe, "glue", json_loads(answer, 0, NULL));
    text_wipe_free(answer);
    text_wipe_free(access);
    free(question);
}

bool agent_job_run(struct probe *probe, const json_t *request)
{
    const json_t *planning = json_object_get(request, "plan");
    const json_t *job = json_object_get(request, "identify");
    struct error err = ERROR_INIT;
    if (!planning && !job && !json_object_get(request, "encrypt") &&
        !json_object_get(request, "glue"))
        return false;
    probe_stage(probe, STAGE_CREDENTIALS);
    if (!planning)
        tls_observer_install();
    if (planning)
        plan(probe, json_object_get(planning, "environment"), &err);
    else if (job)
        identify(probe, request, job, &err);
    else if (json_object_get(request, "glue"))
        ask_glue(probe, request, &err);
    else
        encrypt(probe, request, &err);
    if (err.reason == REASON_NONE)
        probe_verdict_ok(probe);
    else
        probe_verdict_failed(probe, &err, -1);
    return true;
}
