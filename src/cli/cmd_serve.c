/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_serve.c - `testconn serve`: settings from the command line, a file and defaults, in that
 * order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog_choice.h"
#include "commands.h"
#include "first_process.h"
#include "log.h"
#include "options.h"
#include "registry.h"
#include "service.h"
#include "settings_file.h"
#include "text.h"

enum { TIMEOUT_MAXIMUM_MS = 28000, LIST_MAXIMUM = 256 };

static struct {
    struct option_texts listen, allow, deny, allow_files;
    const char *credentials, *tls_certificate, *tls_key, *upstream, *drivers, *config, *log_format,
        *log_level;
    long max_tests, timeout_ms, max_connections, drain_ms;
    bool stateless, check_config;
} settings;

static const struct option_row rows[] = {
    {"listen", 'l', "ADDRESS", OPTION_TEXTS, &settings.listen, NULL, "127.0.0.1:9480",
     "HOST:PORT to be asked at; repeated: at each. Beyond this host only with --credentials"},
    CATALOG_CHOICE_ROWS,
    CATALOG_ENCRYPT_ROW,
    {"stateless", 0, NULL, OPTION_FLAG, &settings.stateless, NULL, NULL,
     "no catalog: TestConnection with TestConnectionInput only"},
    {"credentials", 0, "FILE", OPTION_TEXT, &settings.credentials, NULL, NULL,
     "access keys, one a line: ACCESS_KEY_ID SECRET_ACCESS_KEY and, unless it has all, its rights "
     "of test, read, secrets, write. Mode 0600. Every request is then to be signed (SigV4)"},
    {"tls-certificate", 0, "FILE", OPTION_TEXT, &settings.tls_certificate, NULL, NULL,
     "speak TLS with this certificate (PEM, with those between it and the root)"},
    {"tls-key", 0, "FILE", OPTION_TEXT, &settings.tls_key, NULL, NULL, "and its key (PEM)"},
    {"upstream", 'u', "URL", OPTION_TEXT, &settings.upstream, NULL, NULL,
     "pass on to http://HOST:PORT what is not ours, as to an emulator of AWS"},
    {"max-tests", 'j', "N", OPTION_NUMBER, &settings.max_tests, NULL, "256",
     "tests at a time; the next is refused with ResourceNumberLimitExceededException"},
    {"timeout", 't', "TIME", OPTION_DURATION, &settings.timeout_ms, NULL, "20s",
     "time for one test, at most 28s: clients repeat a call that is silent for 30s"},
    {"allow", 0, "RULE", OPTION_TEXTS, &settings.allow, NULL, NULL,
     "what tests may connect to: an address, NETWORK/BITS, HOST, *.DOMAIN or *, and :PORT or "
     ":PORT-PORT; several with commas between them. Everything else is then denied"},
    {"deny", 0, "RULE", OPTION_TEXTS, &settings.deny, NULL, NULL,
     "what they may not. Beyond this host link-local addresses and multicast are denied anyway, "
     "unless --allow names their network"},
    {"allow-files", 0, "FOLDER", OPTION_TEXTS, &settings.allow_files, NULL, NULL,
     "let definitions of callers name files in FOLDER"},
    {"max-connections", 0, "N", OPTION_NUMBER, &settings.max_connections, NULL, "20000",
     "open connections of clients"},
    {"drain", 0, "TIME", OPTION_DURATION, &settings.drain_ms, NULL, "30s",
     "how long SIGTERM waits for what is in work"},
    {"log-format", 0, "FORMAT", OPTION_WORD, &settings.log_format, "logfmt|json", "logfmt",
     "logfmt or json, on standard error"},
    {"log-level", 0, "LEVEL", OPTION_WORD, &settings.log_level, "debug|info|warn|error", "info",
     "debug, info, warn or error"},
    {"drivers", 0, "FOLDER", OPTION_TEXT, &settings.drivers, NULL, NULL,
     "where the driver modules are (default: beside the program)"},
    {"config", 'c', "FILE", OPTION_TEXT, &settings.config, NULL, NULL,
     "a YAML file of these options by their names (default: $TESTCONN_CONFIG)"},
    {"check-config", 0, NULL, OPTION_FLAG, &settings.check_config, NULL, NULL,
     "check options and file, and end"},
    {NULL, 0, NULL, OPTION_FLAG, NULL, NULL, NULL, NULL},
};

static int run_serve(int argc, char **argv);

const struct command command_serve = {
    .name = "serve",
    .arguments = "[OPTION...]",
    .summary = "answer the connection operations of the Glue API over HTTP",
    .description =
        "Answer CreateConnection, GetConnection, GetConnections, UpdateConnection,\n"
        "DeleteConnection, BatchDeleteConnection and TestConnection to the clients of AWS, whose\n"
        "endpoint is this service:\n"
        "  aws glue test-connection --connection-name orders --endpoint-url http://127.0.0.1:9480\n"
        "\n"
        "Beside them: POST /v1/test and GET /v1/reports/REQUEST-ID (whole reports), /metrics,\n"
        "/probe?target=NAME (Prometheus), /livez, /readyz. SIGTERM lets what runs come to its\n"
        "end, as SIGINT and SIGHUP do. As process 1 of a container it reaps whoever was left "
        "behind.",
    .run = run_serve,
    .rows = rows,
};

/* Texts taken apart where they hold several. */
struct split {
    char *text;
    const char *items[LIST_MAXIMUM];
    size_t count;
};

static struct service_texts split_texts(const struct option_texts *texts, struct split *split)
{
    struct text_buffer joined = TEXT_BUFFER_INIT;
    for (size_t i = 0; i < texts->count; i++)
        text_append_format(&joined, "%s,", texts->items[i]);
    split->count = 0;
    split->text = text_take(&joined);
    char *rest = split->text;
    for (char *item; (item = strsep(&rest, ", ")) && split->count < LIST_MAXIMUM;)
        if (*item)
            split->items[split->count++] = item;
    return (struct service_texts){split->items, split->count};
}

static bool read_settings(int argc, char **argv)
{
    const char **rest = xcalloc((size_t)argc + 1, sizeof *rest);
    int count = 0;
    bool right = options_read("serve", rows, argc, argv, rest, &count);
    if (right && count)
        right = !usage_error("serve", "\"%s\" is no option", rest[0]);
    free(rest);
    const char *variable = getenv("TESTCONN_CONFIG");
    const char *file = settings.config ? settings.config : variable && *variable ? variable : NULL;
    if (!right || (file && !settings_file_read("serve", rows, file)))
        return false;
    options_set_defaults("serve", rows);
    if (settings.timeout_ms > TIMEOUT_MAXIMUM_MS)
        return !usage_error("serve", "--timeout: at most 28s: clients repeat a call after 30s");
    if (!settings.tls_certificate != !settings.tls_key)
        return !usage_error("serve", "--tls-certificate and --tls-key belong together");
    if (settings.stateless && (catalog_choice.url || catalog_choice.encrypt))
        return !usage_error("serve", "--stateless and --%s exclude each other",
                            catalog_choice.url ? "catalog" : "encrypt-passwords");
    return true;
}

static void begin_log(void)
{
    enum log_level level = LOG_INFO;
    if (strcmp(settings.log_level, "debug") == 0)
        level = LOG_DEBUG;
    else if (strcmp(settings.log_level, "warn") == 0)
        level = LOG_WARN;
    else if (strcmp(settings.log_level, "error") == 0)
        level = LOG_ERROR;
    log_begin(level, strcmp(settings.log_format, "json") == 0);
}

/* The catalog as well, which the service itself leaves to another process; but nobody has to be
 * there who is asked over the network. */
static bool check(const struct service_settings *service, struct error *err)
{
    bool here = service->catalog && !text_starts(service->catalog, "postgresql:");
    struct catalog *catalog = here ? catalog_choice_open(err) : NULL;
    bool opened = catalog || !here;
    catalog_close(catalog);
    return opened && service_check(service, err);
}

static int serve(const struct service_settings *service)
{
    struct error err = ERROR_INIT;
    if (!settings.check_config)
        first_process_stay_behind();
    bool right = settings.check_config ? check(service, &err) : service_run(service, &err);
    if (right && settings.check_config)
        puts("testconn serve: the settings are right");
    if (right)
        return 0;
    catalog_complain("serve", &err);
    return err.reason == REASON_INVALID_INPUT ? EXIT_USAGE : EXIT_ERROR;
}

static int run_serve(int argc, char **argv)
{
    struct error err = ERROR_INIT;
    if (options_help(&command_serve, argc, argv))
        return 0;
    if (!read_settings(argc, argv))
        return EXIT_USAGE;
    begin_log();
    char *url = settings.stateless ? NULL : catalog_choice_url(&err);
    if (!url && !settings.stateless) {
        catalog_complain("serve", &err);
        return EXIT_USAGE;
    }
    char *folder = settings.drivers ? xstrdup(settings.drivers) : registry_default_folder();
    struct split listen, allow, deny;
    struct service_settings service = {
        .listen = split_texts(&settings.listen, &listen),
        .catalog = url,
        .key_file = catalog_choice.key_file,
        .encrypt = catalog_choice_encryption(),
        .tls_certificate = settings.tls_certificate,
        .tls_key = settings.tls_key,
        .upstream = settings.upstream,
        .credentials = settings.credentials,
        .drivers = folder,
        .tests = settings.max_tests,
        .timeout_ms = settings.timeout_ms,
        .connections = settings.max_connections,
        .drain_ms = settings.drain_ms,
        .allow = split_texts(&settings.allow, &allow),
        .deny = split_texts(&settings.deny, &deny),
        .files = {settings.allow_files.items, settings.allow_files.count},
    };
    int code = serve(&service);
    free(listen.text);
    free(allow.text);
    free(deny.text);
    free(url);
    free(folder);
    return code;
}
