/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws.h - calls to AWS from a worker, signed as one identity, under the test's deadline. For
 * modules.
 *
 * Throttling alone is worth another try: after a pause with jitter, as often as the operator's
 * max_attempts says.
 */
#ifndef AWS_H
#define AWS_H

#include "aws_answer.h"
#include "aws_service.h"
#include "https.h"

struct aws; /* settings, an identity, and connections kept open */

/*
 * By DOCUMENT: {"settings": {...}, "identity"?: {access_key, secret_key, session_token?, from}}.
 * NULL with ERR set: FILE_UNREADABLE for AWS_CA_BUNDLE. The caller ends with aws_free().
 */
struct aws *aws_new(struct probe *probe, const char *document, struct error *err);
void aws_free(struct aws *aws); /* NULL is allowed */

/* "the environment": whose credentials are used, for messages. */
const char *aws_from(const struct aws *aws);

/* The region of a call that names none, or NULL. */
const char *aws_region(const struct aws *aws);

struct aws_call {
    enum aws_service service;
    const char *region;    /* NULL: aws_region() */
    const char *operation; /* "GetSecretValue"; NULL for S3 */
    const char *body;      /* JSON; of a query the members but Action and Version; NULL: none */
    const char *path;      /* S3: "/key", percent-encoded, behind the bucket's place */
    const char *bucket;    /* S3 */
    size_t body_limit;     /* of the answer; 0: https.h's */
    const char *what;      /* for messages: "the secret \"orders\"" */
    const char *property;  /* to blame for it */
    bool anonymous;        /* not signed */
    bool is_test;          /* the call is the test itself (https.h, "aside"), of STAGE */
    enum stage stage;
};

/* How AWS answered. Begin with AWS_ANSWER_INIT, end with aws_answer_release(). */
struct aws_answer {
    bool ok;
    char where[300];        /* "secretsmanager.eu-west-1.amazonaws.com:443" */
    char region[64];        /* that was asked */
    struct aws_fault fault; /* where it is not OK */
    struct https_response http;
};
#define AWS_ANSWER_INIT ((struct aws_answer){.ok = false})
void aws_answer_release(struct aws_answer *answer);

/*
 * Make CALL. True: AWS answered, which may be a fault. False with ERR set: it did not (as
 * https_send() tells), something else answered (WRONG_PROTOCOL), or it is not known where to ask
 * (INVALID_INPUT).
 */
bool aws_send(struct aws *aws, const struct aws_call *call, struct aws_answer *answer,
              struct error *err);

/* What a fault is called: throttling and 5xx are always SERVER_BUSY. */
struct aws_reasons {
    enum reason denied;
    enum reason missing;
    enum reason other;
};

/* Set ERR to what the fault of ANSWER to CALL means. Returns false. */
bool aws_explain(const struct aws *aws, const struct aws_call *call,
                 const struct aws_answer *answer, const struct aws_reasons *reasons,
                 struct error *err);

/* The same where the service itself is tested: no right is PERMISSION_DENIED, what is not there
 * DATABASE_MISSING, a key that AWS does not know LOGIN_REFUSED. Returns false. */
bool aws_explain_test(const struct aws *aws, const struct aws_call *call,
                      const struct aws_answer *answer, struct error *err);

/* Set ERR to WRONG_PROTOCOL: the answer to CALL is not what the service gives. Returns false. */
bool aws_tell_foreign(const struct aws_call *call, const struct aws_answer *answer,
                      struct error *err);

/* aws_send(), and a fault is a failure too; of JSON services the answer parsed. NULL with ERR set.
 * The caller ends with aws_json_free(). */
json_t *aws_call_json(struct aws *aws, const struct aws_call *call,
                      const struct aws_reasons *reasons, struct error *err);
void aws_json_free(json_t *document); /* wipes every string of it */

/* The STS query AssumeRole for ROLE ({role_arn, session_name?, external_id?, duration_s?}), from
 * now on AWS's identity. False with ERR set. */
bool aws_assume_role(struct aws *aws, const json_t *role, const char *property, struct error *err);

/* Take temporary credentials out of an answer of STS as AWS's identity; false: it holds none. */
bool aws_take_credentials(struct aws *aws, const struct aws_answer *answer, const char *from);

/* Set the identity by {access_key, secret_key, session_token?, expires?, from}. */
void aws_set_identity(struct aws *aws, json_t *identity);

/* The identity as JSON, borrowed; NULL: none. */
const json_t *aws_identity(const struct aws *aws);

/* The members of a query, "&NAME=VALUE..." encoded, of PAIRS: name, value, ..., NULL; a pair whose
 * value is NULL is left out. The caller wipes and frees it. */
char *aws_query(const char *const *pairs);

/*
 * Begin the test's own attempt (probe_attempt()) at the place where SERVICE is asked: its calls
 * have is_test. False with ERR set: it is not known where that is.
 */
bool aws_attempt(struct aws *aws, enum aws_service service, const struct aws_call *call,
                 struct error *err);

/* Whether both services are asked at the same place. */
bool aws_is_same_place(const struct aws *aws, enum aws_service a, enum aws_service b);

#endif
