/* SPDX-License-Identifier: Apache-2.0 */
/* observed_libmariadb.c - a TLS connection by MariaDB Connector/C. */
#include <mysql.h>
#include <stddef.h>

#include "observed.h"

CONNECT_BY_LIBRARY
{
    MYSQL *mysql = mysql_init(NULL);
    my_bool on = 1;
    unsigned seconds = 2;
    unsigned protocol = MYSQL_PROTOCOL_TCP;
    mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &on);
    mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
    mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &seconds);
    mysql_real_connect(mysql, host, "app", "", "", port, NULL, 0);
}
