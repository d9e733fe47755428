/* SPDX-License-Identifier: Apache-2.0 */
/* operations.h - the seven operations on connections of the Glue API. */
#ifndef OPERATIONS_H
#define OPERATIONS_H

#include <jansson.h>

#include "check.h"
#include "service.h"

struct operation {
    const char *name;
    unsigned right;
    bool stored; /* needs the catalog */
    /* BODY, an object, is borrowed; EXCHANGE is answered, now or later. */
    void (*run)(struct service *service, struct http_exchange *exchange, json_t *body);
};

/* The operation of that NAME, or NULL. */
const struct operation *operation_find(const char *name);

void operation_create(struct service *service, struct http_exchange *exchange, json_t *body);
void operation_get(struct service *service, struct http_exchange *exchange, json_t *body);
void operation_list(struct service *service, struct http_exchange *exchange, json_t *body);
void operation_update(struct service *service, struct http_exchange *exchange, json_t *body);
void operation_delete(struct service *service, struct http_exchange *exchange, json_t *body);
void operation_batch_delete(struct service *service, struct http_exchange *exchange, json_t *body);
void operation_test(struct service *service, struct http_exchange *exchange, json_t *body);

/* What the API says of names. */
extern const struct text_rule operation_name_rule;

/* A required name at KEY of BODY, borrowed; NULL with what is wrong in PROBLEMS. */
const char *operation_name(const json_t *body, const char *key, struct problems *problems);

/* Whether a flag is given as true, or as that word. */
bool operation_is_true(const json_t *flag);

/* CatalogId, which is accepted and means nothing here. */
void operation_check_catalog(const json_t *body, struct problems *problems);

/* Answer what a call of the catalog about NAME (may be NULL) ended with, which is not CATALOG_OK.
 */
void operation_refuse(struct http_exchange *exchange, enum catalog_result result, const char *name,
                      const struct error *err);

#endif
