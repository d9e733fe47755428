/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_test.c - `testconn test`: the tests of an input, and what is printed of them. */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "choice.h"
#include "commands.h"
#include "input.h"
#include "options.h"
#include "output.h"
#include "screen.h"
#include "seal.h"
#include "stored.h"
#include "text.h"
#include "worker.h"

static struct {
    long jobs;
    long timeout_ms;
    const char *output;
    const char *drivers;
    bool strict, trace, write_back, verbose, quiet, no_color;
} settings;

static const struct option_row rows[] = {
    CHOICE_ROWS,
    {"jobs", 'j', "N", OPTION_NUMBER, &settings.jobs, NULL, "32", "tests side by side"},
    {"timeout", 't', "TIME", OPTION_DURATION, &settings.timeout_ms, NULL, "20s",
     "time for one test: 500ms, 10s, 2m"},
    {"output", 'o', "FORMAT", OPTION_WORD, &settings.output, "text|json|ndjson", "text",
     "text, json or ndjson"},
    {"strict", 0, NULL, OPTION_FLAG, &settings.strict, NULL, NULL, "refuse unknown property keys"},
    {"trace", 0, NULL, OPTION_FLAG, &settings.trace, NULL, NULL,
     "show the network path on success, too"},
    {"write-back", 0, NULL, OPTION_FLAG, &settings.write_back, NULL, NULL,
     "keep new tokens in the AWS secret that they are for (Salesforce)"},
    {"verbose", 'v', NULL, OPTION_FLAG, &settings.verbose, NULL, NULL,
     "show the stages of passed tests, too"},
    {"quiet", 'q', NULL, OPTION_FLAG, &settings.quiet, NULL, NULL, "show failures only"},
    {"no-color", 0, NULL, OPTION_FLAG, &settings.no_color, NULL, NULL,
     "no colour, also on a terminal (as NO_COLOR does)"},
    {"drivers", 0, "FOLDER", OPTION_TEXT, &settings.drivers, NULL, NULL,
     "where the driver modules are (default: beside the program)"},
    {NULL, 0, NULL, OPTION_FLAG, NULL, NULL, NULL, NULL},
};

static int run(int argc, char **argv);

const struct command command_test = {
    .name = "test",
    .arguments = "[NAME...] [OPTION...]",
    .summary = "test connections, really",
    .description =
        "Test the stored connections NAME..., or those of --input FILE: really connect, log in,\n"
        "ask a harmless question. FILE holds a ConnectionInput, a TestConnectionInput, a list of\n"
        "connections, a request of TestConnection, or the output of aws glue get-connections.\n"
        "${env:NAME} and ${file:PATH} in a value are replaced. What a test by name found becomes\n"
        "the stored connection's status; a test of a FILE stores nothing.",
    .run = run,
    .rows = rows,
};

/* One run over an input. */
struct run {
    struct input input;
    struct stored *stored;   /* where the input came from a catalog; else NULL */
    struct report **reports; /* in the order of the input */
    struct batch *batch;
    struct screen *screen;
    int name_width;
    struct summary summary;
    int error; /* errno of standard output: it takes nothing more */
};

static bool is_text(void)
{
    return strcmp(settings.output, "text") == 0;
}

static bool is_batch(const struct run *run)
{
    return run->input.list.count > 1;
}

static bool is_refused(const struct report *report)
{
    return report->code == REASON_INVALID_INPUT && report->stage == STAGE_INPUT &&
           report->stages[STAGE_INPUT].findings;
}

/* A definition that is wrong, in text: not a report but the list of its problems. */
static void print_refused(FILE *out, const struct run *run, size_t index,
                          const struct text_style *style)
{
    const struct connection *connection = run->input.list.items[index];
    output_problems(out, run->input.name, connection->label, connection->root,
                    run->reports[index]->stages[STAGE_INPUT].findings, style);
}

/* One test in text: whole where it is alone or asked for, else a line. */
static void print_text(struct run *run, size_t index)
{
    FILE *out = screen_out(run->screen);
    const struct text_style *style = screen_style(run->screen);
    const struct report *report = run->reports[index];
    if (stored_is_missing(run->stored, index))
        return;
    if (is_batch(run) && !settings.verbose) {
        output_batch_line(out, report, run->name_width, style);
        return;
    }
    if (is_refused(report))
        print_refused(out, run, index, style);
    else
        output_report(out, report, style);
    if (is_batch(run) && (report->status != REPORT_OK || !settings.quiet))
        fputc('\n', out);
}

static void take_report(void *argument, size_t key, struct report *report)
{
    struct run *run = argument;
    stored_compare(run->stored, key, report);
    run->reports[key] = report;
    summary_add(&run->summary, report);
    screen_end(run->screen, key, report->status == REPORT_OK);
    if (run->error)
        return;
    if (strcmp(settings.output, "ndjson") == 0)
        output_ndjson(stdout, report);
    else if (is_text())
        print_text(run, key);
    run->error = screen_flush(run->screen);
    stored_keep(run->stored, key, report);
    if (run->error)
        batch_stop(run->batch);
}

static void take_progress(void *argument, size_t key, enum stage stage)
{
    struct run *run = argument;
    screen_stage(run->screen, key, run->input.list.items[key]->label, stage);
}

static void measure_names(struct run *run)
{
    size_t count = run->input.list.count;
    const char **names = xcalloc(count, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = run->input.list.items[i]->label;
    run->name_width = output_name_width(names, count);
    free(names);
}

/* Names and live lines, where they are printed. */
static void open_screen(struct run *run, struct event_base *base)
{
    struct text_style style = style_for(STDOUT_FILENO, settings.no_color);
    style.verbose = settings.verbose;
    style.quiet = settings.quiet;
    if (is_text())
        measure_names(run);
    run->screen = screen_new(base, &style, run->input.list.count, run->name_width, is_text());
}

/* Test the whole input. Returns the signal that ended it, or 0. */
static int test_all(struct run *run, struct event_base *base, struct worker_process *worker)
{
    char *folder = settings.drivers ? xstrdup(settings.drivers) : registry_default_folder();
    struct registry *registry = registry_new(folder);
    struct batch_settings how = {.registry = registry,
                                 .jobs = settings.jobs,
                                 .timeout_ms = (int)settings.timeout_ms,
                                 .strict = settings.strict,
                                 .trace = settings.trace,
                                 .write_back = settings.write_back};
    struct batch_listener listener = {
        .progress = take_progress, .done = take_report, .argument = run};
    free(folder);
    run->batch = batch_new(base, &how, &listener);
    if (!is_batch(run))
        batch_lend_worker(run->batch, worker);
    for (size_t i = 0; i < run->input.list.count; i++) {
        struct report *failure = stored_failure(run->stored, &run->input, i);
        if (failure) {
            take_report(run, i, failure);
            continue;
        }
        struct batch_test test = {
            .key = i, .connection = run->input.list.items[i], .problems = &run->input.unset[i]};
        batch_add(run->batch, &test);
    }
    int ended_by = batch_run(run->batch);
    batch_give_up(run->batch, "interrupted before the test was over");
    batch_free(run->batch);
    registry_free(registry);
    return ended_by;
}

/* What the lines of a batch had no room for: the problems of definitions that are wrong. */
static void print_batch_end(const struct run *run, const struct text_style *style)
{
    for (size_t i = 0; i < run->input.list.count && !settings.verbose; i++)
        if (run->reports[i] && is_refused(run->reports[i])) {
            putchar('\n');
            print_refused(stdout, run, i, style);
        }
    if (!settings.verbose && !(settings.quiet && run->summary.ok == run->input.list.count))
        putchar('\n');
    const char *details = run->stored ? " of one: testconn test NAME" : " with --verbose.";
    output_batch_end(stdout, &run->summary, settings.verbose ? NULL : details, style);
}

/* Results that nobody got are a failure of ours; of a reader that left, it knows by itself. */
static int tell_output_error(int error)
{
    if (error != EPIPE)
        fprintf(stderr, "testconn: standard output: %s\n", strerror(error));
    clearerr(stdout);
    return EXIT_ERROR;
}

static int finish(struct run *run, int ended_by)
{
    if (!run->error)
        run->error = screen_close(run->screen);
    if (!run->error && strcmp(settings.output, "json") == 0)
        output_json(stdout, run->reports, run->input.list.count, &run->summary);
    else if (!run->error && is_text() && is_batch(run))
        print_batch_end(run, screen_style(run->screen));
    if (!run->error && (fflush(stdout) != 0 || ferror(stdout)))
        run->error = errno;
    screen_free(run->screen);
    if (ended_by)
        return ended_by == SIGINT ? EXIT_INTERRUPTED : EXIT_TERMINATED;
    return run->error ? tell_output_error(run->error) : summary_exit_code(&run->summary);
}

/* A file that is readable and holds no definition: for programs that is a report as well. */
static int tell_refused(struct run *run)
{
    struct report *report = report_new("", NULL);
    report_refuse(report, &run->input.refused, "");
    summary_add(&run->summary, report);
    run->summary.duration_ms = report->duration_ms;
    bool written = strcmp(settings.output, "json") == 0
                       ? output_json(stdout, &report, 1, &run->summary)
                       : output_ndjson(stdout, report);
    run->error = written && fflush(stdout) == 0 ? 0 : errno;
    report_free(report);
    return run->error ? tell_output_error(run->error) : summary_exit_code(&run->summary);
}

static int run_tests(const struct choice *choice)
{
    struct run run = {.error = 0};
    struct worker_process worker = WORKER_PROCESS_NONE;
    struct error ignored = ERROR_INIT;
    int64_t began_us = clock_now_us();
    int status;
    batch_heed_signals();
    /* Before anything is read: the worker confines itself beside us, and its memory holds no secret
     * of another connection. A batch does without it. */
    if (!choice->input) {
        seal_prepare();
        worker_warm_up_first();
    }
    worker_process_fork(&worker, &ignored);
    struct event_base *base = event_base_new();
    catalog_choice.limit_ms = (int)settings.timeout_ms;
    int code = choice_read("test", choice, &run.input, &run.stored);
    if (code != 0 && run.input.refused.count && !is_text())
        code = tell_refused(&run);
    if (code == 0) {
        run.reports = xcalloc(run.input.list.count, sizeof *run.reports);
        open_screen(&run, base);
        int ended_by = test_all(&run, base, &worker);
        run.summary.duration_ms = (double)(clock_now_us() - began_us) / 1000;
        code = finish(&run, ended_by);
        stored_flush(run.stored);
        for (size_t i = 0; i < run.input.list.count; i++)
            report_free(run.reports[i]);
        free(run.reports);
    }
    worker_process_end(&worker, &status);
    event_base_free(base);
    input_release(&run.input);
    stored_free(run.stored);
    return code;
}

static int run(int argc, char **argv)
{
    const char **names = xcalloc((size_t)argc + 1, sizeof *names);
    struct choice choice;
    int count = 0;
    int code = EXIT_USAGE;
    settings.jobs = 32;
    settings.timeout_ms = 20000;
    settings.output = "text";
    if (options_help(&command_test, argc, argv))
        code = 0;
    else if (options_read("test", rows, argc, argv, names, &count) &&
             choice_check("test", names, (size_t)count, &choice))
        code = run_tests(&choice);
    free(names);
    return code;
}
