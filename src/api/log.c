/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - a line is written at once and whole, and never waited for. */
#include "log.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

static enum log_level least = LOG_INFO;
static bool as_json;

void log_begin(enum log_level level, bool json)
{
    least = level;
    as_json = json;
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
    /* A reader who does not read loses lines; the service goes on. */
    ssize_t ignored = write(STDERR_FILENO, line.data, line.length);
    (void)ignored;
    text_buffer_release(&line);
}
