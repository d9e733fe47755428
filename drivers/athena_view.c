/* SPDX-License-Identifier: Apache-2.0 */
/* athena_view.c - VIEW_VALIDATION_ATHENA: the workgroup is there and enabled, and SELECT 1 runs in
 * it. */
#include <string.h>

#include "aws_view.h"

#define WORKGROUP "ConnectionProperties.WORKGROUP_NAME"

static const char *workgroup_of(const struct view *view)
{
    return target_parameter(view->target, "workgroup");
}

/* An answer without a workgroup is one about no workgroup. */
static bool look_at(struct view *view, const json_t *answer, struct error *err)
{
    const json_t *workgroup = json_object_get(answer, "WorkGroup");
    const json_t *configuration = json_object_get(workgroup, "Configuration");
    const json_t *engine = json_object_get(configuration, "EngineVersion");
    const char *state = view_text(workgroup, "State");
    const char *location =
        view_text(json_object_get(configuration, "ResultConfiguration"), "OutputLocation");
    probe_server(view->probe, "Amazon Athena", view_text(engine, "EffectiveEngineVersion"));
    if (location)
        probe_note(view->probe, "output_location", "%s", location);
    if (json_object_size(workgroup) == 0) {
        error_set(err, REASON_DATABASE_MISSING, "Athena in %s knows no workgroup \"%s\"",
                  aws_region(view->aws), workgroup_of(view));
        return error_property(err, WORKGROUP);
    }
    if (state)
        probe_note(view->probe, "workgroup_state", "%s", state);
    if (!state || strcmp(state, "DISABLED") != 0)
        return true;
    error_set(err, REASON_LOGIN_NOT_ALLOWED,
              "the workgroup \"%s\" of Athena is DISABLED: no query runs in it",
              workgroup_of(view));
    error_remedy(err, "enable the workgroup");
    return error_property(err, WORKGROUP);
}

static bool find_workgroup(struct view *view, struct error *err)
{
    json_t *answer =
        view_json(view, AWS_ATHENA, "GetWorkGroup",
                  json_pack("{s:s}", "WorkGroup", workgroup_of(view)), STAGE_LOGIN, err);
    bool found = answer && look_at(view, answer, err);
    json_decref(answer);
    return found;
}

static json_t *start(struct view *view, struct error *err)
{
    char token[33];
    view_token(token);
    json_t *body = json_pack("{s:s, s:s, s:s}", "QueryString", "SELECT 1", "WorkGroup",
                             workgroup_of(view), "ClientRequestToken", token);
    if (view->target->database)
        json_object_set_new(body, "QueryExecutionContext",
                            json_pack("{s:s}", "Database", view->target->database));
    return view_json(view, AWS_ATHENA, "StartQueryExecution", body, STAGE_QUERY, err);
}

static bool tell_failure(struct view *view, const json_t *status, const char *state,
                         struct error *err)
{
    const json_t *error = json_object_get(status, "AthenaError");
    const char *words = view_text(status, "StateChangeReason");
    if (!words)
        words = view_text(error, "ErrorMessage");
    bool denied = words && (strstr(words, "AccessDenied") || strstr(words, "Access denied") ||
                            strstr(words, "Insufficient permissions"));
    bool missing =
        words && (strstr(words, "SCHEMA_NOT_FOUND") || strstr(words, "DATABASE_NOT_FOUND"));
    error_set(err,
              denied    ? REASON_PERMISSION_DENIED
              : missing ? REASON_DATABASE_MISSING
                        : REASON_QUERY_FAILED,
              "SELECT 1 in the workgroup \"%s\" of Athena ended as %s: %s%s%s", workgroup_of(view),
              state, words ? "\"" : "", words ? words : "Athena gives no reason",
              words ? "\"" : "");
    return error_property(err, missing ? view->target->database_property : WORKGROUP);
}

/* Ask until the query is done. */
static bool await_end(struct view *view, const char *id, struct error *err)
{
    for (int number = 0;; number++) {
        json_t *answer = view_json(view, AWS_ATHENA, "GetQueryExecution",
                                   json_pack("{s:s}", "QueryExecutionId", id), STAGE_QUERY, err);
        const json_t *status = json_object_get(json_object_get(answer, "QueryExecution"), "Status");
        const char *state = view_text(status, "State");
        bool done = state && strcmp(state, "SUCCEEDED") == 0;
        bool failed = state && (strcmp(state, "FAILED") == 0 || strcmp(state, "CANCELLED") == 0);
        if (failed)
            tell_failure(view, status, state, err);
        bool waiting = answer && !done && !failed &&
                       view_pause(view, number, "SELECT 1", state ? state : "not told", err);
        json_decref(answer);
        if (!waiting)
            return done;
    }
}

static bool ask(struct view *view, struct error *err)
{
    json_t *started = start(view, err);
    const char *id = view_text(started, "QueryExecutionId");
    bool answered = false;
    if (id) {
        probe_note(view->probe, "query_execution_id", "%s", id);
        answered = await_end(view, id, err);
    } else if (started) {
        error_set(err, REASON_PROTOCOL_ERROR,
                  "Athena started SELECT 1 in the workgroup \"%s\" without an id of it",
                  workgroup_of(view));
    }
    json_decref(started);
    return answered;
}

static bool athena_test(struct probe *probe, const struct target *target, struct error *err)
{
    struct view view = {.probe = probe, .target = target};
    bool accepted = view_begin(&view, "workgroup", WORKGROUP, err) &&
                    view_attempt(&view, AWS_ATHENA, err) && find_workgroup(&view, err) &&
                    ask(&view, err);
    view_end(&view);
    return accepted;
}

TESTCONN_DRIVER_MODULE = {
    .abi = TESTCONN_DRIVER_ABI,
    .name = "athena_view",
    .summary = "view validation by Amazon Athena",
    .types = (const char *const[]){"VIEW_VALIDATION_ATHENA", NULL},
    .libraries = (const struct library[]){{"libcurl.so.4", "libcurl4"}, {NULL, NULL}},
    .preload = https_preload,
    .test = athena_test,
};
