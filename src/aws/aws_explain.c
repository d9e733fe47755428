/* SPDX-License-Identifier: Apache-2.0 */
/* aws_explain.c - faults in AWS's words, without what we sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_internal.h"
#include "text.h"

enum { SECRET_SHORTEST = 12 }; /* bytes */

/* Put stars in TEXT wherever SECRET stands. */
static void star(char *text, const char *secret)
{
    size_t length = secret ? strlen(secret) : 0;
    /* What is as short as this is no secret of AWS, and stands in every sentence. */
    if (length < SECRET_SHORTEST)
        return;
    for (char *at = text; (at = strstr(at, secret)); at += length)
        memset(at, '*', length);
}

static enum reason pick(enum aws_fault_kind kind, const struct aws_reasons *reasons)
{
    switch (kind) {
    case AWS_FAULT_DENIED:
        return reasons->denied;
    case AWS_FAULT_MISSING:
        return reasons->missing;
    case AWS_FAULT_THROTTLED:
    case AWS_FAULT_SERVER:
        return REASON_SERVER_BUSY;
    case AWS_FAULT_OTHER:
    default:
        return reasons->other;
    }
}

static const char *describe(enum aws_fault_kind kind)
{
    switch (kind) {
    case AWS_FAULT_DENIED:
        return "is refused by";
    case AWS_FAULT_MISSING:
        return "is not found by";
    case AWS_FAULT_THROTTLED:
        return "is throttled by";
    case AWS_FAULT_SERVER:
        return "cannot be had from";
    case AWS_FAULT_OTHER:
    default:
        return "is not accepted by";
    }
}

/* "kms:Decrypt": the right that a DENIED call lacks, by AWS's words where they name it. */
static char *name_right(const struct aws_call *call, const char *words)
{
    static const char phrase[] = "not authorized to perform: ";
    const char *named = strstr(words, phrase);
    size_t length = named ? strcspn(named + strlen(phrase), " ,;\"") : 0;
    if (length && memchr(named + strlen(phrase), ':', length))
        return xstrndup(named + strlen(phrase), length);
    if (strstr(words, "Access to KMS is not allowed"))
        return xstrdup("kms:Decrypt");
    return text_format("%s:%s", aws_service_info(call->service)->signing,
                       call->operation ? call->operation : "GetObject");
}

/* What AWS's own remedy for keys and clocks does not cover: a right that is to be granted. */
static void advise(const struct aws_call *call, const char *words, struct error *err)
{
    char *right = name_right(call, words);
    bool explicit = strstr(words, "explicit deny") != NULL;
    const char *what = text_starts(right, "kms:") ? "the KMS key" : call->what;
    if (explicit)
        error_remedy(err,
                     "take %s on %s out of the statement that denies it to this identity: no other "
                     "policy can allow it",
                     right, what);
    else if (call->anonymous)
        error_remedy(err,
                     "have the role's trust policy allow %s to the issuer of the token, on "
                     "conditions that its claims (sub, aud) fulfil",
                     right);
    else if (call->service == AWS_STS)
        error_remedy(err,
                     "allow %s on %s to this identity, and have the role's trust policy name it",
                     right, what);
    else
        error_remedy(err,
                     "allow %s on %s to this identity, by a policy of its own or of the resource",
                     right, what);
    free(right);
}

/* "the credentials of the environment", with the key where AWS does not say whose it is. */
static char *name_caller(const struct aws *aws, const struct aws_call *call, const char *words)
{
    const char *key = json_string_value(json_object_get(aws->identity, "access_key"));
    if (call->anonymous)
        return xstrdup("a web identity token");
    return key && !strstr(words, "arn:")
               ? text_format("the credentials of %s (access key %.64s)", aws_from(aws), key)
               : text_format("the credentials of %s", aws_from(aws));
}

bool aws_explain(const struct aws *aws, const struct aws_call *call,
                 const struct aws_answer *answer, const struct aws_reasons *reasons,
                 struct error *err)
{
    const struct aws_fault *fault = &answer->fault;
    const struct aws_service_info *service = aws_service_info(call->service);
    enum aws_fault_kind kind = aws_fault_kind(fault);
    const char *remedy = aws_fault_remedy(fault);
    char words[sizeof fault->message];
    snprintf(words, sizeof words, "%s", fault->message);
    star(words, json_string_value(json_object_get(aws->identity, "secret_key")));
    star(words, json_string_value(json_object_get(aws->identity, "session_token")));
    char *caller = name_caller(aws, call, words);
    error_set(err, pick(kind, reasons),
              "%s %s %s in %s (%s), asked by %s:%s with %s: %s%s%s (%s%sHTTP "
              "status %d)",
              call->what, describe(kind), service->name, answer->region, answer->where,
              service->signing, call->operation ? call->operation : "GetObject", caller,
              words[0] ? "\"" : "", words[0] ? words : "it gives no reason", words[0] ? "\"" : "",
              fault->code, fault->code[0] ? ", " : "", fault->status);
    free(caller);
    error_brief(err, "%s %s %s%s%s", call->what, describe(kind), service->name,
                fault->code[0] ? ": " : "", fault->code);
    if (*remedy && call->anonymous && text_starts(remedy, "renew"))
        error_remedy(err, "renew the web identity token: it has expired");
    else if (*remedy)
        error_remedy(err, "%s", remedy);
    else if (kind == AWS_FAULT_DENIED)
        advise(call, words, err);
    return error_property(err, call->property);
}

/* AWS has a few codes of its own for what is not there. */
static bool is_missing(const struct aws_fault *fault)
{
    return (strcmp(fault->code, "InvalidRequestException") == 0 &&
            (strstr(fault->message, "not found") || strstr(fault->message, "does not exist"))) ||
           (strcmp(fault->code, "ValidationException") == 0 &&
            strstr(fault->message, "endpoint doesn't exist"));
}

bool aws_explain_test(const struct aws *aws, const struct aws_call *call,
                      const struct aws_answer *answer, struct error *err)
{
    struct aws_reasons reasons = {.denied = REASON_PERMISSION_DENIED,
                                  .missing = REASON_DATABASE_MISSING,
                                  .other = REASON_QUERY_FAILED};
    if (*aws_fault_remedy(&answer->fault))
        reasons.denied = REASON_LOGIN_REFUSED;
    if (is_missing(&answer->fault))
        reasons.other = REASON_DATABASE_MISSING;
    if (strcmp(answer->fault.code, "ActiveStatementsExceededException") == 0)
        reasons.other = REASON_SERVER_BUSY;
    return aws_explain(aws, call, answer, &reasons, err);
}
