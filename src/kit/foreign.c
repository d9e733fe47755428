/* SPDX-License-Identifier: Apache-2.0 */
/* foreign.c - a service that leaves without a word, asked in a way that it would answer. */
#include "testconn/probe.h"
#include "testconn/stream.h"

enum { ASKED_MS = 1000 }; /* what answers does so at once, or a few round trips later */

static bool ask(struct probe *probe, const struct endpoint *endpoint, probe_side_function *function)
{
    struct probe_side side = {.endpoint = *endpoint};
    if (!deadline_passed(probe_deadline(probe)))
        probe_sides(probe, &side, 1, function);
    return side.reached;
}

static bool hear_postgresql(struct probe *side, const struct endpoint *endpoint, void *argument,
                            struct error *err)
{
    static const unsigned char request_for_tls[] = {0, 0, 0, 8, 4, 210, 22, 47};
    char answer = 0;
    (void)argument;
    probe_hurry(side, deadline_in_ms(ASKED_MS));
    struct stream *stream = stream_open(side, endpoint, err);
    bool heard = stream &&
                 stream_write(stream, request_for_tls, sizeof request_for_tls, "a request", err) &&
                 stream_read(stream, &answer, 1, "a word", err);
    stream_close(stream);
    return heard && (answer == 'N' || answer == 'S');
}

static bool hear_tls(struct probe *side, const struct endpoint *endpoint, void *argument,
                     struct error *err)
{
    static const struct tls_policy any = {.attempt = true, .require = true};
    (void)argument;
    probe_hurry(side, deadline_in_ms(ASKED_MS));
    if (!probe_tls_expect(side, &any, err))
        return false;
    struct stream *stream = stream_open(side, endpoint, err);
    bool heard = stream && (stream_secure(stream, NULL, err) || probe_tls_spoken(side));
    stream_close(stream);
    return heard;
}

bool probe_is_postgresql(struct probe *probe, const struct endpoint *endpoint)
{
    return ask(probe, endpoint, hear_postgresql);
}

bool probe_is_tls(struct probe *probe, const struct endpoint *endpoint)
{
    return ask(probe, endpoint, hear_tls);
}
