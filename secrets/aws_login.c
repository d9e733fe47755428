/* SPDX-License-Identifier: Apache-2.0 */
/* aws_login.c - a secret of Secrets Manager: user, password, and where RDS manages it, the host. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_module.h"
#include "secret_keys.h"
#include "text.h"

enum { HOST_MAXIMUM = 253 };

static bool blame(const struct target *target, struct error *err)
{
    return error_property(err, target->password_property);
}

/* What AWS says about the ciphertext behind a secret is no matter of its name. */
static struct aws_reasons reasons_for(const struct aws_answer *answer)
{
    bool decryption = strcmp(answer->fault.code, "DecryptionFailure") == 0;
    return (struct aws_reasons){.denied = REASON_SECRET_DENIED,
                                .missing = REASON_SECRET_MISSING,
                                .other =
                                    decryption ? REASON_DECRYPT_FAILED : REASON_SECRET_MISSING};
}

/* The answer of GetSecretValue, parsed; NULL with ERR set. */
static json_t *get_value(struct aws *aws, const struct target *target, const char *what,
                         struct error *err)
{
    struct aws_answer answer = AWS_ANSWER_INIT;
    char *region = aws_arn_part(target->secret_id, 3);
    json_t *body = json_pack("{s:s}", "SecretId", target->secret_id);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct aws_call call = {.service = AWS_SECRETS_MANAGER,
                            .region = region,
                            .operation = "GetSecretValue",
                            .body = text,
                            .what = what,
                            .property = target->password_property};
    json_t *value = NULL;
    bool answered = aws_send(aws, &call, &answer, err);
    if (answered && !answer.ok) {
        struct aws_reasons reasons = reasons_for(&answer);
        aws_explain(aws, &call, &answer, &reasons, err);
    } else if (answered) {
        value = json_loadb(answer.http.body, answer.http.body_length, 0, NULL);
        if (!json_is_object(value))
            aws_tell_foreign(&call, &answer, err);
    }
    aws_answer_release(&answer);
    json_decref(body);
    free(text);
    free(region);
    return json_is_object(value) ? value : NULL;
}

/* The secret itself: a JSON object. NULL with ERR set. */
static json_t *read_secret(const json_t *value, const char *what, struct error *err)
{
    const char *text = json_string_value(json_object_get(value, "SecretString"));
    if (!text) {
        error_set(err, REASON_SECRET_FORMAT,
                  json_object_get(value, "SecretBinary")
                      ? "%s holds binary data (SecretBinary), where a JSON object as text "
                        "(SecretString) is looked for"
                      : "%s has no SecretString",
                  what);
        return NULL;
    }
    json_t *secret = json_loads(text, 0, NULL);
    if (json_is_object(secret))
        return secret;
    aws_json_free(secret);
    error_set(err, REASON_SECRET_FORMAT,
              "%s is no JSON object: its text of %zu bytes %s, where an object with username and "
              "password is looked for",
              what, strlen(text), secret ? "is another kind of JSON" : "is no JSON");
    return NULL;
}

static void tell_keys(struct probe *probe, const struct target *target, const char *what,
                      const struct secret_login *login)
{
    if (login->odd_case)
        probe_finding(probe, SEVERITY_WARNING, "secret-key-case", target->password_property,
                      "%s: AWS Glue looks for the keys username and password, or USERNAME and "
                      "PASSWORD, in this very case; the secret has %s and %s",
                      what, login->user_key, login->password_key);
}

static void take(char **field, const char *value)
{
    free(*field);
    *field = xstrdup(value);
}

static bool take_login(struct probe *probe, struct target *target, const char *what,
                       const json_t *secret, struct error *err)
{
    struct secret_login login;
    if (!secret_keys_login(secret, what, &login, err))
        return false;
    tell_keys(probe, target, what, &login);
    take(&target->user, login.user);
    text_wipe_free(target->password);
    target->password = xstrdup(login.password);
    return true;
}

bool aws_is_host(const char *host)
{
    static const char others[] = "-._:";
    size_t length = strlen(host);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)host[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && !strchr(others, (char)c))
            return false;
    }
    return length > 0 && length <= HOST_MAXIMUM;
}

/* Where the definition leaves the host to the secret. */
static bool take_place(struct probe *probe, struct target *target, const char *what,
                       const json_t *secret, struct error *err)
{
    struct endpoint *endpoint = target->endpoint_count ? &target->endpoints[0] : NULL;
    const char *host = secret_keys_text(secret, "host");
    const char *database = secret_keys_text(secret, "dbname");
    unsigned port = secret_keys_port(secret);
    if (endpoint && target->host_in_secret) {
        if (!host || !aws_is_host(host))
            return secret_keys_missing(secret, what, "host", host ? "which is no host name" : NULL,
                                       err);
        take(&endpoint->host, host);
        probe_note(probe, "host_from", "%s", what);
    }
    if (endpoint && target->port_in_secret && port)
        endpoint->port = (uint16_t)port;
    if (!target->database && database)
        target->database = xstrdup(database);
    return true;
}

/* A secret that RDS manages says what it is for. */
static void tell_engine(struct probe *probe, const struct target *target, const char *what,
                        const json_t *secret)
{
    const char *engine = secret_keys_text(secret, "engine");
    if (engine && target->subprotocol && !secret_keys_is_engine(engine, target->subprotocol))
        probe_finding(probe, SEVERITY_WARNING, "secret-engine", target->password_property,
                      "%s is for the engine \"%s\", the connection is for %s", what, engine,
                      target->subprotocol);
}

static bool use_secret(struct probe *probe, struct target *target, const char *what,
                       const json_t *secret, struct error *err)
{
    text_wipe_free(target->secret_content);
    target->secret_content = json_dumps(secret, JSON_COMPACT);
    if (target->secret_is_own)
        return true;
    tell_engine(probe, target, what, secret);
    return take_login(probe, target, what, secret, err) &&
           take_place(probe, target, what, secret, err);
}

bool aws_fetch_login(struct aws *aws, struct probe *probe, struct target *target, struct error *err)
{
    char *what = text_format("the secret \"%s\"", target->secret_id);
    bool here = target->secret_content != NULL; /* it was needed before */
    json_t *value = here ? NULL : get_value(aws, target, what, err);
    json_t *secret = here    ? json_loads(target->secret_content, 0, NULL)
                     : value ? read_secret(value, what, err)
                             : NULL;
    bool taken = secret && use_secret(probe, target, what, secret, err);
    const char *version = json_string_value(json_object_get(value, "VersionId"));
    if (taken && !target->secret_is_own)
        probe_note(probe, "password_from", "%s of Secrets Manager", what);
    if (taken && version)
        probe_note(probe, "secret_version", "%s", version);
    aws_json_free(secret);
    aws_json_free(value);
    free(what);
    return taken || (blame(target, err), false);
}
