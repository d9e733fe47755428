/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_wait.c - `testconn wait`: tests repeated until all pass (waiting.c), then a command. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "choice.h"
#include "commands.h"
#include "options.h"
#include "signals.h"
#include "text.h"
#include "waiting.h"

enum { EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

static struct waiting_settings settings;

static const struct option_row rows[] = {
    {"wait", 'w', "TIME", OPTION_DURATION, &settings.wait_ms, NULL, "60s",
     "how long to wait at most"},
    {"timeout", 't', "TIME", OPTION_DURATION, &settings.timeout_ms, NULL, "10s",
     "time for one attempt"},
    CHOICE_ROWS,
    {"jobs", 'j', "N", OPTION_NUMBER, &settings.jobs, NULL, "32", "tests side by side"},
    {"output", 'o', "FORMAT", OPTION_WORD, &settings.output, "text|json", "text", "text or json"},
    {"strict", 0, NULL, OPTION_FLAG, &settings.strict, NULL, NULL, "refuse unknown property keys"},
    {"verbose", 'v', NULL, OPTION_FLAG, &settings.verbose, NULL, NULL,
     "show the whole report of what is over"},
    {"quiet", 'q', NULL, OPTION_FLAG, &settings.quiet, NULL, NULL,
     "show what ends the waiting without success, and nothing else"},
    {"no-color", 0, NULL, OPTION_FLAG, &settings.no_color, NULL, NULL,
     "no colour, also on a terminal (as NO_COLOR does)"},
    {"drivers", 0, "FOLDER", OPTION_TEXT, &settings.drivers, NULL, NULL,
     "where the driver modules are (default: beside the program)"},
    {NULL, 0, NULL, OPTION_FLAG, NULL, NULL, NULL, NULL},
};

static int run_wait(int argc, char **argv);

const struct command command_wait = {
    .name = "wait",
    .arguments = "[NAME...] [OPTION...] [-- COMMAND [ARGUMENT...]]",
    .summary = "test again and again until all pass, then run a command",
    .description =
        "Test the stored connections NAME..., or those of --input FILE, again and again until all\n"
        "pass, then run COMMAND in our place. What waiting cannot help - a refused login, a wrong\n"
        "certificate, a wrong definition - ends it at once; only what may pass by itself is tried\n"
        "again. Exit code 124: it was not over in time; otherwise as of test, or COMMAND's.",
    .run = run_wait,
    .rows = rows,
};

/* Let COMMAND take our place, with what we were started with. Returns only when it cannot. */
static int run_command(char **arguments)
{
    signals_restore();
    execvp(arguments[0], arguments);
    int why = errno;
    fprintf(stderr, "testconn wait: %s: %s\n", arguments[0], strerror(why));
    return why == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

static int run_wait(int argc, char **argv)
{
    int own = 0;
    while (own < argc && strcmp(argv[own], "--") != 0)
        own++;
    const char **names = xcalloc((size_t)own + 1, sizeof *names);
    struct choice choice;
    int count = 0;
    int code = EXIT_USAGE;
    bool has_command = own + 1 < argc;
    settings.wait_ms = 60000;
    settings.timeout_ms = 10000;
    settings.jobs = 32;
    settings.output = "text";
    if (options_help(&command_wait, own, argv)) {
        code = 0;
        has_command = false;
    } else if (own + 1 == argc) {
        usage_error("wait", "no COMMAND behind --");
    } else if (options_read("wait", rows, own, argv, names, &count) &&
               choice_check("wait", names, (size_t)count, &choice)) {
        code = waiting_run(&choice, &settings);
    }
    free(names);
    return code == 0 && has_command ? run_command(argv + own + 1) : code;
}
