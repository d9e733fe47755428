/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_version.c - `testconn version`. */
#include <event2/event.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>

#include "commands.h"
#include "options.h"

int cmd_version(int argc, char **argv)
{
    static const struct option_row rows[] = {{NULL, 0, NULL, OPTION_FLAG, NULL, NULL, NULL, NULL}};
    static const struct command command = {
        "version", "", "Print the version of testconn and of the libraries it is linked with.",
        cmd_version};
    if (options_help(&command, rows, argc, argv))
        return 0;
    if (argc > 0)
        return usage_error("version", "unexpected argument %s", argv[0]);
    printf("testconn %s\n%s, libevent %s, jansson %s\n", TESTCONN_VERSION,
           OpenSSL_version(OPENSSL_VERSION), event_get_version(), JANSSON_VERSION);
    return 0;
}
