/* SPDX-License-Identifier: Apache-2.0 */
/* aws_process.c - what a credential process printed, and AWS's times. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws_chain.h"
#include "text.h"

/* "+hh:mm", "-hhmm", "Z" or nothing, in seconds; false when it is something else. */
static bool read_zone(const char *text, long *seconds)
{
    *seconds = 0;
    if (!*text || text_equal(text, "Z"))
        return true;
    bool colon = strlen(text) == 6 && text[3] == ':';
    if ((*text != '+' && *text != '-') || (strlen(text) != 5 && !colon))
        return false;
    char digits[5] = {text[1], text[2], text[colon ? 4 : 3], text[colon ? 5 : 4], '\0'};
    unsigned long number;
    if (!text_to_number(digits, 0, 2359, &number))
        return false;
    *seconds = (long)(number / 100 * 3600 + number % 100 * 60) * (*text == '-' ? -1 : 1);
    return true;
}

long long aws_time(const char *text)
{
    struct tm broken = {0};
    long zone;
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &broken);
    if (!rest)
        return -1;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (!read_zone(rest, &zone))
        return -1;
    return (long long)timegm(&broken) - zone;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value && *value ? value : NULL;
}

static json_t *refuse(const char *command, const char *why)
{
    /* Its arguments may hold what is nobody's business. */
    char message[512];
    char program[300];
    text_one_line(program, sizeof program, command, strcspn(command, " \t"));
    snprintf(message, sizeof message, "the credential process %s %s", program, why);
    return json_pack("{s:s}", "error", message);
}

static json_t *read_keys(const json_t *output, const char *command)
{
    const char *access_key = text_of(output, "AccessKeyId");
    const char *secret_key = text_of(output, "SecretAccessKey");
    const char *token = text_of(output, "SessionToken");
    const char *expiration = text_of(output, "Expiration");
    long long expires = expiration ? aws_time(expiration) : 0;
    if (!json_is_integer(json_object_get(output, "Version")) ||
        json_integer_value(json_object_get(output, "Version")) != 1)
        return refuse(command, "printed no \"Version\": 1");
    if (!access_key || !secret_key)
        return refuse(command, "printed no AccessKeyId and SecretAccessKey");
    if (expires < 0)
        return refuse(command, "printed an Expiration that is no ISO 8601 time");
    json_t *keys = json_pack("{s:s, s:s, s:s, s:s}", "kind", "keys", "from", "a credential process",
                             "access_key", access_key, "secret_key", secret_key);
    if (token)
        json_object_set_new(keys, "session_token", json_string(token));
    if (expires)
        json_object_set_new(keys, "expires", json_integer(expires));
    return keys;
}

json_t *aws_chain_process_output(const char *output, size_t length, const char *command)
{
    json_t *document = json_loadb(output, length, 0, NULL);
    json_t *result = json_is_object(document)
                         ? read_keys(document, command)
                         : refuse(command, length ? "printed something that is no JSON object"
                                                  : "printed nothing");
    json_decref(document);
    return result;
}
