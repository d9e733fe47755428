/* SPDX-License-Identifier: Apache-2.0 */
/* aws_json.h - answers of AWS JSON 1.1: a JSON object, or an exception with its name and words. */
#ifndef AWS_JSON_H
#define AWS_JSON_H

#include <jansson.h>

#include "http_server.h"
#include "problems.h"

#define AWS_JSON_TYPE "application/x-amz-json-1.1"

/* Answer with BODY, which is taken over. */
void aws_json_answer(struct http_exchange *exchange, json_t *body);

/* Answer with the exception NAME (static) and its Message. */
void aws_json_refuse(struct http_exchange *exchange, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with MEMBERS beside it, which are taken over; NULL: none. */
void aws_json_refuse_with(struct http_exchange *exchange, const char *name, json_t *members,
                          const char *message);

/* Whether PROBLEMS refuse the request; then every one of them was answered as
 * InvalidInputException, those of a definition behind ROOT ("ConnectionInput."). */
bool aws_json_refuse_problems(struct http_exchange *exchange, const struct problems *problems,
                              const char *root);

/* WORDS as a JSON text, whatever their bytes are. */
json_t *aws_json_text(const char *words);

/* The HTTP status of the exception NAME. */
int aws_json_status(const char *name);

/* {"__type": NAME, "Message": WORDS} as text; the caller frees it. */
char *aws_json_exception(const char *name, const char *words);

/*
 * The request's body as an object without its null members; an empty one is {}. NULL after
 * SerializationException was answered. The caller decrefs it.
 */
json_t *aws_json_read(struct http_exchange *exchange);

#endif
