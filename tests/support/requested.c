/* SPDX-License-Identifier: Apache-2.0 */
/*
 * requested.c - requests by src/https under the kit: `requested URL CA DEADLINE_MS [KEY=VALUE...]`,
 * CA being a file or "system". It prints the report lines and each answer. Keys: method header body
 * limit proxy timeout aside plain follow times. For the tests of src/https.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"
#include "https.h"
#include "https_place.h"
#include "net_observer.h"
#include "probe_state.h"
#include "text.h"
#include "tls_observer.h"

enum { HEADERS_MAXIMUM = 8 };

/* What the command line says. */
struct asked {
    struct https_request request;
    const char *headers[HEADERS_MAXIMUM + 1];
    size_t header_count;
    unsigned long times;
    struct tls_policy tls;
};

static unsigned long number(const char *text)
{
    unsigned long value = 0;
    text_to_number(text, 0, 1UL << 40, &value);
    return value;
}

static bool take(struct asked *asked, const char *argument)
{
    const char *value = strchr(argument, '=');
    if (!value++)
        return false;
    if (text_starts(argument, "method="))
        asked->request.method = value;
    else if (text_starts(argument, "header=") && asked->header_count < HEADERS_MAXIMUM)
        asked->headers[asked->header_count++] = value;
    else if (text_starts(argument, "body=")) {
        asked->request.body = value;
        asked->request.body_length = strlen(value);
    } else if (text_starts(argument, "limit="))
        asked->request.body_limit = number(value);
    else if (text_starts(argument, "proxy="))
        asked->request.proxy = value;
    else if (text_starts(argument, "timeout="))
        asked->request.timeout_ms = (int)number(value);
    else if (text_starts(argument, "aside="))
        asked->request.aside = number(value);
    else if (text_starts(argument, "plain="))
        asked->request.plain = number(value);
    else if (text_starts(argument, "follow="))
        asked->request.follow = number(value);
    else if (text_starts(argument, "times="))
        asked->times = number(value);
    else
        return false;
    return true;
}

static bool read_arguments(int argc, char **argv, struct asked *asked, struct error *err)
{
    *asked = (struct asked){.request = {.method = "GET",
                                        .url = argv[1],
                                        .headers = asked->headers,
                                        .what = "the test's request",
                                        .property = "URL",
                                        .stage = STAGE_LOGIN},
                            .times = 1,
                            .tls = https_policy};
    for (int i = 4; i < argc; i++)
        if (!take(asked, argv[i]))
            return false;
    if (strcmp(argv[2], "system") == 0)
        return true;
    asked->tls.ca_location = argv[2];
    asked->tls.ca_property = "CA";
    asked->tls.name_property = "URL";
    asked->tls.ca_pem =
        fd_read_file(argv[2], 1 << 20, deadline_in_ms(1000), &asked->tls.ca_pem_length, err);
    asked->request.tls = &asked->tls;
    return asked->tls.ca_pem != NULL;
}

static void print_answer(struct probe *probe, const struct https_response *response)
{
    json_t *headers = json_array();
    for (size_t i = 0; i < response->header_count; i++)
        json_array_append_new(headers, json_string(response->headers[i]));
    probe_send(probe, "answer",
               json_pack("{s:i, s:i, s:s%, s:o}", "status", response->status, "length",
                         (int)response->body_length, "body", response->body,
                         response->body_length < 200 ? response->body_length : 200, "headers",
                         headers));
}

static int request(int argc, char **argv)
{
    struct error err = ERROR_INIT;
    struct asked asked;
    struct https_place place = HTTPS_PLACE_INIT;
    struct probe *probe = probe_begin(STDOUT_FILENO, deadline_in_ms((long)number(argv[3])), false);
    net_observer_start(probe);
    tls_observer_start(probe);
    if (!read_arguments(argc, argv, &asked, &err))
        return 2;
    probe_stage(probe, STAGE_CREDENTIALS);
    if (!asked.request.aside) {
        if (https_place_read(argv[1], true, false, &place, &err))
            probe_attempt(probe, &place.endpoint, STAGE_DNS);
        err = ERROR_INIT;
        if (!probe_tls_expect(probe, &asked.tls, &err))
            return 2;
    }
    struct https *https = https_new(probe);
    for (unsigned long i = 0; i < asked.times; i++) {
        struct https_response response;
        if (!https_send(https, &asked.request, &response, &err)) {
            probe_verdict_failed(probe, &err, -1);
            return 0;
        }
        print_answer(probe, &response);
        https_response_release(&response);
    }
    https_free(https);
    if (net_observer_was_bypassed(probe))
        return 3;
    probe_verdict_ok(probe);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    tls_observer_install();
    https_preload();
    /* Across a fork, as in a template's worker. */
    pid_t child = fork();
    int status = 1;
    if (child == 0)
        _exit(request(argc, argv));
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
