/* SPDX-License-Identifier: Apache-2.0 */
/* redshift_view.c - VIEW_VALIDATION_REDSHIFT: cluster or workgroup there and available, and
 * SELECT 1 by the Data API. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_cluster.h"
#include "aws_view.h"

#define CLUSTER "ConnectionProperties.CLUSTER_IDENTIFIER"
#define WORKGROUP "ConnectionProperties.WORKGROUP_NAME"

static const char *cluster_of(const struct view *view)
{
    return target_parameter(view->target, "cluster");
}

static const char *workgroup_of(const struct view *view)
{
    return target_parameter(view->target, "workgroup");
}

static bool judge_status(struct view *view, const char *status, struct error *err)
{
    if (status)
        probe_note(view->probe, "status", "%s", status);
    return aws_cluster_judge(status, view->what, view->property, err);
}

/* That it may not be described does not say that it may not be queried. */
static bool pass_over_denial(struct view *view, struct error *err)
{
    if (err->reason != REASON_PERMISSION_DENIED)
        return false;
    probe_finding(view->probe, SEVERITY_WARNING, "describe-denied", view->property,
                  "whether it is available cannot be seen: %s", err->message);
    *err = ERROR_INIT;
    return true;
}

static bool describe_cluster(struct view *view, struct error *err)
{
    struct aws_cluster cluster = AWS_CLUSTER_INIT;
    struct aws_call call = view_call(view, AWS_REDSHIFT, "DescribeClusters", NULL, STAGE_LOGIN);
    bool described = aws_cluster_describe(view->aws, &call, cluster_of(view), &cluster, err);
    if (described) {
        probe_server(view->probe, "Amazon Redshift", cluster.version);
        if (cluster.address)
            probe_note(view->probe, "endpoint", "%s", cluster.address);
    }
    bool found = described ? judge_status(view, cluster.status, err) : pass_over_denial(view, err);
    aws_cluster_release(&cluster);
    return found;
}

static bool describe_workgroup(struct view *view, struct error *err)
{
    json_t *answer =
        view_json(view, AWS_REDSHIFT_SERVERLESS, "GetWorkgroup",
                  json_pack("{s:s}", "workgroupName", workgroup_of(view)), STAGE_LOGIN, err);
    if (!answer)
        return pass_over_denial(view, err);
    const json_t *workgroup = json_object_get(answer, "workgroup");
    const char *address = view_text(json_object_get(workgroup, "endpoint"), "address");
    probe_server(view->probe, "Amazon Redshift Serverless",
                 view_text(workgroup, "workgroupVersion"));
    if (address)
        probe_note(view->probe, "endpoint", "%s", address);
    bool found = judge_status(view, view_text(workgroup, "status"), err);
    json_decref(answer);
    return found;
}

static json_t *start(struct view *view, struct error *err)
{
    char token[33];
    view_token(token);
    json_t *body = json_pack("{s:s, s:s, s:s}", "Sql", "SELECT 1", "Database",
                             view->target->database, "ClientToken", token);
    if (cluster_of(view))
        json_object_set_new(body, "ClusterIdentifier", json_string(cluster_of(view)));
    else
        json_object_set_new(body, "WorkgroupName", json_string(workgroup_of(view)));
    return view_json(view, AWS_REDSHIFT_DATA, "ExecuteStatement", body, STAGE_LOGIN, err);
}

/* The Data API tells what the database said in its words alone. */
static bool tell_failure(struct view *view, const json_t *answer, const char *status,
                         struct error *err)
{
    const char *words = view_text(answer, "Error");
    bool missing = words && strstr(words, "database \"") && strstr(words, "does not exist");
    bool denied = words && strstr(words, "permission denied");
    error_set(err,
              missing  ? REASON_DATABASE_MISSING
              : denied ? REASON_PERMISSION_DENIED
                       : REASON_QUERY_FAILED,
              "SELECT 1 in the database \"%s\" of %s ended as %s: %s%s%s", view->target->database,
              view->what, status, words ? "\"" : "", words ? words : "Redshift gives no reason",
              words ? "\"" : "");
    return error_property(err, missing ? view->target->database_property : view->property);
}

/* Ask until the statement is done. */
static bool await_end(struct view *view, const char *id, struct error *err)
{
    for (int number = 0;; number++) {
        json_t *answer = view_json(view, AWS_REDSHIFT_DATA, "DescribeStatement",
                                   json_pack("{s:s}", "Id", id), STAGE_QUERY, err);
        const char *status = view_text(answer, "Status");
        bool done = status && strcmp(status, "FINISHED") == 0;
        bool failed = status && (strcmp(status, "FAILED") == 0 || strcmp(status, "ABORTED") == 0);
        if (failed)
            tell_failure(view, answer, status, err);
        bool waiting = answer && !done && !failed &&
                       view_pause(view, number, "SELECT 1", status ? status : "not told", err);
        json_decref(answer);
        if (!waiting)
            return done;
    }
}

static bool ask(struct view *view, struct error *err)
{
    json_t *started = start(view, err);
    const char *id = view_text(started, "Id");
    bool answered = false;
    if (id) {
        probe_stage(view->probe, STAGE_QUERY);
        probe_note(view->probe, "statement_id", "%s", id);
        answered = await_end(view, id, err);
    } else if (started) {
        error_set(err, REASON_PROTOCOL_ERROR, "the Redshift Data API took SELECT 1 without an id");
    }
    json_decref(started);
    return answered;
}

/* Where the same place answers for both services, nothing begins anew. */
static bool go_on_to_data(struct view *view, enum aws_service described, struct error *err)
{
    return aws_is_same_place(view->aws, described, AWS_REDSHIFT_DATA) ||
           view_attempt(view, AWS_REDSHIFT_DATA, err);
}

static bool redshift_test(struct probe *probe, const struct target *target, struct error *err)
{
    struct view view = {.probe = probe, .target = target};
    bool cluster = cluster_of(&view) != NULL;
    enum aws_service service = cluster ? AWS_REDSHIFT : AWS_REDSHIFT_SERVERLESS;
    bool accepted =
        view_begin(&view, cluster ? "cluster" : "workgroup", cluster ? CLUSTER : WORKGROUP, err) &&
        view_attempt(&view, service, err) &&
        (cluster ? describe_cluster(&view, err) : describe_workgroup(&view, err)) &&
        go_on_to_data(&view, service, err) && ask(&view, err);
    view_end(&view);
    return accepted;
}

TESTCONN_DRIVER_MODULE = {
    .abi = TESTCONN_DRIVER_ABI,
    .name = "redshift_view",
    .summary = "view validation by Amazon Redshift",
    .types = (const char *const[]){"VIEW_VALIDATION_REDSHIFT", NULL},
    .libraries = (const struct library[]){{"libcurl.so.4", "libcurl4"}, {NULL, NULL}},
    .preload = https_preload,
    .test = redshift_test,
};
