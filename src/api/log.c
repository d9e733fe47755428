/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - a line is written at once and whole, and never waited for. */
#include "log.h"

#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

static enum log_level least = LOG_INFO;
static bool as_json;

/* Where lines go: the standard error, by a description of our own where we may not wait. */
static struct {
    int fd;
    bool is_socket; /* of the journal, say */
    bool may_block; /* it has to be asked first */
    bool torn;      /* the last line is there in part */
    unsigned long lost;
} out = {.fd = STDERR_FILENO};

/* O_NONBLOCK belongs to the open file, which others have, too. */
static void open_out(void)
{
    struct stat status;
    if (out.fd != STDERR_FILENO || fstat(STDERR_FILENO, &status) < 0)
        return;
    out.is_socket = S_ISSOCK(status.st_mode);
    if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode))
        return;
    int own = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    out.may_block = own < 0;
    if (own >= 0)
        out.fd = own;
}

void log_begin(enum log_level level, bool json)
{
    least = level;
    as_json = json;
    open_out();
}

static ssize_t put(const char *text, size_t length)
{
    struct pollfd room = {.fd = out.fd, .events = POLLOUT};
    if (out.is_socket)
        return send(out.fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (out.may_block && (poll(&room, 1, 0) <= 0 || !(room.revents & POLLOUT)))
        return -1;
    return write(out.fd, text, length);
}

/* A reader who does not read loses lines; the service goes on. */
static void put_line(const struct text_buffer *line)
{
    if (out.torn && put("\n", 1) < 1) {
        out.lost++;
        return;
    }
    ssize_t written = put(line->data, line->length);
    out.torn = written > 0 && (size_t)written < line->length;
    out.lost += written < (ssize_t)line->length;
}

/* Once there is room again. */
static void tell_lost(void)
{
    static bool telling;
    char count[24];
    unsigned long lost = out.lost;
    if (lost == 0 || telling)
        return;
    telling = true;
    out.lost = 0;
    snprintf(count, sizeof count, "%lu", lost);
    log_line(LOG_ERROR, "lines of this log were lost: nobody read it", "count", count, NULL);
    if (out.lost)
        out.lost = lost;
    telling = false;
}

static void append_pair(struct text_buffer *line, json_t *object, const char *key,
                        const char *value)
{
    if (as_json) {
        json_object_set_new(object, key, json_string(value));
        return;
    }
    bool plain = *value && !value[strcspn(value, " =\"\\")];
    text_append_format(line, "%s%s=%s", line->length ? " " : "", key, plain ? value : "\"");
    for (; !plain && *value; value++) {
        if (*value == '"' || *value == '\\')
            text_append(line, "\\");
        text_append_bytes(line, value, 1);
    }
    if (!plain)
        text_append(line, "\"");
}

static void append_time(struct text_buffer *line, json_t *object)
{
    char date[32];
    char whole[48];
    struct tm parts;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(whole, sizeof whole, "%s.%03dZ", date, (int)(now.tv_nsec / 1000000));
    append_pair(line, object, "time", whole);
}

void log_line(enum log_level level, const char *message, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    struct text_buffer line = TEXT_BUFFER_INIT;
    va_list pairs;
    if (level < least)
        return;
    json_t *object = json_object();
    append_time(&line, object);
    append_pair(&line, object, "level", names[level]);
    append_pair(&line, object, "msg", message);
    va_start(pairs, message);
    for (const char *key; (key = va_arg(pairs, const char *));) {
        const char *value = va_arg(pairs, const char *);
        char shown[4096];
        if (!value)
            continue;
        text_one_line(shown, sizeof shown, value, strlen(value));
        append_pair(&line, object, key, shown);
    }
    va_end(pairs);
    if (as_json) {
        char *text = json_dumps(object, JSON_COMPACT);
        text_append(&line, text ? text : "{}");
        free(text);
    }
    json_decref(object);
    text_append(&line, "\n");
    tell_lost();
    put_line(&line);
    text_buffer_release(&line);
}
