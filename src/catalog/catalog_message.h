/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog_message.h - the calls of catalog.h as messages: one JSON object a line, one answer each,
 * in the order asked.
 *
 *   {"call":"open","url":U[,"key_file":F][,"folder":F]}          the first -> "foreign"
 *   {"call":"get","name":N[,"hide":B]}                           -> "entry"
 *   {"call":"list"[,"type":T][,"criteria":[..]],"limit":N[,"token":T][,"hide":B]}
 *                                                                -> "entries"[,"next_token"]
 *   {"call":"create","entries":[..],"replace":B} {"call":"update","entry":{..}}
 *   {"call":"delete","name":N} {"call":"batch_delete","names":[..]}   -> "results"
 *   {"call":"set_status","name":N,"version":V,"status":S[,"reason":R],"validated_ms":T}
 *
 * "hide": the passwords are not needed. "asked_us", when it was asked (clock_now_us()), may stand
 * in each: the catalog process needs it.
 *
 * An answer has "result" (enum catalog_result) and, where that is not CATALOG_OK, "reason",
 * "message" and "remedy".
 */
#ifndef CATALOG_MESSAGE_H
#define CATALOG_MESSAGE_H

#include <jansson.h>

#include "catalog.h"

/* ENTRY as JSON, definition and all; the caller decrefs it. */
json_t *catalog_message_entry(const struct catalog_entry *entry);

/* OBJECT, made by catalog_message_entry(), as ENTRY, which the caller releases. */
void catalog_message_to_entry(const json_t *object, struct catalog_entry *entry);

/* Do what MESSAGE asks of *CATALOG, which "open" sets. The caller decrefs the answer. */
json_t *catalog_message_answer(struct catalog **catalog, const json_t *message);

/* How ANSWER says that the call ended; ERR is set unless that is CATALOG_OK. */
enum catalog_result catalog_message_result(const json_t *answer, struct error *err);

#endif
