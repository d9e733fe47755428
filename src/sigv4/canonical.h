/* SPDX-License-Identifier: Apache-2.0 */
/* canonical.h - the canonical request of SigV4, and the signature over it. */
#ifndef CANONICAL_H
#define CANONICAL_H

#include "sigv4.h"
#include "text.h"

/* Names and values, in an order that is not yet canonical. */
struct pairs {
    struct pair {
        char *name;
        char *value;
    } * items;
    size_t count;
};
void pairs_add(struct pairs *pairs, const char *name, const char *value);
void pairs_release(struct pairs *pairs);

/* The parameters of QUERY (may be NULL), encoded canonically, without the one named EXCEPT (may be
 * NULL). */
void pairs_read_query(struct pairs *pairs, const char *query, const char *except);

/* A canonical VALUE decoded. The caller frees it. */
char *pair_decode(const char *value);

/* "a=b&c=d", sorted. The caller frees it. */
char *pairs_format_query(struct pairs *pairs);

/* HEADERS in lower case with their blanks collapsed, sorted, equal names joined by commas; only
 * those that SIGNED_HEADERS ("host;x-amz-date") lists, all when it is NULL. */
void pairs_read_headers(struct pairs *pairs, const struct sigv4_header *headers, size_t count,
                        const char *signed_headers);

/* Whether NAME stands in NAMES, "host;x-amz-date". */
bool names_have(const char *name, const char *names);

/* "host;x-amz-date" of canonical headers. The caller frees it. */
char *pairs_format_names(const struct pairs *headers);

/* What one signature covers. */
struct signing {
    const struct sigv4_request *request;
    const struct pairs *headers; /* canonical */
    const char *signed_headers;
    const char *query; /* canonical */
    const char *date;  /* X-Amz-Date, whole */
    const char *scope_date;
    const char *region;
    const char *service;
    const char *secret_key;
};

/* The signature in hexadecimal. */
void signing_compute(const struct signing *signing, char signature[SIGV4_HASH_SIZE]);

#endif
