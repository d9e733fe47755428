/* SPDX-License-Identifier: Apache-2.0 */
/* aws_database.c - passwords of databases that IAM makes: RDS by a signed token, Redshift by its
 * service. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws_module.h"
#include "sigv4.h"
#include "text.h"

enum { TOKEN_S = 900 };

static const char *identity_text(const struct aws *aws, const char *key)
{
    return json_string_value(json_object_get(aws_identity(aws), key));
}

bool aws_make_token(struct aws *aws, struct probe *probe, struct target *target, struct error *err)
{
    const struct endpoint *endpoint = &target->endpoints[0];
    const char *pairs[] = {"Action", "connect", "DBUser", target->user, NULL};
    char hash[SIGV4_HASH_SIZE];
    if (!aws_region(aws)) {
        error_set(
            err, REASON_INVALID_INPUT,
            "no AWS region is known for the IAM login to %s: neither its name, nor REGION, nor "
            "AWS_REGION tells it",
            endpoint->host);
        return error_property(err, "ConnectionProperties.REGION");
    }
    struct sigv4_key key = {identity_text(aws, "access_key"), identity_text(aws, "secret_key"),
                            identity_text(aws, "session_token"), aws_region(aws), "rds-db"};
    char *query = aws_query(pairs);
    char *host = text_format("%s:%u", endpoint->host, endpoint->port);
    struct sigv4_header header = {"host", host};
    struct sigv4_request request = {.method = "GET",
                                    .path = "/",
                                    .query = query + 1,
                                    .headers = &header,
                                    .header_count = 1,
                                    .payload_hash = hash};
    sigv4_hash(hash, "", 0);
    char *signed_query = sigv4_presign(&request, &key, TOKEN_S, time(NULL));
    target->password = text_format("%s/?%s", host, signed_query);
    probe_note(probe, "password_from", "an IAM token for %s, signed by %s", target->user,
               aws_from(aws));
    text_wipe_free(signed_query);
    free(query);
    free(host);
    return true;
}

/* What Redshift gave: user and password of the database. */
static bool take(struct probe *probe, struct target *target, const char *user, const char *password,
                 const char *from)
{
    if (!user || !password || !*user || !*password)
        return false;
    free(target->user);
    target->user = xstrdup(user);
    text_wipe_free(target->password);
    target->password = xstrdup(password);
    probe_note(probe, "user", "%s", user);
    probe_note(probe, "password_from", "%s of Redshift", from);
    return true;
}

static bool take_xml(struct probe *probe, struct target *target, const struct aws_call *call,
                     const struct aws_answer *answer, struct error *err)
{
    char *user = aws_xml_text(answer->http.body, answer->http.body_length, "DbUser");
    char *password = aws_xml_text(answer->http.body, answer->http.body_length, "DbPassword");
    bool taken = take(probe, target, user, password, call->operation);
    free(user);
    text_wipe_free(password);
    return taken || aws_tell_foreign(call, answer, err);
}

static bool take_json(struct probe *probe, struct target *target, const struct aws_call *call,
                      const struct aws_answer *answer, struct error *err)
{
    json_t *document = json_loadb(answer->http.body, answer->http.body_length, 0, NULL);
    bool taken = take(probe, target, json_string_value(json_object_get(document, "dbUser")),
                      json_string_value(json_object_get(document, "dbPassword")), call->operation);
    aws_json_free(document);
    return taken || aws_tell_foreign(call, answer, err);
}

/* Make CALL, whose attempt has begun. */
static bool ask(struct aws *aws, struct probe *probe, struct target *target, struct aws_call *call,
                struct error *err)
{
    struct aws_answer answer = AWS_ANSWER_INIT;
    bool taken = aws_send(aws, call, &answer, err);
    if (taken && !answer.ok)
        taken = aws_explain_test(aws, call, &answer, err);
    else if (taken)
        taken = call->service == AWS_REDSHIFT ? take_xml(probe, target, call, &answer, err)
                                              : take_json(probe, target, call, &answer, err);
    aws_answer_release(&answer);
    return taken;
}

/* A call that is part of the login, about WHAT. */
static struct aws_call make_call(const struct target *target, enum aws_service service,
                                 const char *operation, const char *body, const char *what)
{
    return (struct aws_call){.service = service,
                             .operation = operation,
                             .body = body,
                             .what = what,
                             .property = target->host_property,
                             .is_test = true,
                             .stage = STAGE_LOGIN};
}

/* Where the cluster is, as the service says. */
static bool take_place(struct probe *probe, struct target *target,
                       const struct aws_cluster *cluster, const char *what, struct error *err)
{
    struct endpoint *endpoint = &target->endpoints[0];
    if (cluster->address && cluster->port && aws_is_host(cluster->address)) {
        free(endpoint->host);
        endpoint->host = xstrdup(cluster->address);
        endpoint->port = (uint16_t)cluster->port;
        target->host_in_aws = false;
        probe_note(probe, "endpoint", "%s:%u", endpoint->host, endpoint->port);
        return true;
    }
    error_set(err, cluster->address ? REASON_PROTOCOL_ERROR : REASON_SERVER_STARTING,
              "%s has no endpoint that can be connected to: Redshift tells %s%s%s, status \"%s\"",
              what, cluster->address ? "the address \"" : "none",
              cluster->address ? cluster->address : "", cluster->address ? "\"" : "",
              cluster->status);
    return error_property(err, target->host_property);
}

/* The host and port of a cluster that the definition only names. */
static bool find_cluster(struct aws *aws, struct probe *probe, struct target *target,
                         const char *what, struct error *err)
{
    struct aws_cluster cluster = AWS_CLUSTER_INIT;
    struct aws_call call = make_call(target, AWS_REDSHIFT, "DescribeClusters", NULL, what);
    bool found =
        aws_cluster_describe(aws, &call, target_parameter(target, "cluster"), &cluster, err);
    if (!found && err->reason == REASON_PERMISSION_DENIED)
        error_remedy(err, "allow redshift:DescribeClusters, or write the cluster's HOST:PORT into "
                          "the URL");
    found = found && aws_cluster_judge(cluster.status, what, target->host_property, err) &&
            take_place(probe, target, &cluster, what, err);
    aws_cluster_release(&cluster);
    return found;
}

/* The members of the query for a user's credentials; for the caller's own fewer are known. */
static char *make_query(const struct target *target)
{
    const char *groups = target->user ? target_parameter(target, "db_groups") : NULL;
    const char *pairs[] = {"ClusterIdentifier",
                           target_parameter(target, "cluster"),
                           "DbName",
                           target->database,
                           "DbUser",
                           target->user,
                           "AutoCreate",
                           target->user ? target_parameter(target, "auto_create") : NULL,
                           NULL};
    struct text_buffer query = TEXT_BUFFER_INIT;
    char *first = aws_query(pairs);
    text_append(&query, first);
    free(first);
    for (unsigned number = 1; groups && *groups; number++) {
        size_t length = strcspn(groups, ",");
        char *name = text_format("DbGroups.DbGroup.%u", number);
        char *group = xstrndup(groups, length);
        char *member = aws_query((const char *[]){name, group, NULL});
        text_append(&query, member);
        free(member);
        free(group);
        free(name);
        groups += length + (groups[length] == ',');
    }
    return text_take(&query);
}

/* A cluster gives credentials for a user, or for the identity that asks. */
static bool ask_cluster(struct aws *aws, struct probe *probe, struct target *target,
                        struct error *err)
{
    char *query = make_query(target);
    char *what = text_format("the cluster \"%s\"", target_parameter(target, "cluster"));
    struct aws_call call = make_call(
        target, AWS_REDSHIFT,
        target->user ? "GetClusterCredentials" : "GetClusterCredentialsWithIAM", query, what);
    bool taken = aws_attempt(aws, AWS_REDSHIFT, &call, err) &&
                 (!target->host_in_aws || find_cluster(aws, probe, target, what, err)) &&
                 ask(aws, probe, target, &call, err);
    free(query);
    free(what);
    return taken;
}

static bool ask_workgroup(struct aws *aws, struct probe *probe, struct target *target,
                          struct error *err)
{
    const char *workgroup = target_parameter(target, "workgroup");
    json_t *body = json_pack("{s:s}", "workgroupName", workgroup);
    if (target->database)
        json_object_set_new(body, "dbName", json_string(target->database));
    char *text = json_dumps(body, JSON_COMPACT);
    char *what = text_format("the workgroup \"%s\"", workgroup);
    struct aws_call call = make_call(target, AWS_REDSHIFT_SERVERLESS, "GetCredentials", text, what);
    bool taken = aws_attempt(aws, call.service, &call, err) && ask(aws, probe, target, &call, err);
    json_decref(body);
    free(text);
    free(what);
    return taken;
}

bool aws_log_in(struct probe *probe, struct target *target, struct error *err)
{
    struct aws *aws = aws_new(probe, target->aws.document, err);
    bool taken =
        aws && (target_parameter(target, "workgroup") ? ask_workgroup(aws, probe, target, err)
                                                      : ask_cluster(aws, probe, target, err));
    aws_free(aws);
    return taken;
}
