/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_cert.c - `testconn cert check`: files of certificates held to every rule, offline. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "fd.h"
#include "options.h"
#include "output_certificates.h"
#include "text.h"

enum { FILE_MAXIMUM = 16 << 20, FILE_WAIT_MS = 5000, INPUT_WAIT_MS = 24 * 3600 * 1000 };

static struct {
    const char *host;
    const char *output;
    bool kafka;
    bool verbose;
    bool quiet;
    bool no_color;
} settings;

static const struct option_row rows[] = {
    {"kafka", 0, NULL, OPTION_FLAG, &settings.kafka, NULL, NULL,
     "the rules of KAFKA_CUSTOM_CERT, not of CUSTOM_JDBC_CERT"},
    {"name", 'n', "HOST", OPTION_TEXT, &settings.host, NULL, NULL,
     "demand that the server's certificate is for this host or address"},
    {"output", 'o', "FORMAT", OPTION_WORD, &settings.output, "text|json", "text", "text or json"},
    {"verbose", 'v', NULL, OPTION_FLAG, &settings.verbose, NULL, NULL,
     "every certificate of a long file, and every note"},
    {"quiet", 'q', NULL, OPTION_FLAG, &settings.quiet, NULL, NULL, "failures only"},
    {"no-color", 0, NULL, OPTION_FLAG, &settings.no_color, NULL, NULL, "no colour"},
    {NULL, 0, NULL, OPTION_FLAG, NULL, NULL, NULL, NULL},
};

static int run_check(int argc, char **argv);

static const struct command parts[] = {
    {
        .name = "cert check",
        .arguments = "[OPTION...] FILE...",
        .summary = "check CA files and certificate chains by every rule, offline",
        .description =
            "Check files of CA certificates or certificate chains (PEM; - is standard input): the "
            "documented rules of Glue, dates, strength, who signed whom and in which order, and "
            "what a TLS client would say. Nothing is connected to.\n"
            "\n"
            "Exit codes: 0 nothing is wrong; 1 a rule is broken or a file unreadable; 2 wrong "
            "usage.",
        .run = run_check,
        .rows = rows,
    },
    {.name = NULL},
};

static int run(int argc, char **argv);

const struct command command_cert = {
    .name = "cert",
    .arguments = "check [OPTION...] FILE...",
    .summary = "check files of certificates, offline",
    .description = "What can be said of certificates without a connection.",
    .run = run,
    .parts = parts,
};

/* The file at PATH, which may be written as file:///PATH. */
static char *read_file(const char *path, size_t *length, struct error *err)
{
    static const char scheme[] = "file://";
    if (strcmp(path, "-") == 0)
        return fd_read_all(STDIN_FILENO, "standard input", FILE_MAXIMUM,
                           deadline_in_ms(INPUT_WAIT_MS), length, err);
    bool is_url = strstr(path, "://") != NULL;
    if (is_url && text_starts(path, "file:///")) {
        path += strlen(scheme);
    } else if (is_url && access(path, F_OK) != 0) {
        error_set(err, REASON_FILE_UNREADABLE,
                  "%s: is a URL, and nothing is fetched here: get the file and give its path",
                  path);
        return NULL;
    }
    return fd_read_file(path, FILE_MAXIMUM, deadline_in_ms(FILE_WAIT_MS), length, err);
}

static void check(const char *path, const struct certificate_question *question,
                  struct checked_file *file)
{
    size_t length = 0;
    struct error err = ERROR_INIT;
    file->name = strcmp(path, "-") == 0 ? "standard input" : path;
    char *data = read_file(path, &length, &err);
    if (data) {
        file->passed = certificate_audit(file->name, data, length, question->rules, question->host,
                                         &file->audit);
        text_wipe(data, length); /* it may hold a key as well */
        free(data);
        return;
    }
    file->passed = false;
    file->audit = (struct certificate_audit){.error = err};
    certificate_audit_add(&file->audit, SEVERITY_ERROR, "file-unreadable", err.reason, 0, "%s",
                          err.message);
}

static bool print_json(const struct checked_file *files, int count, int failed,
                       const struct certificate_question *question)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, checked_file_to_json(&files[i], question));
    json_t *document = json_pack("{s:i, s:{s:i, s:i}, s:o}", "schema_version", 1, "summary", "ok",
                                 count - failed, "failed", failed, "files", list);
    bool written = json_dumpf(document, stdout, JSON_INDENT(2)) == 0;
    json_decref(document);
    return written && putchar('\n') != EOF;
}

static void print_text(const struct checked_file *files, int count, int failed,
                       const struct certificate_question *question)
{
    struct text_style style = style_for(STDOUT_FILENO, settings.no_color);
    bool begun = false;
    style.verbose = settings.verbose;
    style.quiet = settings.quiet;
    for (int i = 0; i < count; i++) {
        if (files[i].passed && style.quiet)
            continue;
        fputs(begun ? "\n" : "", stdout);
        begun = true;
        output_checked_file(stdout, &files[i], question, &style);
    }
    if (count > 1 && begun)
        printf("\n%d files: %d ok, %d failed.\n", count, count - failed, failed);
}

static int check_all(const char *const *paths, int count)
{
    struct certificate_question question = {.rules = settings.kafka ? CERTIFICATE_RULES_KAFKA
                                                                    : CERTIFICATE_RULES_JDBC,
                                            .host = settings.host};
    struct checked_file *files = xcalloc((size_t)count, sizeof *files);
    int failed = 0;
    bool written = true;
    for (int i = 0; i < count; i++) {
        check(paths[i], &question, &files[i]);
        failed += !files[i].passed;
    }
    if (strcmp(settings.output, "json") == 0)
        written = print_json(files, count, failed, &question);
    else
        print_text(files, count, failed, &question);
    for (int i = 0; i < count; i++)
        certificate_audit_release(&files[i].audit);
    free(files);
    if (!written)
        return EXIT_ERROR;
    return failed ? 1 : 0;
}

static int run_check(int argc, char **argv)
{
    const char **paths = xcalloc((size_t)argc + 1, sizeof *paths);
    int count = 0;
    int code = EXIT_USAGE;
    settings.output = "text";
    if (options_help(&parts[0], argc, argv))
        code = 0;
    else if (!options_read("cert check", rows, argc, argv, paths, &count))
        code = EXIT_USAGE;
    else if (count == 0)
        code = usage_error("cert check", "no FILE is given");
    else if (settings.host && !*settings.host)
        code = usage_error("cert check", "--name is empty");
    else
        code = check_all(paths, count);
    free(paths);
    return code;
}

static int run(int argc, char **argv)
{
    static const char *const words[] = {"check", NULL};
    if (argc > 0 && strcmp(argv[0], words[0]) == 0)
        return run_check(argc - 1, argv + 1);
    if (options_help(&command_cert, argc, argv))
        return 0;
    if (argc == 0)
        return usage_error("cert", "a subcommand is missing: check FILE...");
    const char *nearest = text_nearest(argv[0], words);
    return usage_error("cert", "unknown subcommand \"%.100s\"%s", argv[0],
                       nearest ? "; did you mean check ?" : "");
}
