/* SPDX-License-Identifier: Apache-2.0 */
/* mysql_driver.h - what the files of the driver share. */
#ifndef MYSQL_DRIVER_H
#define MYSQL_DRIVER_H

#include <mysql.h>

#include "mysql_packet.h"
#include "testconn/driver.h"

/* One try at one endpoint, in the clear or over TLS. */
struct session {
    struct probe *probe;
    const struct target *target;
    const struct endpoint *endpoint;
    MYSQL *mysql;
    bool tls; /* asked for; false once the server was seen to have none */
    struct greeting greeting;
    struct login_talk talk;
    struct error refusal; /* why we shut the connection down; REASON_NONE: we did not */
    char where[300];      /* "db.example:3306" */
};

/* Wait for the greeting of SESSION on FD and read it without taking it. False with ERR set: there
 * is none. */
bool greeting_read(struct probe *probe, int fd, struct session *session, struct error *err);

/* The login methods that SESSION may use, comma-separated: without TLS none that shows the
 * password. */
const char *mysql_methods(const struct session *session);

/* The login method that the server asked for; "" when it has said none. */
const char *mysql_method(const struct session *session);

/* Whether the server asks for one login method after the other and decides nothing: with ERR set.
 */
bool mysql_goes_round(const struct session *session, struct error *err);

/* Why SESSION failed, by the error's number. Returns false. */
bool mysql_explain(struct session *session, struct error *err);

#endif
