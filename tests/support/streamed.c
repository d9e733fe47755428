/* SPDX-License-Identifier: Apache-2.0 */
/*
 * streamed.c - a program that connects by kit/stream: `streamed tls|plain CA HOST PORT...`. It says
 * "hello" and waits for five bytes. Of one port the test is told as report lines; several are
 * connected to side by side, and each outcome is a line. For the tests of the observers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca_policy.h"
#include "net_observer.h"
#include "probe_state.h"
#include "testconn/stream.h"
#include "text.h"
#include "tls_observer.h"

enum { BUDGET_MS = 2000, SIDES_MAXIMUM = 32 };

static bool over_tls;

static bool greet(struct probe *probe, const struct endpoint *endpoint, void *argument,
                  struct error *err)
{
    char answer[5];
    struct stream *stream = stream_open(probe, endpoint, err);
    (void)argument;
    bool done = stream && (!over_tls || stream_secure(stream, NULL, err));
    if (done)
        probe_stage(probe, STAGE_LOGIN);
    done = done && stream_write(stream, "hello", 5, "the greeting", err) &&
           stream_read(stream, answer, sizeof answer, "its answer to the greeting", err);
    stream_close(stream);
    return done;
}

static void greet_all(struct probe *probe, const struct endpoint *endpoints, size_t count)
{
    struct probe_side sides[SIDES_MAXIMUM];
    for (size_t i = 0; i < count; i++)
        sides[i] = (struct probe_side){.endpoint = endpoints[i]};
    probe_sides(probe, sides, count, greet);
    for (size_t i = 0; i < count; i++) {
        json_t *line = json_pack(
            "{s:b, s:s, s:s, s:s, s:s, s:i}", "ok", sides[i].reached, "stage",
            stage_name(sides[i].stage), "code", reason_name(sides[i].error.reason), "reason",
            sides[i].error.message, "address", sides[i].address, "port", sides[i].endpoint.port);
        json_dumpf(line, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(line);
    }
}

int main(int argc, char **argv)
{
    struct error err = ERROR_INIT;
    struct tls_policy tls;
    struct endpoint endpoints[SIDES_MAXIMUM];
    size_t count = 0;
    if (argc < 5 || argc - 4 > SIDES_MAXIMUM || !ca_policy_read(argv[2], &tls, &err))
        return 2;
    over_tls = strcmp(argv[1], "tls") == 0;
    for (char **port = argv + 4; *port; port++, count++) {
        unsigned long number = 0;
        if (!text_to_number(*port, 1, 65535, &number))
            return 2;
        endpoints[count] = (struct endpoint){.host = argv[3], .port = (uint16_t)number};
    }
    tls_observer_install();
    struct probe *probe = probe_begin(STDOUT_FILENO, deadline_in_ms(BUDGET_MS), false);
    net_observer_start(probe);
    tls_observer_start(probe);
    probe_attempt(probe, &endpoints[0], STAGE_DNS);
    if (over_tls && !probe_tls_expect(probe, &tls, &err))
        return 2;
    if (count > 1)
        greet_all(probe, endpoints, count);
    else if (greet(probe, &endpoints[0], NULL, &err))
        probe_verdict_ok(probe);
    else
        probe_verdict_failed(probe, &err, -1);
    /* As a worker ends. */
    fflush(stdout);
    _exit(0);
}
