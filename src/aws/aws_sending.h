/* SPDX-License-Identifier: Apache-2.0 */
/* aws_sending.h - a call made into a signed request. */
#ifndef AWS_SENDING_H
#define AWS_SENDING_H

#include "aws_internal.h"
#include "sigv4.h"

enum { SENDING_HEADERS = 10 };

/* A call on its way: the pieces that its request borrows. */
struct sending {
    const struct aws_call *call;
    const struct aws_service_info *service;
    const char *region;
    char *base;       /* the service's URL, for S3 with the bucket's place */
    char *url;        /* BASE and the path */
    const char *path; /* in URL */
    char *host;
    char *body;
    char *lines[SENDING_HEADERS]; /* "Name: value", NULL-ended */
    struct sigv4_header headers[SENDING_HEADERS];
    size_t header_count;
};

/* Where SENDING's call goes, for AWS. False with ERR set: it is not known. */
bool sending_place(const struct aws *aws, struct sending *sending, struct error *err);

/* Its body and its headers, signed where there is an identity. */
void sending_make(const struct aws *aws, struct sending *sending);

void sending_release(struct sending *sending);

#endif
