/* SPDX-License-Identifier: Apache-2.0 */
/* error.c - errors, and the one list of reasons. */
#include "testconn/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static const struct reason_info reasons[REASON_COUNT] = {
#define REASON(code, who, may_pass, exception_name, what_to_do)                                    \
    [REASON_##code] = {.name = #code,                                                              \
                       .fault = FAULT_##who,                                                       \
                       .transient = (may_pass),                                                    \
                       .exception = (exception_name),                                              \
                       .remedy = (what_to_do)},
#include "testconn/reasons.def"
#undef REASON
};

bool error_set(struct error *err, enum reason reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *message = text_vformat(format, arguments);
    va_end(arguments);
    err->reason = reason;
    err->remedy[0] = '\0';
    err->property[0] = '\0';
    err->brief[0] = '\0';
    err->details[0] = '\0';
    text_one_line(err->message, sizeof err->message, message, strlen(message));
    free(message);
    return false;
}

bool error_remedy(struct error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *remedy = text_vformat(format, arguments);
    va_end(arguments);
    text_one_line(err->remedy, sizeof err->remedy, remedy, strlen(remedy));
    free(remedy);
    return false;
}

bool error_brief(struct error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *brief = text_vformat(format, arguments);
    va_end(arguments);
    text_one_line(err->brief, sizeof err->brief, brief, strlen(brief));
    free(brief);
    return false;
}

bool error_detail(struct error *err, const char *label, const char *format, ...)
{
    char line[sizeof err->details];
    size_t used = strlen(err->details);
    va_list arguments;
    va_start(arguments, format);
    char *text = text_vformat(format, arguments);
    va_end(arguments);
    text_one_line(line, sizeof line, text, strlen(text));
    free(text);
    int length = snprintf(err->details + used, sizeof err->details - used, "%s\t%s\n", label, line);
    if (length < 0 || (size_t)length >= sizeof err->details - used)
        err->details[used] = '\0';
    return false;
}

bool error_property(struct error *err, const char *property)
{
    text_one_line(err->property, sizeof err->property, property ? property : "",
                  property ? strlen(property) : 0);
    return false;
}

const struct reason_info *reason_info(enum reason reason)
{
    return reason > REASON_NONE && reason < REASON_COUNT ? &reasons[reason] : NULL;
}

const char *reason_name(enum reason reason)
{
    const struct reason_info *info = reason_info(reason);
    return info ? info->name : "NONE";
}

enum reason reason_find(const char *name)
{
    for (int reason = REASON_NONE + 1; reason < REASON_COUNT; reason++)
        if (strcmp(reasons[reason].name, name) == 0)
            return (enum reason)reason;
    return REASON_NONE;
}
