/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_test.c - `testconn test`: one connection by a worker of our own, many through templates. */
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "input.h"
#include "launch.h"
#include "options.h"
#include "output.h"
#include "resolve.h"
#include "text.h"

enum { READY_WORKERS = 2 };

static struct {
    const char *input;
    long jobs;
    long timeout_ms;
    const char *output;
    const char *drivers;
    bool strict, trace, verbose, quiet, no_color;
} settings;

static const struct option_row rows[] = {
    {"input", 'i', "FILE", OPTION_TEXT, &settings.input, NULL, NULL,
     "definitions to test, JSON or YAML; - is standard input"},
    {"jobs", 'j', "N", OPTION_NUMBER, &settings.jobs, NULL, "32", "tests side by side"},
    {"timeout", 't', "TIME", OPTION_DURATION, &settings.timeout_ms, NULL, "20s",
     "time for one test: 500ms, 10s, 2m"},
    {"output", 'o', "FORMAT", OPTION_WORD, &settings.output, "text|json|ndjson", "text",
     "text, json or ndjson"},
    {"strict", 0, NULL, OPTION_FLAG, &settings.strict, NULL, NULL, "refuse unknown property keys"},
    {"trace", 0, NULL, OPTION_FLAG, &settings.trace, NULL, NULL,
     "show the network path on success, too"},
    {"verbose", 'v', NULL, OPTION_FLAG, &settings.verbose, NULL, NULL,
     "show the stages of passed tests, too"},
    {"quiet", 'q', NULL, OPTION_FLAG, &settings.quiet, NULL, NULL, "show failures only"},
    {"no-color", 0, NULL, OPTION_FLAG, &settings.no_color, NULL, NULL,
     "no colour, also on a terminal (as NO_COLOR does)"},
    {"drivers", 0, "FOLDER", OPTION_TEXT, &settings.drivers, NULL, NULL,
     "where the driver modules are (default: beside the program)"},
    {NULL, 0, NULL, OPTION_FLAG, NULL, NULL, NULL, NULL},
};

static const struct command command = {
    "test", "--input FILE [OPTION...]",
    "Test the connections of FILE: really connect, log in, ask a harmless question.\n"
    "FILE holds a ConnectionInput, a TestConnectionInput, a list of connections, or the output of\n"
    "aws glue get-connections. ${env:NAME} and ${file:PATH} in a value are replaced.",
    cmd_test};

struct run;

/* A test of a run, as the launcher's callbacks know it. */
struct slot {
    struct run *run;
    size_t index;
};

/* One run over an input. */
struct run {
    struct input input;
    struct registry *registry;
    struct text_style style;
    struct event_base *base;
    struct launcher *launcher;
    struct report **reports; /* in the order of the input */
    struct launch **flying;  /* likewise; NULL: not running */
    struct slot *slots;      /* likewise */
    size_t next;             /* first not begun */
    size_t running;
    int name_width;
    struct summary summary;
    struct worker_process worker; /* for a single connection */
    struct error worker_error;    /* why there is none */
    int64_t began_us;
    int signal;  /* that ended the run; 0: none */
    bool broken; /* standard output takes nothing more */
};

static bool is_text(void)
{
    return strcmp(settings.output, "text") == 0;
}

static bool is_batch(const struct run *run)
{
    return run->input.list.count > 1;
}

/* A definition that is wrong, in text: not a report but the list of its problems. */
static void print_refused(struct run *run, size_t index, const struct problems *problems)
{
    const struct connection *connection = run->input.list.items[index];
    output_problems(stdout, run->input.name, connection->label, connection->root, problems);
    if (is_batch(run))
        putchar('\n');
}

static void deliver(struct run *run, size_t index, struct report *report,
                    const struct problems *problems)
{
    run->reports[index] = report;
    summary_add(&run->summary, report);
    if (strcmp(settings.output, "ndjson") == 0)
        run->broken = run->broken || !output_ndjson(stdout, report);
    else if (is_text() && problems)
        print_refused(run, index, problems);
    else if (is_text() && is_batch(run))
        output_batch_line(stdout, report, run->name_width, &run->style);
    else if (is_text())
        output_report(stdout, report, &run->style);
    if (fflush(stdout) != 0 || ferror(stdout))
        run->broken = true;
    if (run->broken && run->base)
        event_base_loopbreak(run->base);
}

/* What needs no worker to be known: true when the connection is to be tested. */
static bool check(struct run *run, size_t index, struct resolution *resolution)
{
    const struct connection *connection = run->input.list.items[index];
    resolve(connection, run->registry, settings.strict, resolution);
    for (size_t i = 0; i < run->input.unset[index].count; i++)
        problems_add(&resolution->problems, run->input.unset[index].items[i].path, "environment",
                     "%s", run->input.unset[index].items[i].text);
    if (resolution->problems.refused == 0 && resolution->reason == REASON_NONE)
        return true;
    struct report *report = report_new(connection->label, connection->type);
    if (resolution->problems.refused) {
        report_refuse(report, &resolution->problems, connection->root);
        deliver(run, index, report, &resolution->problems);
    } else {
        report_add_problems(report, &resolution->problems);
        report_fail(report, STAGE_INPUT, &resolution->error);
        report_finish(report);
        deliver(run, index, report, NULL);
    }
    return false;
}

static struct launch_request make_request(const struct run *run, size_t index,
                                          const struct resolution *resolution)
{
    const char *driver = resolution->target ? resolution->target->driver : NULL;
    const struct manifest *manifest = driver ? registry_find_name(run->registry, driver) : NULL;
    return (struct launch_request){.connection = run->input.list.items[index],
                                   .driver = driver,
                                   .module_path = manifest ? manifest->module_path : NULL,
                                   .drivers_folder = run->registry->folder,
                                   .timeout_ms = (int)settings.timeout_ms,
                                   .strict = settings.strict,
                                   .trace = settings.trace};
}

static void begin_more(struct run *run);

static void end_one(struct launch *launch, struct report *report, void *argument)
{
    struct slot *slot = argument;
    struct run *run = slot->run;
    size_t index = slot->index;
    (void)launch;
    run->flying[index] = NULL;
    run->running--;
    deliver(run, index, report, NULL);
    begin_more(run);
}

static struct slot *take_slot(struct run *run, size_t index)
{
    run->running++;
    run->slots[index] = (struct slot){.run = run, .index = index};
    return &run->slots[index];
}

static void begin_one(struct run *run, size_t index)
{
    struct resolution resolution;
    resolution_init(&resolution);
    if (check(run, index, &resolution)) {
        struct launch_request request = make_request(run, index, &resolution);
        run->flying[index] =
            launcher_begin(run->launcher, &request, end_one, NULL, take_slot(run, index));
        launch_add_problems(run->flying[index], &resolution.problems);
    }
    resolution_release(&resolution);
}

static void begin_more(struct run *run)
{
    while (!run->broken && !run->signal && run->running < (size_t)settings.jobs &&
           run->next < run->input.list.count)
        begin_one(run, run->next++);
    if (run->running == 0)
        event_base_loopbreak(run->base);
}

static void see_signal(evutil_socket_t number, short what, void *argument)
{
    struct run *run = argument;
    (void)what;
    run->signal = (int)number;
    event_base_loopbreak(run->base);
}

/* ^C before the loop watches for it, or a second one after: nothing is known that could be told. */
static void leave(int number)
{
    _exit(number == SIGINT ? EXIT_INTERRUPTED : EXIT_TERMINATED);
}

static void heed_signals(void)
{
    struct sigaction action = {.sa_handler = leave};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* Run the loop until all is done, ^C, or nobody reads us any more. */
static void loop(struct run *run)
{
    struct event *interrupt = evsignal_new(run->base, SIGINT, see_signal, run);
    struct event *terminate = evsignal_new(run->base, SIGTERM, see_signal, run);
    event_add(interrupt, NULL);
    event_add(terminate, NULL);
    if (run->launcher)
        begin_more(run);
    if (run->running > 0)
        event_base_dispatch(run->base);
    event_free(interrupt);
    event_free(terminate);
}

static void run_batch(struct run *run)
{
    run->base = event_base_new();
    run->launcher = launcher_new(run->base, READY_WORKERS);
    loop(run);
    launcher_free(run->launcher);
    event_base_free(run->base);
}

static void tell_failed(struct run *run, const struct error *err)
{
    const struct connection *connection = run->input.list.items[0];
    struct report *report = report_new(connection->label, connection->type);
    report_fail(report, STAGE_INPUT, err);
    report_finish(report);
    deliver(run, 0, report, NULL);
}

static void watch_single(struct run *run, struct launch *launch)
{
    run->base = event_base_new();
    run->flying[0] = launch;
    launch_watch(launch, run->base, end_one, NULL, take_slot(run, 0));
    run->next = 1;
    loop(run);
    if (run->flying[0])
        launch_cancel(run->flying[0]);
    event_base_free(run->base);
    run->base = NULL;
}

static void run_single(struct run *run)
{
    struct resolution resolution;
    struct error err = run->worker_error;
    resolution_init(&resolution);
    if (check(run, 0, &resolution)) {
        struct launch_request request = make_request(run, 0, &resolution);
        struct launch *launch =
            err.reason == REASON_NONE ? launch_hand_over(&run->worker, &request, &err) : NULL;
        if (launch) {
            launch_add_problems(launch, &resolution.problems);
            watch_single(run, launch);
        } else {
            tell_failed(run, &err);
        }
    }
    resolution_release(&resolution);
}

static void measure_names(struct run *run)
{
    for (size_t i = 0; i < run->input.list.count; i++) {
        int length = (int)strlen(run->input.list.items[i]->label);
        if (length > run->name_width)
            run->name_width = length > 30 ? 30 : length;
    }
}

static int finish(struct run *run)
{
    run->summary.duration_ms = (double)(clock_now_us() - run->began_us) / 1000;
    if (strcmp(settings.output, "json") == 0)
        run->broken = !output_json(stdout, run->reports, run->input.list.count, &run->summary);
    else if (is_text() && is_batch(run) && !run->broken)
        output_batch_end(stdout, &run->summary);
    fflush(stdout);
    if (run->signal)
        return run->signal == SIGINT ? EXIT_INTERRUPTED : EXIT_TERMINATED;
    return summary_exit_code(&run->summary);
}

static void release(struct run *run)
{
    for (size_t i = 0; i < run->input.list.count; i++)
        report_free(run->reports[i]);
    free(run->reports);
    free(run->flying);
    free(run->slots);
    registry_free(run->registry);
    input_release(&run->input);
}

static int run_input(void)
{
    struct run run = {.began_us = clock_now_us(), .worker = WORKER_PROCESS_NONE};
    int status;
    heed_signals();
    /* Before anything is read: the worker confines itself beside us, and its memory holds no secret
     * of another connection. A batch does without it. */
    worker_process_fork(&run.worker, &run.worker_error);
    if (!input_read(settings.input, &run.input)) {
        worker_process_end(&run.worker, &status);
        return EXIT_USAGE;
    }
    if (is_batch(&run))
        worker_process_end(&run.worker, &status);
    char *folder = settings.drivers ? xstrdup(settings.drivers) : registry_default_folder();
    run.registry = registry_new(folder);
    free(folder);
    run.style = (struct text_style){.color = isatty(STDOUT_FILENO) && !settings.no_color &&
                                             !getenv("NO_COLOR"),
                                    .verbose = settings.verbose,
                                    .quiet = settings.quiet};
    run.reports = xcalloc(run.input.list.count, sizeof *run.reports);
    run.flying = xcalloc(run.input.list.count, sizeof *run.flying);
    run.slots = xcalloc(run.input.list.count, sizeof *run.slots);
    measure_names(&run);
    if (is_batch(&run))
        run_batch(&run);
    else
        run_single(&run);
    worker_process_end(&run.worker, &status);
    int code = finish(&run);
    release(&run);
    return code;
}

int cmd_test(int argc, char **argv)
{
    const char **names = xcalloc((size_t)argc + 1, sizeof *names);
    int count = 0;
    settings.jobs = 32;
    settings.timeout_ms = 20000;
    settings.output = "text";
    bool helped = options_help(&command, rows, argc, argv);
    bool read = helped || options_read("test", rows, argc, argv, names, &count);
    int code = helped ? 0 : EXIT_USAGE;
    if (!helped && read && count > 0 && settings.input)
        usage_error("test", "a NAME (%s) and --input cannot be given together", names[0]);
    else if (!helped && read && count > 0)
        usage_error("test",
                    "%s: this version has no catalog of stored connections; give --input FILE",
                    names[0]);
    else if (!helped && read && !settings.input)
        usage_error("test", "nothing to test: give --input FILE");
    else if (!helped && read)
        code = run_input();
    free(names);
    return code;
}
