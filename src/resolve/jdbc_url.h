/* SPDX-License-Identifier: Apache-2.0 */
/* jdbc_url.h - JDBC URLs taken apart; a table carries the vendors' forms. */
#ifndef JDBC_URL_H
#define JDBC_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "problems.h"
#include "testconn/target.h"

/* What is known of the word after "jdbc:". */
enum jdbc_standing {
    JDBC_UNKNOWN, /* perhaps misspelt */
    JDBC_VENDOR,  /* one of the table, which has its form */
    JDBC_OTHER,   /* a database that exists and that testconn has no driver for */
    JDBC_FILE     /* an engine that lives in a file or a resource: refused */
};

/* A URL taken apart. Begin with JDBC_URL_INIT, end with jdbc_url_release(). */
struct jdbc_url {
    char *subprotocol; /* lower case */
    enum jdbc_standing standing;
    bool iam;     /* jdbc:redshift:iam: */
    char *region; /* of //CLUSTER:REGION; the one endpoint's host is the cluster then, or NULL */
    struct endpoint *endpoints;
    size_t endpoint_count;        /* port 0: not given */
    char *database;               /* of Oracle the service or SID; NULL: none */
    struct parameter *parameters; /* of query, properties or descriptor, decoded, in order */
    size_t parameter_count;
};
#define JDBC_URL_INIT ((struct jdbc_url){0})

/*
 * Take URL apart. What is wrong with it becomes problems at PATH, which never quote credentials.
 * False when it is refused.
 */
bool jdbc_url_parse(const char *url, const char *path, struct jdbc_url *result,
                    struct problems *problems);
void jdbc_url_release(struct jdbc_url *url);

/* The value of the first parameter that has one of NAMES (ended by NULL, without case), which URL
 * has no longer; the caller wipes and frees it. NULL: none. */
char *jdbc_url_take_parameter(struct jdbc_url *url, const char *const *names);

/* The vendor's default port, 0 when it is not in the table. */
unsigned jdbc_default_port(const char *subprotocol);

/* HOST in ASCII (IDNA 2008), which the caller frees; NULL when it has no such form. */
char *host_to_ascii(const char *host);

#endif
