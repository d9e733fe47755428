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

/* Begin the attempt at the service, and make CALL. */
static bool ask(struct aws *aws, struct probe *probe, struct target *target, struct aws_call *call,
                struct error *err)
{
    struct aws_answer answer = AWS_ANSWER_INIT;
    bool taken = aws_attempt(aws, call->service, call, err) && aws_send(aws, call, &answer, err);
    if (taken && !answer.ok)
        taken = aws_explain_test(aws, call, &answer, err);
    else if (taken)
        taken = call->service == AWS_REDSHIFT ? take_xml(probe, target, call, &answer, err)
                                              : take_json(probe, target, call, &answer, err);
    aws_answer_release(&answer);
    return taken;
}

/* A cluster gives credentials for a user, or for the identity that asks. */
static bool ask_cluster(struct aws *aws, struct probe *probe, struct target *target,
                        struct error *err)
{
    const char *cluster = target_parameter(target, "cluster");
    const char *create = target->user ? target_parameter(target, "auto_create") : NULL;
    const char *group = target->user ? target_parameter(target, "db_groups") : NULL;
    const char *pairs[] = {"ClusterIdentifier",
                           cluster,
                           "DbName",
                           target->database,
                           "DbUser",
                           target->user,
                           "AutoCreate",
                           create,
                           "DbGroups.DbGroup.1",
                           group,
                           NULL};
    char *query = aws_query(pairs);
    char *what = text_format("the cluster \"%s\"", cluster);
    struct aws_call call = {.service = AWS_REDSHIFT,
                            .operation = target->user ? "GetClusterCredentials"
                                                      : "GetClusterCredentialsWithIAM",
                            .body = query,
                            .what = what,
                            .property = target->host_property,
                            .is_test = true,
                            .stage = STAGE_LOGIN};
    bool taken = ask(aws, probe, target, &call, err);
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
    struct aws_call call = {.service = AWS_REDSHIFT_SERVERLESS,
                            .operation = "GetCredentials",
                            .body = text,
                            .what = what,
                            .property = target->host_property,
                            .is_test = true,
                            .stage = STAGE_LOGIN};
    bool taken = ask(aws, probe, target, &call, err);
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
