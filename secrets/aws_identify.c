/* SPDX-License-Identifier: Apache-2.0 */
/* aws_identify.c - temporary credentials: web identity, container, metadata service, roles. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_chain.h"
#include "aws_module.h"
#include "fd.h"
#include "sigv4.h"
#include "text.h"

enum {
    OK = 200,
    UNAUTHORIZED = 401,
    FORBIDDEN = 403,
    NOT_FOUND = 404,
    NOT_ALLOWED = 405,
    TOKEN_MAXIMUM = 64 << 10, /* bytes */
    CONTAINER_MS = 2000,
    CONTAINER_TRIES = 3,
    LOCAL_MAXIMUM = 64 << 10 /* bytes of an answer */
};

/* An identity being got. */
struct job {
    struct probe *probe;
    struct aws *aws;
    const json_t *source;
    struct error *err;
};

static const char *text_of(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value && *value ? value : NULL;
}

static const char *of_source(const struct job *job, const char *key)
{
    const char *value = text_of(job->source, key);
    return value ? value : "";
}

/* What the file at PATH holds, without blanks and line breaks at its end. */
static char *read_token(struct job *job, const char *path, const char *what)
{
    size_t length = 0;
    char *token = fd_read_file(path, TOKEN_MAXIMUM, probe_deadline(job->probe), &length, job->err);
    if (!token) {
        char *why = xstrdup(job->err->message);
        error_set(job->err, REASON_FILE_UNREADABLE, "%s: %s", what, why);
        free(why);
        return NULL;
    }
    length = strlen(token);
    while (length > 0 && strchr(" \t\r\n", token[length - 1]))
        token[--length] = '\0';
    if (length)
        return token;
    error_set(job->err, REASON_FILE_UNREADABLE, "%s: %s is empty", what, path);
    free(token);
    return NULL;
}

static bool use_keys(struct job *job)
{
    if (!text_of(job->source, "access_key") || !text_of(job->source, "secret_key"))
        return error_set(job->err, REASON_AWS_CREDENTIALS_MISSING,
                         "%s has no AWS access key and secret key that are UTF-8 text",
                         of_source(job, "from"));
    json_t *identity = json_deep_copy(job->source);
    aws_set_identity(job->aws, identity);
    json_decref(identity);
    return true;
}

static char *web_identity_query(const struct job *job, const char *token)
{
    const char *session = text_of(job->source, "session_name");
    const char *pairs[] = {"RoleArn",
                           of_source(job, "role_arn"),
                           "RoleSessionName",
                           session ? session : "testconn",
                           "WebIdentityToken",
                           token,
                           NULL};
    return aws_query(pairs);
}

static bool use_web_identity(struct job *job)
{
    static const struct aws_reasons reasons = {REASON_SECRET_DENIED, REASON_SECRET_DENIED,
                                               REASON_SECRET_DENIED};
    struct aws_answer answer = AWS_ANSWER_INIT;
    char *token = read_token(job, of_source(job, "token_file"), "the web identity token");
    if (!token)
        return false;
    char *query = web_identity_query(job, token);
    char *what = text_format("the role %s by web identity", of_source(job, "role_arn"));
    struct aws_call call = {.service = AWS_STS,
                            .operation = "AssumeRoleWithWebIdentity",
                            .body = query,
                            .what = what,
                            .anonymous = true};
    bool taken = aws_send(job->aws, &call, &answer, job->err);
    if (taken && !answer.ok)
        taken = aws_explain(job->aws, &call, &answer, &reasons, job->err);
    else if (taken && !aws_take_credentials(job->aws, &answer, what))
        taken = error_set(job->err, REASON_WRONG_PROTOCOL,
                          "%s: what answers at %s is not STS: no credentials in its answer", what,
                          answer.where);
    aws_answer_release(&answer);
    text_wipe_free(query);
    text_wipe_free(token);
    free(what);
    return taken;
}

/* What a refusal says: Message and Code, or message and code; "" for neither. */
static char *words_of(const json_t *document)
{
    const char *message = text_of(document, "Message");
    const char *code = text_of(document, "Code");
    if (!message)
        message = text_of(document, "message");
    if (!code)
        code = text_of(document, "code");
    if (!message && !code)
        return xstrdup("");
    return text_format("%s%s%s%s%s", message ? "\"" : "", message ? message : "",
                       message ? "\"" : "", message && code ? " " : "", code ? code : "");
}

/* {AccessKeyId, SecretAccessKey, Token, Expiration} as the identity. */
static bool take_document(struct job *job, const struct https_response *response, const char *from)
{
    json_t *document = json_loadb(response->body, response->body_length, 0, NULL);
    const char *expiration = text_of(document, "Expiration");
    const char *token = text_of(document, "Token");
    const char *access_key = text_of(document, "AccessKeyId");
    const char *secret_key = text_of(document, "SecretAccessKey");
    bool taken = access_key && secret_key;
    if (taken) {
        json_t *identity = json_pack("{s:s, s:s, s:s}", "access_key", access_key, "secret_key",
                                     secret_key, "from", from);
        if (token)
            json_object_set_new(identity, "session_token", json_string(token));
        if (expiration && aws_time(expiration) > 0)
            json_object_set_new(identity, "expires", json_integer(aws_time(expiration)));
        aws_set_identity(job->aws, identity);
        json_decref(identity);
    } else {
        char *words = words_of(document);
        error_set(job->err, REASON_AWS_CREDENTIALS_MISSING,
                  "%s gives no credentials: %s (HTTP status %d)", from,
                  *words ? words : "its answer holds none", response->status);
        free(words);
    }
    aws_json_free(document);
    return taken;
}

/* http is for addresses that do not leave the machine. */
static bool is_local_or_tls(const char *url)
{
    static const char *const hosts[] = {"localhost",     "127.",           "[::1]",
                                        "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
    if (text_starts_nocase(url, "https://"))
        return true;
    if (!text_starts_nocase(url, "http://"))
        return false;
    const char *host = url + strlen("http://");
    size_t length = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
    if (memchr(host, '@', strcspn(host, "/?#")))
        return false;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        size_t size = strlen(hosts[i]);
        bool whole = hosts[i][size - 1] != '.';
        if (strncasecmp(host, hosts[i], size) == 0 &&
            (whole ? length == size : strspn(host, "0123456789.") == length))
            return true;
    }
    return false;
}

/* The value of the Authorization header for the container's credentials; NULL with ERR set, ""
 * for none. */
static char *container_authorization(struct job *job)
{
    const char *path = text_of(job->source, "authorization_file");
    char *token = path ? read_token(job, path, "the container's authorization token")
                       : xstrdup(of_source(job, "authorization"));
    if (token && strpbrk(token, "\r\n")) {
        error_set(job->err, REASON_AWS_CREDENTIALS_MISSING,
                  "AWS_CONTAINER_AUTHORIZATION_TOKEN holds a line break");
        text_wipe_free(token);
        token = NULL;
    }
    return token;
}

/* The endpoint is there, and does not give what it is for. */
static void tell_container_refusal(const struct job *job, const struct https_response *response,
                                   struct error *err)
{
    json_t *document = json_loadb(response->body, response->body_length, 0, NULL);
    char *words = words_of(document);
    bool login = response->status == UNAUTHORIZED || response->status == FORBIDDEN;
    error_set(err, REASON_AWS_CREDENTIALS_MISSING,
              "no AWS credentials: the container's credentials endpoint (%s) answers HTTP status "
              "%d%s%s",
              of_source(job, "from"), response->status, *words ? ": " : "", words);
    error_remedy(err,
                 login ? "check AWS_CONTAINER_AUTHORIZATION_TOKEN or the file of _TOKEN_FILE: it "
                         "has to be the one of this container"
                       : "check the path in AWS_CONTAINER_CREDENTIALS_FULL_URI (or _RELATIVE_URI), "
                         "and that the task or pod has a role");
    free(words);
    aws_json_free(document);
}

/* Which place did not answer, and why it was asked. */
static void tell_container(const struct job *job, struct error *err)
{
    char *why = xstrdup(err->message);
    snprintf(err->message, sizeof err->message,
             "no AWS credentials from the container's credentials endpoint (%s): %s",
             of_source(job, "from"), why);
    error_remedy(err, "check that AWS_CONTAINER_CREDENTIALS_FULL_URI (or _RELATIVE_URI) is the "
                      "endpoint of this container, and that it runs");
    free(why);
}

static bool ask_container(struct job *job, const char *url, const char *authorization)
{
    struct https *https = https_new(job->probe);
    struct https_response response = HTTPS_RESPONSE_INIT;
    const char *headers[] = {NULL, NULL};
    char *header = text_format("Authorization: %s", authorization);
    bool answered = false;
    if (*authorization)
        headers[0] = header;
    struct https_request request = {.method = "GET",
                                    .url = url,
                                    .headers = headers,
                                    .body_limit = LOCAL_MAXIMUM,
                                    .what = "the container's credentials",
                                    .plain = true,
                                    .aside = true,
                                    .timeout_ms = CONTAINER_MS};
    for (int try = 0; !answered && try < CONTAINER_TRIES; try++)
        answered = https_send(https, &request, &response, job->err);
    bool taken = answered && response.status == OK &&
                 take_document(job, &response, "the container's credentials endpoint");
    if (!answered)
        tell_container(job, job->err);
    else if (response.status != OK)
        tell_container_refusal(job, &response, job->err);
    https_response_release(&response);
    https_free(https);
    text_wipe_free(header);
    return taken;
}

static bool use_container(struct job *job)
{
    const char *url = of_source(job, "url");
    if (!is_local_or_tls(url))
        return error_set(job->err, REASON_AWS_CREDENTIALS_MISSING,
                         "AWS_CONTAINER_CREDENTIALS_FULL_URI: http is for loopback and the "
                         "addresses of ECS and EKS only, any other host needs https");
    char *authorization = container_authorization(job);
    bool taken = authorization && ask_container(job, url, authorization);
    text_wipe_free(authorization);
    return taken;
}

/* A request to the metadata service. */
static bool ask_metadata(struct job *job, struct https *https, const char *method, const char *path,
                         const char *header, struct https_response *response)
{
    char *url = text_format("%s%s", of_source(job, "endpoint"), path);
    const char *headers[] = {header, NULL};
    struct https_request request = {
        .method = method,
        .url = url,
        .headers = headers,
        .body_limit = LOCAL_MAXIMUM,
        .what = "the instance's metadata service",
        .plain = true,
        .aside = true,
        .timeout_ms = (int)json_integer_value(json_object_get(job->source, "timeout_s")) * 1000};
    json_int_t tries = json_integer_value(json_object_get(job->source, "attempts"));
    bool answered = false;
    for (json_int_t try = 0; !answered && try < tries; try++)
        answered = https_send(https, &request, response, job->err);
    free(url);
    return answered;
}

/* "x-aws-ec2-metadata-token: ..." of IMDSv2, "" where only version 1 is spoken; NULL: neither. */
static char *metadata_token(struct job *job, struct https *https)
{
    struct https_response response = HTTPS_RESPONSE_INIT;
    char *header = NULL;
    if (!ask_metadata(job, https, "PUT", "/latest/api/token",
                      "x-aws-ec2-metadata-token-ttl-seconds: 21600", &response))
        return NULL;
    bool version_1 = response.status == FORBIDDEN || response.status == NOT_FOUND ||
                     response.status == NOT_ALLOWED;
    if (response.status == OK && !strpbrk(response.body, "\r\n"))
        header = text_format("x-aws-ec2-metadata-token: %s", response.body);
    else if (version_1 && json_is_true(json_object_get(job->source, "v1")))
        header = xstrdup("");
    else
        error_set(job->err, REASON_AWS_CREDENTIALS_MISSING,
                  "it gives no token for IMDSv2 (HTTP status %d)", response.status);
    https_response_release(&response);
    return header;
}

/* The credentials of the instance's role, asked for with the header TOKEN ("": none). */
static bool take_instance_role(struct job *job, struct https *https, const char *token)
{
    static const char folder[] = "/latest/meta-data/iam/security-credentials/";
    struct https_response response = HTTPS_RESPONSE_INIT;
    const char *header = *token ? token : NULL;
    if (!ask_metadata(job, https, "GET", folder, header, &response))
        return false;
    response.body[strcspn(response.body, "\r\n")] = '\0';
    char *role = sigv4_encode(response.status == OK ? response.body : "", false);
    int status = response.status;
    https_response_release(&response);
    char *path = text_format("%s%s", folder, role);
    char *from = text_format("the instance's role %s", role);
    bool taken = false;
    if (!*role)
        error_set(job->err, REASON_AWS_CREDENTIALS_MISSING, "%s (HTTP status %d)",
                  status == OK || status == NOT_FOUND ? "the instance has no role"
                                                      : "it does not tell the instance's role",
                  status);
    else if (ask_metadata(job, https, "GET", path, header, &response))
        taken = take_document(job, &response, from);
    https_response_release(&response);
    free(role);
    free(path);
    free(from);
    return taken;
}

static bool use_metadata(struct job *job)
{
    struct https *https = https_new(job->probe);
    char *token = metadata_token(job, https);
    bool taken = token && take_instance_role(job, https, token);
    https_free(https);
    text_wipe_free(token);
    if (taken)
        return true;
    /* Nobody said that there must be one: what is missing is credentials. */
    char *why = xstrdup(job->err->message);
    const char *tried = of_source(job, "tried");
    error_set(job->err, REASON_AWS_CREDENTIALS_MISSING,
              "no AWS credentials: %s%sno answer with any from the metadata service of the "
              "instance (%s): %s",
              tried, *tried ? ", and " : "", of_source(job, "endpoint"), why);
    free(why);
    return false;
}

static bool use_source(struct job *job)
{
    static const struct {
        const char *kind;
        bool (*use)(struct job *);
    } kinds[] = {{"keys", use_keys},
                 {"web_identity", use_web_identity},
                 {"container", use_container},
                 {"metadata", use_metadata}};
    const char *kind = of_source(job, "kind");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return kinds[i].use(job);
    return error_set(job->err, REASON_INTERNAL, "no such source of AWS credentials: %s", kind);
}

char *aws_identify(struct probe *probe, const char *text, struct error *err)
{
    json_t *document = json_loads(text, 0, NULL);
    struct job job = {.probe = probe,
                      .aws = aws_new(probe, text, err),
                      .source = json_object_get(document, "source"),
                      .err = err};
    bool taken = job.aws && use_source(&job);
    size_t index;
    json_t *role;
    json_array_foreach(json_object_get(document, "roles"), index, role)
    {
        taken = taken && aws_assume_role(job.aws, role, text_of(role, "property"), err);
    }
    char *identity = taken ? json_dumps(aws_identity(job.aws), JSON_COMPACT) : NULL;
    aws_free(job.aws);
    aws_json_free(document);
    return identity;
}
