/* SPDX-License-Identifier: Apache-2.0 */
/* aws_answer.h - what AWS's answers say, JSON or XML whatever the service. Pure. */
#ifndef AWS_ANSWER_H
#define AWS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

/* An error of AWS. */
struct aws_fault {
    int status;         /* of HTTP */
    char code[128];     /* "AccessDeniedException"; empty: the body is no error of AWS */
    char message[1024]; /* AWS's words, one line of printable UTF-8; may be empty */
    char region[64];    /* where S3 says that the bucket is; or empty */
};

/* What kind of fault it is. */
enum aws_fault_kind {
    AWS_FAULT_OTHER,
    AWS_FAULT_DENIED,    /* no right, an unknown or expired key, a wrong signature */
    AWS_FAULT_MISSING,   /* what was asked for is not there */
    AWS_FAULT_THROTTLED, /* worth another try */
    AWS_FAULT_SERVER     /* 5xx */
};

/* Read the fault out of a BODY of LENGTH bytes; ERROR_TYPE is the header x-amzn-ErrorType, or NULL.
 */
void aws_fault_read(struct aws_fault *fault, int status, const char *error_type, const char *body,
                    size_t length);
enum aws_fault_kind aws_fault_kind(const struct aws_fault *fault);

/* Whether the fault is about the key or the clock, not about a right: "" or what to do about it. */
const char *aws_fault_remedy(const struct aws_fault *fault);

/*
 * The text of the first element NAME in LENGTH bytes of XML, its entities decoded; the caller wipes
 * and frees it. NULL: there is none. Enough for the flat answers of STS, Redshift and S3.
 */
char *aws_xml_text(const char *body, size_t length, const char *name);

#endif
