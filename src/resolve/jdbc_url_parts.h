/* SPDX-License-Identifier: Apache-2.0 */
/* jdbc_url_parts.h - what the vendors' forms of JDBC URLs have in common. */
#ifndef JDBC_URL_PARTS_H
#define JDBC_URL_PARTS_H

#include "jdbc_url.h"

/* LENGTH bytes with %XX resolved; NULL for a broken escape, a NUL, or what is not UTF-8. */
char *url_decode(const char *text, size_t length);

/* The LENGTH bytes of TEXT are HOST, HOST:PORT, [IPV6] or [IPV6]:PORT: added to URL's endpoints.
 * What is wrong with them becomes a problem at PATH, and false is returned. */
bool url_add_host(struct jdbc_url *url, const char *text, size_t length, const char *path,
                  struct problems *problems);

/* HOST (not encoded) and PORT digits, or NULL: the same. */
bool url_add_endpoint(struct jdbc_url *url, const char *host, const char *port, const char *path,
                      struct problems *problems);

/* Takes NAME and VALUE over. */
void url_add_parameter(struct jdbc_url *url, char *name, char *value);

/* NAME=VALUE&NAME=VALUE, percent-encoded. */
void url_read_query(struct jdbc_url *url, const char *query, const char *path,
                    struct problems *problems);

/* A login before the host: refused, and not quoted. Returns false. */
bool url_refuse_credentials(const char *path, struct problems *problems);

/* The forms; REST begins behind "jdbc:VENDOR:". False: refused. */
bool jdbc_url_generic(struct jdbc_url *url, const char *rest, const char *path,
                      struct problems *problems);
bool jdbc_url_redshift(struct jdbc_url *url, const char *rest, const char *path,
                       struct problems *problems);
bool jdbc_url_mysql(struct jdbc_url *url, const char *rest, const char *path,
                    struct problems *problems);
bool jdbc_url_oracle(struct jdbc_url *url, const char *rest, const char *path,
                     struct problems *problems);
bool jdbc_url_sqlserver(struct jdbc_url *url, const char *rest, const char *path,
                        struct problems *problems);
bool jdbc_url_snowflake(struct jdbc_url *url, const char *rest, const char *path,
                        struct problems *problems);

#endif
