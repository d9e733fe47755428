/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the program: argv[1] is a command. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent_call.h"
#include "catalog_choice.h"
#include "catalog_process.h"
#include "commands.h"
#include "json_memory.h"
#include "launch.h"
#include "options.h"
#include "signals.h"
#include "text.h"

enum { COMMANDS_MAXIMUM = 32, NAME_SHOWN = 200 };

const struct command *const commands[] = {
    &command_test,        &command_wait,    &command_serve,      &command_explain, &command_cert,
    &command_connections, &command_drivers, &command_completion, &command_version, NULL};

static int print_help(void)
{
    int width = 0;
    puts("testconn: does this connection work from here, and if not, exactly why?\n\nCommands:");
    for (int i = 0; commands[i]; i++)
        width = (int)strlen(commands[i]->name) > width ? (int)strlen(commands[i]->name) : width;
    for (int i = 0; commands[i]; i++)
        printf("  %-*s  %s\n", width, commands[i]->name, commands[i]->summary);
    puts("\ntestconn COMMAND --help tells the arguments and options of a command.\n"
         "Exit codes: 0 all passed; 1 a test failed; 2 wrong usage or a wrong definition;\n"
         "3 testconn itself failed; 124 not over in time (wait); 130, 143 interrupted.");
    return 0;
}

static int refuse_command(const char *name)
{
    const char *names[COMMANDS_MAXIMUM + 1] = {NULL};
    for (int i = 0; commands[i] && i < COMMANDS_MAXIMUM; i++)
        names[i] = commands[i]->name;
    const char *nearest = text_nearest(name, names);
    char line[NAME_SHOWN];
    text_one_line(line, sizeof line, name, strlen(name));
    fprintf(stderr, "testconn: unknown command \"%s\"%s%s%s\nTry: testconn --help\n", line,
            nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? " ?" : "");
    return EXIT_USAGE;
}

static int run_template(int argc, char **argv)
{
    unsigned long front = 0;
    if (argc != 4 || !text_to_number(argv[3], 1, 1UL << 31, &front))
        return refuse_command("template");
    template_run(argv[2], (long)front);
}

static int run_catalog_process(int argc, char **argv)
{
    unsigned long front = 0;
    if (argc != 3 || !text_to_number(argv[2], 1, 1UL << 31, &front))
        return refuse_command("catalog-process");
    catalog_process_run((long)front);
}

/* A standard descriptor that is closed would be given to the next file opened, and reports be
 * written to it: put something there that can be neither read nor written. */
static void hold_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

/* libevent ends the program where it cannot have a loop: out of descriptors, for one. */
static void tell_event(int severity, const char *words)
{
    if (severity == EVENT_LOG_ERR)
        fprintf(stderr, "testconn: no event loop: %s\n", words);
}

static void end_without_event_loop(int code)
{
    (void)code;
    exit(EXIT_ERROR);
}

/* Output that did not get out is a failure, but for a reader who has had enough. */
static int finish(int code)
{
    struct pollfd reader = {.fd = STDOUT_FILENO, .events = POLLOUT};
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    const char *words = errno ? strerror(errno) : "not everything could be written";
    if (poll(&reader, 1, 0) > 0 && reader.revents & POLLERR)
        return code;
    fprintf(stderr, "testconn: standard output: %s\n", words);
    return code < EXIT_ERROR ? EXIT_ERROR : code;
}

static const struct command *find_command(const char *name)
{
    for (int i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

/* "help", "help COMMAND", "help COMMAND PART" */
static int help(int argc, char **argv)
{
    char wanted[] = "--help";
    const struct command *command = argc > 0 ? find_command(argv[0]) : NULL;
    if (argc == 0)
        return print_help();
    if (!command)
        return refuse_command(argv[0]);
    char *arguments[] = {argc > 1 ? argv[1] : wanted, wanted, NULL};
    return command->run(argc > 1 ? 2 : 1, arguments);
}

static int run(int argc, char **argv)
{
    const char *name = argv[1];
    if (!strcmp(name, "help") || !strcmp(name, "--help") || !strcmp(name, "-h"))
        return help(argc - 2, argv + 2);
    if (!strcmp(name, "--version") || !strcmp(name, "-V"))
        return command_version.run(0, NULL);
    const struct command *command = find_command(name);
    return command ? command->run(argc - 2, argv + 2) : refuse_command(name);
}

int main(int argc, char **argv)
{
    hold_standard_descriptors();
    signals_prepare();
    event_set_log_callback(tell_event);
    event_set_fatal_callback(end_without_event_loop);
    /* Definitions hold secrets: no core file, and no look into our memory. */
    prctl(PR_SET_DUMPABLE, 0);
    json_memory_wipe();
    catalog_choice_conceal(argc, argv);
    catalog_use_aws(agent_call_glue);
    const char *name = argc > 1 ? argv[1] : "";
    if (!strcmp(name, "template"))
        return run_template(argc, argv);
    if (!strcmp(name, "catalog-process"))
        return run_catalog_process(argc, argv);
    if (!*name) {
        fputs("testconn: no command\nTry: testconn --help\n", stderr);
        return EXIT_USAGE;
    }
    return finish(run(argc, argv));
}
