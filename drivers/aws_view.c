/* SPDX-License-Identifier: Apache-2.0 */
/* aws_view.c - calls that are the test itself. */
#include "aws_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { PAUSE_MS = 50, PAUSE_LONGEST_MS = 1000, DOUBLINGS = 5 };

bool view_begin(struct view *view, const char *name, const char *property, struct error *err)
{
    const char *value = target_parameter(view->target, name);
    snprintf(view->what, sizeof view->what, "the %s \"%s\"", name, value ? value : "");
    view->property = property;
    view->aws = aws_new(view->probe, view->target->aws.document, err);
    if (view->target->aws.from)
        probe_note(view->probe, "aws_identity", "%s", view->target->aws.from);
    return view->aws != NULL;
}

void view_end(struct view *view)
{
    aws_free(view->aws);
}

struct aws_call view_call(const struct view *view, enum aws_service service, const char *operation,
                          const char *body, enum stage stage)
{
    return (struct aws_call){.service = service,
                             .operation = operation,
                             .body = body,
                             .what = view->what,
                             .property = view->property,
                             .is_test = true,
                             .stage = stage};
}

bool view_attempt(struct view *view, enum aws_service service, struct error *err)
{
    struct aws_call call = view_call(view, service, NULL, NULL, STAGE_LOGIN);
    return aws_attempt(view->aws, service, &call, err);
}

json_t *view_json(struct view *view, enum aws_service service, const char *operation, json_t *body,
                  enum stage stage, struct error *err)
{
    struct aws_answer answer = AWS_ANSWER_INIT;
    char *text = json_dumps(body, JSON_COMPACT);
    struct aws_call call = view_call(view, service, operation, text, stage);
    json_t *document = NULL;
    if (aws_send(view->aws, &call, &answer, err)) {
        if (!answer.ok)
            aws_explain_test(view->aws, &call, &answer, err);
        else
            document = json_loadb(answer.http.body, answer.http.body_length, 0, NULL);
        if (answer.ok && !json_is_object(document)) {
            json_decref(document);
            document = NULL;
            aws_tell_foreign(&call, &answer, err);
        }
    }
    aws_answer_release(&answer);
    json_decref(body);
    free(text);
    return document;
}

bool view_pause(struct view *view, int number, const char *what, const char *state,
                struct error *err)
{
    int pause_ms = PAUSE_MS << (number < DOUBLINGS ? number : DOUBLINGS);
    int left_ms = deadline_left_ms(probe_deadline(view->probe));
    if (pause_ms > PAUSE_LONGEST_MS)
        pause_ms = PAUSE_LONGEST_MS;
    if (pause_ms >= left_ms)
        return error_set(err, REASON_TIMED_OUT,
                         "%s: %s was accepted and is not done within the time of the test; its "
                         "state is %s",
                         view->what, what, state);
    usleep((useconds_t)pause_ms * 1000);
    return true;
}

const char *view_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && *text ? text : NULL;
}

void view_token(char token[33])
{
    unsigned char bytes[16] = {0};
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        bytes[0] = (unsigned char)getpid();
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(token + 2 * i, 3, "%02x", bytes[i]);
}
