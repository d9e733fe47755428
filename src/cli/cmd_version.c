/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_version.c - `testconn version`. */
#include <event2/event.h>
#include <jansson.h>
#include <stdio.h>

#include "commands.h"
#include "tls_observer.h"

static int run(int argc, char **argv)
{
    if (options_help(&command_version, argc, argv))
        return 0;
    if (argc > 0)
        return usage_error("version", "unexpected argument %s", argv[0]);
    printf("testconn %s\n%s, libevent %s, jansson %s\n", TESTCONN_VERSION, tls_library(),
           event_get_version(), JANSSON_VERSION);
    return 0;
}

const struct command command_version = {
    .name = "version",
    .arguments = "",
    .summary = "print the version",
    .description = "Print the version of testconn and of the libraries it is linked with.",
    .run = run,
};
