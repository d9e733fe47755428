/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_process.c - messages in, calls that may wait, answers out. */
#include "catalog_process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "catalog_message.h"
#include "fd.h"
#include "testconn/deadline.h"
#include "text.h"

enum { MESSAGE_MAXIMUM = 64 << 20 }; /* bytes */
enum { LONG_US = 1000000 };

/* The last answer to a write that waited long for the store, in vain. */
static struct {
    json_t *answer; /* NULL: none */
    int64_t given_us;
} busy;

static bool is_write(const char *call)
{
    return call && (strcmp(call, "create") == 0 || strcmp(call, "update") == 0 ||
                    strcmp(call, "delete") == 0 || strcmp(call, "batch_delete") == 0);
}

/* The answer to MESSAGE. What stood behind a write that waited in vain has waited with it: it is
 * answered alike, or the last of many would wait for as many waits. */
static json_t *answer_to(struct catalog **catalog, const json_t *message)
{
    const char *call = json_string_value(json_object_get(message, "call"));
    json_int_t asked_us = json_integer_value(json_object_get(message, "asked_us"));
    bool writes = is_write(call);
    if (writes && busy.answer && asked_us < busy.given_us)
        return json_incref(busy.answer);
    int64_t began_us = clock_now_us();
    json_t *answer = catalog_message_answer(catalog, message);
    json_int_t result = json_integer_value(json_object_get(answer, "result"));
    if (writes && result == CATALOG_BUSY && clock_now_us() - began_us > LONG_US) {
        json_decref(busy.answer);
        busy.answer = json_incref(answer);
        busy.given_us = clock_now_us();
    }
    return answer;
}

/* One message, answered; false when the front is gone or has said something else. */
static bool answer(struct catalog **catalog, const char *line, size_t length)
{
    json_t *message = json_loadb(line, length, 0, NULL);
    if (!message)
        return false;
    json_t *result = answer_to(catalog, message);
    char *text = json_dumps(result, JSON_COMPACT);
    size_t end = strlen(text);
    json_decref(message);
    json_decref(result);
    text[end] = '\n'; /* in one piece: each wakes the front */
    bool sent = fd_write_all(CATALOG_PROCESS_FD, text, end + 1);
    text_wipe(text, end + 1);
    free(text);
    return sent;
}

/* Answer every whole line of LINES, and keep the rest. */
static bool answer_lines(struct catalog **catalog, struct text_buffer *lines)
{
    char *start = lines->data;
    char *end = lines->data + lines->length;
    bool right = true;
    for (char *stop; right && (stop = memchr(start, '\n', (size_t)(end - start))); start = stop + 1)
        right = answer(catalog, start, (size_t)(stop - start));
    size_t rest = (size_t)(end - start);
    memmove(lines->data, start, rest);
    text_wipe(lines->data + rest, lines->length - rest);
    lines->length = rest;
    return right && rest < MESSAGE_MAXIMUM;
}

/* What is to end when, the front decides. */
static void ignore_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGINT, &ignore, NULL);
    sigaction(SIGTERM, &ignore, NULL);
    sigaction(SIGHUP, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

_Noreturn void catalog_process_run(long front)
{
    struct catalog *catalog = NULL;
    struct text_buffer lines = TEXT_BUFFER_INIT;
    char piece[65536];
    ssize_t got;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != front)
        _exit(0);
    prctl(PR_SET_DUMPABLE, 0);
    ignore_signals();
    fd_standard_to_null();
    fd_close_others(CATALOG_PROCESS_FD);
    while ((got = read(CATALOG_PROCESS_FD, piece, sizeof piece)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        text_append_bytes(&lines, piece, (size_t)got);
        if (!answer_lines(&catalog, &lines))
            break;
    }
    catalog_close(catalog);
    _exit(0);
}
