/* SPDX-License-Identifier: Apache-2.0 */
/* waiting.c - each connection is tried again after a growing pause while that can help. */
#include "waiting.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "batch.h"
#include "commands.h"
#include "input.h"
#include "output.h"
#include "seal.h"
#include "stored.h"
#include "text.h"
#include "worker.h"

enum {
    PAUSE_FIRST_MS = 200,
    PAUSE_MOST_MS = 3000,
    ATTEMPT_LEAST_MS = 100, /* with less time left nothing more is tried */
    HURRIED_MS = 1000
};

/* What is known of one connection that is waited for. */
struct waiting {
    struct report *report; /* of the last attempt that says something; NULL: none yet */
    unsigned attempts;
    int pause_ms;   /* after the last attempt; 0: there was none */
    int timeout_ms; /* of the attempt at hand */
    bool over;
};

struct run {
    const struct waiting_settings *settings;
    struct input input;
    struct stored *stored;
    struct waiting *waiting; /* in the order of the input */
    size_t open;             /* how many are not over */
    unsigned reads;          /* of the catalog */
    struct batch *batch;
    struct text_style style;
    int name_width;
    int64_t began_us;
    struct deadline deadline;
    struct summary summary; /* of what is over */
    bool failed;            /* something that waiting cannot help */
    bool gave_up;           /* something was not over in time */
};

static double elapsed_ms(const struct run *run)
{
    return (double)(clock_now_us() - run->began_us) / 1000;
}

static void print_line(struct run *run, const struct report *report, const char *word,
                       const char *note)
{
    bool shown = !run->settings->quiet || *note;
    if (strcmp(run->settings->output, "text") != 0 || !shown)
        return;
    output_wait_line(stdout, report, word, note, elapsed_ms(run), run->name_width, &run->style);
    if (run->settings->verbose && (report->status == REPORT_OK || *note))
        output_report(stdout, report, &run->style);
    fflush(stdout);
}

/* The last word on connection KEY is its report. */
static void end_one(struct run *run, size_t key, const char *word, const char *note)
{
    struct waiting *waiting = &run->waiting[key];
    waiting->over = true;
    run->open--;
    summary_add(&run->summary, waiting->report);
    if (!stored_is_missing(run->stored, key))
        print_line(run, waiting->report, word, note);
    stored_keep(run->stored, key, waiting->report);
}

/* Between three and five quarters of PAUSE_MS: those who wait for the same do not come at once. */
static int jitter(int pause_ms)
{
    unsigned char byte = 128;
    if (getrandom(&byte, 1, GRND_NONBLOCK) != 1)
        byte = 128;
    return pause_ms * 3 / 4 + pause_ms * byte / 510;
}

static int next_pause(int pause_ms)
{
    int next_ms = pause_ms ? pause_ms * 3 / 2 : PAUSE_FIRST_MS;
    return next_ms < PAUSE_MOST_MS ? next_ms : PAUSE_MOST_MS;
}

static void begin(struct run *run, size_t key)
{
    struct waiting *waiting = &run->waiting[key];
    int left_ms = deadline_left_ms(run->deadline);
    int delay_ms = waiting->pause_ms ? jitter(waiting->pause_ms) : 0;
    if (delay_ms > left_ms - ATTEMPT_LEAST_MS)
        delay_ms = left_ms > ATTEMPT_LEAST_MS ? left_ms - ATTEMPT_LEAST_MS : 0;
    left_ms -= delay_ms;
    waiting->timeout_ms =
        left_ms < run->settings->timeout_ms ? left_ms : (int)run->settings->timeout_ms;
    struct batch_test test = {.key = key,
                              .connection = run->input.list.items[key],
                              .problems = &run->input.unset[key],
                              .delay_ms = delay_ms,
                              .timeout_ms = waiting->timeout_ms > 0 ? waiting->timeout_ms : 1};
    batch_add(run->batch, &test);
}

/* Keep REPORT unless it says less than the one before: that a hurried last attempt did not get far
 * says nothing of the service. Returns whether the state of things has changed. */
static bool keep(struct run *run, size_t key, struct report *report)
{
    struct waiting *waiting = &run->waiting[key];
    const struct report *before = waiting->report;
    bool transient = report->status != REPORT_OK && reason_info(report->code)->transient;
    bool says_little = waiting->timeout_ms < run->settings->timeout_ms &&
                       (waiting->timeout_ms < HURRIED_MS || report->code == REASON_TIMED_OUT);
    bool changed = !before || before->code != report->code || before->stage != report->stage ||
                   before->status != report->status;
    waiting->attempts++;
    if (before && transient && says_little) {
        report_free(report);
        changed = false;
    } else {
        report_free(waiting->report);
        waiting->report = report;
    }
    waiting->report->attempts = waiting->attempts;
    return changed;
}

/* It may pass by itself, and there is time to see. */
static void wait_on(struct run *run, size_t key, bool changed)
{
    struct waiting *waiting = &run->waiting[key];
    struct report *unread = stored_failure(run->stored, &run->input, key);
    report_free(unread);
    if (changed && !unread)
        print_line(run, waiting->report, "waiting", "");
    if (unread || deadline_left_ms(run->deadline) < ATTEMPT_LEAST_MS)
        return; /* told at the end */
    waiting->pause_ms = next_pause(waiting->pause_ms);
    begin(run, key);
}

static void take_report(void *argument, size_t key, struct report *report)
{
    struct run *run = argument;
    if (report->status == REPORT_SKIPPED) { /* the waiting has ended otherwise */
        if (run->waiting[key].report)
            report_free(report);
        else
            run->waiting[key].report = report;
        return;
    }
    bool changed = keep(run, key, report);
    const struct report *last = run->waiting[key].report;
    if (last->status == REPORT_OK) {
        stored_compare(run->stored, key, run->waiting[key].report);
        end_one(run, key, "ok", "");
    } else if (reason_info(last->code)->transient) {
        wait_on(run, key, changed);
    } else {
        run->failed = true;
        end_one(run, key, last->status == REPORT_ERROR ? "ERROR" : "FAILED", "waiting cannot help");
        batch_stop(run->batch);
    }
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

/* Whether every connection could be read; those that could not end the waiting before it begins. */
static bool begin_all(struct run *run)
{
    for (size_t i = 0; i < run->input.list.count; i++) {
        struct report *failure = stored_failure(run->stored, &run->input, i);
        if (!failure)
            continue;
        run->waiting[i].attempts = run->reads - 1;
        take_report(run, i, failure);
    }
    for (size_t i = 0; i < run->input.list.count && !run->failed; i++)
        if (!run->waiting[i].report)
            begin(run, i);
    return !run->failed;
}

/* Returns the signal that ended it, or 0. */
static int wait_for_all(struct run *run, struct event_base *base, struct worker_process *worker)
{
    char *folder =
        run->settings->drivers ? xstrdup(run->settings->drivers) : registry_default_folder();
    struct registry *registry = registry_new(folder);
    struct batch_settings how = {.registry = registry,
                                 .jobs = run->settings->jobs,
                                 .timeout_ms = (int)run->settings->timeout_ms,
                                 .strict = run->settings->strict};
    struct batch_listener listener = {.done = take_report, .argument = run};
    int ended_by = 0;
    free(folder);
    run->batch = batch_new(base, &how, &listener);
    if (run->input.list.count == 1)
        batch_lend_worker(run->batch, worker);
    if (begin_all(run))
        ended_by = batch_run(run->batch);
    batch_give_up(run->batch, "the waiting has ended");
    batch_free(run->batch);
    registry_free(registry);
    return ended_by;
}

/* All the time went into other tests. */
static struct report *make_unbegun(const struct connection *connection)
{
    struct error err = ERROR_INIT;
    struct report *report = report_new(connection->label, connection->type);
    error_set(&err, REASON_TIMED_OUT, "no attempt could begin in time: raise --jobs or --wait");
    report_fail(report, STAGE_INPUT, &err);
    report_finish(report);
    report->attempts = 0;
    return report;
}

/* What was not over in time, and that is over now. */
static void give_up(struct run *run)
{
    struct timespec rest = {.tv_nsec = deadline_left_ms(run->deadline) * 1000000L};
    if (run->open && rest.tv_nsec <= ATTEMPT_LEAST_MS * 1000000L)
        nanosleep(&rest, NULL);
    for (size_t i = 0; i < run->input.list.count; i++) {
        struct waiting *waiting = &run->waiting[i];
        if (waiting->over)
            continue;
        run->gave_up = true;
        char *note = text_format("gave up after %u attempt%s", waiting->attempts,
                                 waiting->attempts == 1 ? "" : "s");
        if (waiting->report && waiting->report->status == REPORT_SKIPPED) {
            report_free(waiting->report);
            waiting->report = NULL;
        }
        if (!waiting->report)
            waiting->report = make_unbegun(run->input.list.items[i]);
        end_one(run, i, "FAILED", note);
        free(note);
    }
}

/* What was not over when the waiting ended otherwise stays as it was last seen; where no attempt
 * came to an end, it is skipped. */
static void leave_open(struct run *run, bool interrupted)
{
    for (size_t i = 0; i < run->input.list.count; i++) {
        struct waiting *waiting = &run->waiting[i];
        const struct connection *connection = run->input.list.items[i];
        if (waiting->over)
            continue;
        if (!waiting->report) {
            waiting->report = report_new(connection->label, connection->type);
            report_skip(waiting->report, "the waiting has ended before");
        }
        summary_add(&run->summary, waiting->report);
        if (interrupted && waiting->report->status == REPORT_SKIPPED)
            print_line(run, waiting->report, "skipped", "");
    }
}

static void print_json(struct run *run)
{
    size_t count = run->input.list.count;
    struct report **reports = xcalloc(count, sizeof *reports);
    for (size_t i = 0; i < count; i++)
        reports[i] = run->waiting[i].report;
    run->summary.duration_ms = elapsed_ms(run);
    output_json(stdout, reports, count, &run->summary);
    free(reports);
}

/* The exit code; 0: all pass. */
static int finish(struct run *run, int ended_by)
{
    if (!ended_by && !run->failed)
        give_up(run);
    else
        leave_open(run, ended_by != 0);
    if (strcmp(run->settings->output, "json") == 0)
        print_json(run);
    stored_flush(run->stored);
    if (ended_by)
        return ended_by == SIGINT ? EXIT_INTERRUPTED : EXIT_TERMINATED;
    if (run->gave_up)
        return EXIT_DEADLINE;
    if (fflush(stdout) != 0 || ferror(stdout))
        return EXIT_ERROR;
    return summary_exit_code(&run->summary);
}

static void tell_unread(struct run *run)
{
    measure_names(run);
    for (size_t i = 0; i < run->input.list.count; i++) {
        struct report *failure = stored_failure(run->stored, &run->input, i);
        if (failure && reason_info(failure->code)->transient)
            print_line(run, failure, "waiting", "");
        report_free(failure);
    }
}

static int limit_of_read(const struct run *run, int left_ms)
{
    int timeout_ms = (int)run->settings->timeout_ms;
    int limit_ms = left_ms < timeout_ms ? left_ms : timeout_ms;
    return limit_ms > ATTEMPT_LEAST_MS ? limit_ms : ATTEMPT_LEAST_MS;
}

/* The catalog, too, may be on its way up: it is read again while that can help. What ends us then
 * is a signal or the time. */
static int read_patiently(struct run *run, const struct choice *choice)
{
    int pause_ms = 0;
    struct choice now = *choice;
    for (;;) {
        int left_ms = deadline_left_ms(run->deadline);
        catalog_choice.limit_ms = limit_of_read(run, left_ms);
        int code = choice_read("wait", &now, &run->input, &run->stored);
        left_ms = deadline_left_ms(run->deadline);
        run->reads++;
        /* What came by standard input cannot be read again. */
        if (!stored_may_pass(run->stored) || choice->input)
            return code;
        if (left_ms < ATTEMPT_LEAST_MS)
            return code ? EXIT_DEADLINE : 0;
        if (run->reads == 1)
            tell_unread(run);
        input_release(&run->input);
        stored_free(run->stored);
        pause_ms = next_pause(pause_ms);
        int delay_ms = jitter(pause_ms);
        delay_ms = delay_ms < left_ms ? delay_ms : left_ms;
        struct timespec pause = {.tv_sec = delay_ms / 1000, .tv_nsec = delay_ms % 1000 * 1000000L};
        now.patient = left_ms - delay_ms > ATTEMPT_LEAST_MS;
        nanosleep(&pause, NULL);
    }
}

int waiting_run(const struct choice *choice, const struct waiting_settings *settings)
{
    struct run run = {.settings = settings,
                      .began_us = clock_now_us(),
                      .deadline = deadline_in_ms(settings->wait_ms)};
    struct worker_process worker = WORKER_PROCESS_NONE;
    struct error ignored = ERROR_INIT;
    int status;
    batch_heed_signals();
    /* As in cmd_test.c. */
    if (!choice->input) {
        seal_prepare();
        worker_warm_up_first();
    }
    worker_process_fork(&worker, &ignored);
    struct event_base *base = event_base_new();
    run.style = style_for(STDOUT_FILENO, settings->no_color);
    run.style.verbose = settings->verbose;
    int code = read_patiently(&run, choice);
    if (code == 0) {
        run.open = run.input.list.count;
        run.waiting = xcalloc(run.open, sizeof *run.waiting);
        measure_names(&run);
        code = finish(&run, wait_for_all(&run, base, &worker));
        for (size_t i = 0; i < run.input.list.count; i++)
            report_free(run.waiting[i].report);
        free(run.waiting);
    }
    worker_process_end(&worker, &status);
    event_base_free(base);
    input_release(&run.input);
    stored_free(run.stored);
    return code;
}
