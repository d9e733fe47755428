/* SPDX-License-Identifier: Apache-2.0 */
/* aws_view.h - what the two drivers of view validation share: a test through an API of AWS. */
#ifndef AWS_VIEW_H
#define AWS_VIEW_H

#include "aws.h"
#include "testconn/driver.h"

/* One test. */
struct view {
    struct probe *probe;
    const struct target *target;
    struct aws *aws;
    char what[300];       /* "the workgroup \"reports\"" */
    const char *property; /* that names it */
};

/* Begin VIEW, of the parameter NAME ("workgroup") that PROPERTY gave. False with ERR set. */
bool view_begin(struct view *view, const char *name, const char *property, struct error *err);
void view_end(struct view *view);

/* A call of VIEW at STAGE. */
struct aws_call view_call(const struct view *view, enum aws_service service, const char *operation,
                          const char *body, enum stage stage);

/* Begin the attempt at SERVICE's place. False with ERR set. */
bool view_attempt(struct view *view, enum aws_service service, struct error *err);

/*
 * Make CALL, JSON in and out, both the caller's; BODY is taken over. A fault is told as the test's
 * own: no right is PERMISSION_DENIED, what is not there DATABASE_MISSING, a key that AWS does not
 * know LOGIN_REFUSED. NULL with ERR set.
 */
json_t *view_json(struct view *view, enum aws_service service, const char *operation, json_t *body,
                  enum stage stage, struct error *err);

/* Wait before the statement WHAT is asked for again, ever longer; false with ERR set to TIMED_OUT:
 * its last state was STATE. */
bool view_pause(struct view *view, int number, const char *what, const char *state,
                struct error *err);

/* The text of KEY in OBJECT, or NULL. */
const char *view_text(const json_t *object, const char *key);

/* 32 random digits: the token by which AWS knows a repeated request. */
void view_token(char token[33]);

#endif
