/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network_identify.c - what answers on an open port, found out as a careful operator would.
 *
 * 1. Listen: services that greet first tell for free. On the ports of such services this is all
 *    that is done, with more patience.
 * 2. On that same connection, the first opening that fits the port; then the others, each once and
 *    on a connection of its own, until something answers. network_openings.c has their words.
 * 3. What neither answers nor closes upon the openings for all is silent: it gets the rest at once
 *    and then a last moment, all within a few round trips. What closes is alive, and is asked one
 *    by one with patience.
 *
 * A service that speaks MySQL, SSH, SMTP or the like has heard nothing from us but a connection.
 */
#include "network_identify.h"

#include <string.h>
#include <sys/prctl.h>

#include "network_facts.h"
#include "network_talk.h"
#include "network_tls.h"

/* Microseconds; to each are added some round trips. */
enum {
    GREETING_US = 500,     /* who greets first: nothing has to be said then */
    FIRST_US = 700,        /* PostgreSQL makes a process first, and would log what comes next */
    UNIT_US = 200,         /* between one step and the next where nothing is expected */
    LAST_US = 300,         /* after the last */
    EXPECTED_US = 60000,   /* for what the port is known for */
    GREETER_US = 150000,   /* likewise, where the service speaks first: it may look our name up */
    ALIVE_US = 100000,     /* for what has shown to be alive */
    HANDSHAKE_US = 500000, /* for TLS once it has answered */
    STARVED_US = 300,      /* waiting for a processor: no more is ordinary */
    BUSY_US = 20000,       /* more for a service on a busy machine */
    MANY_US = 40000,       /* more where many are tested at once */
    MORE_US = 200000,      /* and that is the most */
    RESERVE_US = 50000     /* of the test's time, for the report */
};

struct identification {
    struct probe *probe;
    const struct endpoint *endpoint;
    struct probe_address *addresses;
    size_t address; /* index of the one that is asked */
    struct talks talks;
    struct talk *answer; /* the first that said something */
    int64_t round_trip_us;
    int64_t began_us;
    int64_t starved_us; /* of a processor, when it began */
    bool alive;         /* something was closed upon what we said */
    bool hung_up;       /* closed before we said anything */
    struct network_tls tls;
};

/* WAIT_US and SOME round trips, but never so long that the test runs out of time. */
static int64_t patience(const struct identification *it, int64_t wait_us, int some)
{
    int64_t left_us = (int64_t)deadline_left_ms(probe_deadline(it->probe)) * 1000 - RESERVE_US;
    wait_us += some * it->round_trip_us;
    return left_us < 0 ? 0 : wait_us < left_us ? wait_us : left_us;
}

static bool among_many;

void network_expect_many(void)
{
    among_many = true;
}

/* More time for a service that may be late: where many are tested at once, and on a busy machine.
 */
static int64_t busy(const struct identification *it)
{
    int64_t starved_us = talk_starved_us() - it->starved_us;
    int waiting = talk_waiting_processes();
    int64_t more_us = 4 * starved_us + (among_many ? MANY_US : BUSY_US * (1 + waiting));
    if (!among_many && starved_us < STARVED_US && waiting == 0)
        return 0;
    return more_us < MORE_US ? more_us : MORE_US;
}

static void listen_for(struct identification *it, const struct talk *one, int64_t wait_us)
{
    it->answer = talk_listen(&it->talks, one, wait_us);
    for (size_t i = 0; i < it->talks.count; i++)
        it->alive = it->alive || (it->talks.list[i].ended && it->talks.list[i].opening);
}

static struct talk *open_talk(struct identification *it, const struct opening *opening,
                              bool handshake)
{
    int fd = probe_reach_again(it->probe, &it->addresses[it->address]);
    if (fd < 0)
        return NULL;
    struct talk *talk = talk_add(&it->talks, fd, it->address);
    talk_open(talk, opening, handshake ? network_tls_new(&it->tls, fd) : NULL);
    return talk;
}

static void listen_for_greeting(struct identification *it, struct talk *first, bool greeter)
{
    listen_for(it, first, patience(it, greeter ? GREETER_US : GREETING_US, greeter ? 4 : 2));
    int64_t more_us = it->answer || it->hung_up || first->ended ? 0 : busy(it);
    if (more_us)
        listen_for(it, first, patience(it, more_us, 0));
    it->hung_up = !it->answer && first->ended;
}

/* All that may be said, in its order. */
static void say_openings(struct identification *it, struct talk *first,
                         const struct opening *const *order, size_t count, bool expected)
{
    const struct opening *opening = order[0];
    struct talk *talk = first;
    talk_open(first, opening,
              opening == opening_tls() ? network_tls_new(&it->tls, first->fd) : NULL);
    listen_for(it, first, patience(it, expected ? EXPECTED_US : FIRST_US, expected ? 4 : 2));
    bool asked_all = opening_is_for_all(opening);
    for (size_t i = 1; i < count && !it->answer; i++) {
        if (!(talk = open_talk(it, order[i], false)))
            return;
        if (it->alive)
            listen_for(it, talk, patience(it, ALIVE_US, 4));
        else if (!asked_all)
            listen_for(it, talk, patience(it, UNIT_US, 3));
        asked_all = asked_all || opening_is_for_all(order[i]);
    }
    if (!it->answer)
        listen_for(it, NULL, patience(it, LAST_US + busy(it), 3));
    if (!it->answer && it->alive)
        listen_for(it, NULL, patience(it, ALIVE_US, 4));
}

/* Some answer a plain request to their TLS port in the clear: an alert, or HTTP's "400". */
static bool may_be_tls(const struct talk *answer, const char *speaks)
{
    return !answer->ssl &&
           (strcmp(speaks, "TLS") == 0 || (strcmp(speaks, "HTTP") == 0 && answer->length > 12 &&
                                           memcmp(answer->bytes + 8, " 400", 4) == 0));
}

static bool is_tls(const struct talk *talk)
{
    return talk->length > 1 && (talk->bytes[0] == 0x16 || talk->bytes[0] == 0x15) &&
           talk->bytes[1] == 3;
}

static struct talk *ask_for_tls(struct identification *it)
{
    probe_aside(it->probe, true);
    struct talk *talk = open_talk(it, opening_tls(), true);
    if (talk)
        talk_settle(&it->talks, talk, patience(it, ALIVE_US, 4));
    probe_aside(it->probe, false);
    return talk && is_tls(talk) ? talk : NULL;
}

static void report_answer(struct identification *it)
{
    const char *speaks = opening_answer(it->answer->opening, it->answer->bytes, it->answer->length);
    if (!speaks)
        talk_settle(&it->talks, it->answer, patience(it, UNIT_US * 4, 2));
    if (!speaks)
        speaks = opening_answer(it->answer->opening, it->answer->bytes, it->answer->length);
    if (!speaks) {
        network_note_unknown(it->probe, it->answer);
        return;
    }
    struct talk *tls = it->answer->ssl && is_tls(it->answer) ? it->answer : NULL;
    if (may_be_tls(it->answer, speaks) && (tls = ask_for_tls(it)))
        speaks = "TLS";
    it->addresses[it->address].speaks = speaks;
    network_note_protocol(it->probe, it->answer, speaks);
    if (strcmp(speaks, "PostgreSQL") == 0 && it->answer->length == 1) {
        bool offered = it->answer->bytes[0] == 'S';
        probe_note_boolean(it->probe, "tls_offered", offered);
        tls = offered ? it->answer : NULL;
    }
    if (tls)
        network_tls_report(&it->tls, &tls->ssl, tls->fd, patience(it, HANDSHAKE_US, 10));
}

static void report(struct identification *it, bool spoken)
{
    double listened_ms = (double)(clock_now_us() - it->began_us) / 1000;
    if (it->answer)
        report_answer(it);
    else if (it->hung_up || it->alive)
        probe_note(it->probe, "closes", it->hung_up ? "at once" : "when spoken to");
    else {
        probe_note_boolean(it->probe, "silent", true);
        probe_note_number(it->probe, "listened_ms", listened_ms);
        if (!spoken)
            probe_finding(it->probe, SEVERITY_NOTE, "nothing-was-said", NULL,
                          "port %u is known for a service that speaks first, so nothing was said "
                          "to it: what waits for its client stays silent",
                          it->endpoint->port);
    }
}

/* What others than the one asked say by themselves; where that one has greeted they should, too. */
static void read_others(struct identification *it)
{
    int64_t end_us = clock_now_us() + patience(it, EXPECTED_US + busy(it), 2);
    for (size_t i = 0; i < it->talks.count; i++) {
        const struct talk *talk = &it->talks.list[i];
        int64_t left_us = end_us - clock_now_us();
        if (talk->address == it->address)
            continue;
        if (!talk->length && it->answer && !it->answer->opening && left_us > 0)
            talk_settle(&it->talks, talk, left_us);
        if (talk->length)
            it->addresses[talk->address].speaks = opening_answer(NULL, talk->bytes, talk->length);
    }
}

void network_identify(struct probe *probe, const struct endpoint *endpoint,
                      struct probe_address *addresses, size_t count)
{
    const struct opening *order[OPENINGS];
    bool expected = false;
    size_t openings = openings_for(endpoint->port, order, &expected);
    struct identification it = {.probe = probe,
                                .endpoint = endpoint,
                                .tls = {.probe = probe, .host = endpoint->host},
                                .addresses = addresses,
                                .began_us = clock_now_us(),
                                .starved_us = talk_starved_us()};
    struct talk *first = NULL;
    for (size_t i = 0; i < count; i++) {
        if (addresses[i].fd < 0)
            continue;
        struct talk *talk = talk_add(&it.talks, addresses[i].fd, i);
        if (first)
            continue;
        first = talk;
        it.address = it.talks.address = i;
        it.round_trip_us = (int64_t)(addresses[i].round_trip_ms * 1000);
    }
    prctl(PR_SET_TIMERSLACK, 1000UL); /* nanoseconds: the waits are short */
    /* Of what is tried here only the outcome is told. */
    probe_aside(probe, true);
    listen_for_greeting(&it, first, openings == 0);
    if (!it.answer && !it.hung_up && openings) {
        network_tls_prepare(&it.tls);
        say_openings(&it, first, order, openings, expected);
    }
    probe_aside(probe, false);
    read_others(&it);
    report(&it, openings > 0);
    talks_close(&it.talks);
}
