/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigv4.h - AWS Signature Version 4: requests signed, presigned and verified. Pure: no I/O, no
 * clock.
 *
 * For the service "s3" the path is signed as it stands on the wire; for every other one it is
 * normalised and encoded once more, as AWS does.
 */
#ifndef SIGV4_H
#define SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* In place of the payload's hash, where it is left unsigned. */
#define SIGV4_UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"

enum { SIGV4_HASH_SIZE = 65, SIGV4_DATE_SIZE = 17 }; /* bytes, with the NUL */

struct sigv4_header {
    const char *name; /* any case */
    const char *value;
};

/* A request as it goes over the wire. */
struct sigv4_request {
    const char *method; /* "POST" */
    const char *path;   /* percent-encoded, begins with "/" */
    const char *query;  /* percent-encoded, without "?"; NULL: none */
    const struct sigv4_header *headers;
    size_t header_count;
    const char *payload_hash; /* by sigv4_hash(), or SIGV4_UNSIGNED_PAYLOAD */
};

/* Who signs, and for whom. */
struct sigv4_key {
    const char *access_key;
    const char *secret_key;
    const char *session_token; /* NULL: none */
    const char *region;
    const char *service; /* the signing name: "secretsmanager", "s3", "kafka-cluster" */
};

/* SHA-256 of LENGTH bytes in hexadecimal. */
void sigv4_hash(char out[SIGV4_HASH_SIZE], const void *data, size_t length);

/* "20241001T120000Z". */
void sigv4_date(char out[SIGV4_DATE_SIZE], time_t at);

/*
 * TEXT percent-encoded as AWS wants it: everything but letters, digits, "-._~", and "/" where
 * KEEP_SLASH. The caller frees it.
 */
char *sigv4_encode(const char *text, bool keep_slash);

/* Headers that a signature adds to its request. */
struct sigv4_signed {
    char date[SIGV4_DATE_SIZE];         /* x-amz-date */
    char payload_hash[SIGV4_HASH_SIZE]; /* x-amz-content-sha256; empty: not sent (not S3) */
    const char *session_token;          /* x-amz-security-token, the key's own; NULL: not sent */
    char *authorization;                /* by the caller freed with sigv4_signed_release() */
    char signature[SIGV4_HASH_SIZE];
};

/*
 * Sign REQUEST, whose headers must have "host": they, x-amz-date, the session token and for S3
 * x-amz-content-sha256 are covered, but not what proxies change (user-agent, expect,
 * transfer-encoding, x-amzn-trace-id).
 */
void sigv4_sign(const struct sigv4_request *request, const struct sigv4_key *key, time_t now,
                struct sigv4_signed *result);
void sigv4_signed_release(struct sigv4_signed *result);

/*
 * The query of REQUEST signed for EXPIRES_S seconds: the request's own parameters and the X-Amz-
 * ones in canonical order, X-Amz-Signature last. The caller wipes and frees it.
 */
char *sigv4_presign(const struct sigv4_request *request, const struct sigv4_key *key,
                    long expires_s, time_t now);

/* What is wrong with a request's signature; the words of AWS for it are sigv4_fault_code(). */
enum sigv4_fault {
    SIGV4_FINE,
    SIGV4_NOT_SIGNED, /* neither Authorization nor X-Amz-Signature */
    SIGV4_INCOMPLETE, /* something of it is missing or malformed */
    SIGV4_EXPIRED,    /* signed too long ago */
    SIGV4_EARLY,      /* signed in the future */
    SIGV4_MISMATCH    /* another key, or the request was changed */
};

/* "MissingAuthenticationTokenException", "IncompleteSignatureException",
 * "InvalidSignatureException"; NULL for SIGV4_FINE. */
const char *sigv4_fault_code(enum sigv4_fault fault);

/* What a signed request says of its signature, not yet verified. Begin with SIGV4_CLAIM_INIT, end
 * with sigv4_claim_release(). */
struct sigv4_claim {
    bool presigned;
    char *access_key;
    char *date; /* of the scope: "20241001" */
    char *region;
    char *service;
    char *signed_headers;            /* "host;x-amz-date" */
    char *signature;                 /* 64 hexadecimal digits */
    char *session_token;             /* NULL: none */
    char signed_at[SIGV4_DATE_SIZE]; /* X-Amz-Date */
    long expires_s;                  /* presigned only */
    char message[256];               /* what is wrong, in AWS's words */
};
#define SIGV4_CLAIM_INIT ((struct sigv4_claim){0})
void sigv4_claim_release(struct sigv4_claim *claim);

/*
 * Read the header form or the presigned form out of REQUEST: SIGV4_FINE, SIGV4_NOT_SIGNED or
 * SIGV4_INCOMPLETE. The form is complete when host is signed, and x-amz-date, x-amz-target,
 * x-amz-security-token and x-amz-content-sha256 where they are there.
 */
enum sigv4_fault sigv4_read(const struct sigv4_request *request, struct sigv4_claim *claim);

/*
 * Verify REQUEST by its CLAIM and the SECRET_KEY of the claim's access key. A signature may be five
 * minutes off; a presigned one is good for as long as it says. What region and service are allowed
 * is the caller's to judge.
 */
enum sigv4_fault sigv4_verify(const struct sigv4_request *request, struct sigv4_claim *claim,
                              const char *secret_key, time_t now);

#endif
