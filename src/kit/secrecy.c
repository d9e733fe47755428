/* SPDX-License-Identifier: Apache-2.0 */
/* secrecy.c - a peer may say back what we sent it: secrets are taken out of its words. */
#include "secrecy.h"

#include <string.h>

#include "text.h"

#define HIDDEN "***"

enum {
    SECRET_MAXIMUM = 4096, /* bytes */
    SECRET_LEAST = 4,      /* shorter ones stand in any text by chance ... */
    DIGITS_LEAST = 6,      /* ... as do numbers up to a port's length ... */
    WORD_LEAST = 10        /* ... and words: "password" */
};

static const struct target *secret_target;

void secrecy_begin(const struct target *target)
{
    secret_target = target;
}

static bool is_shown(const struct target *target, const char *secret)
{
    for (size_t i = 0; i < target->endpoint_count; i++)
        if (strcmp(target->endpoints[i].host, secret) == 0)
            return true;
    return (target->user && strcmp(target->user, secret) == 0) ||
           (target->database && strcmp(target->database, secret) == 0);
}

static bool is_telling(const char *secret)
{
    size_t length = strlen(secret);
    if (secret[strspn(secret, "0123456789")] == '\0')
        return length >= DIGITS_LEAST;
    if (secret[strspn(secret, "abcdefghijklmnopqrstuvwxyz")] == '\0')
        return length >= WORD_LEAST;
    return length >= SECRET_LEAST;
}

static void hide(char *line, const char *secret)
{
    char shown[SECRET_MAXIMUM];
    if (!secret || is_shown(secret_target, secret))
        return;
    text_one_line(shown, sizeof shown, secret, strlen(secret));
    if (!is_telling(shown))
        return;
    size_t length = strlen(shown);
    for (char *at = line; (at = strstr(at, shown)); at += strlen(HIDDEN)) {
        memcpy(at, HIDDEN, strlen(HIDDEN));
        memmove(at + strlen(HIDDEN), at + length, strlen(at + length) + 1);
    }
}

void secrecy_hide(char *line)
{
    if (!secret_target)
        return;
    hide(line, secret_target->password);
    for (size_t i = 0; i < secret_target->secret_count; i++)
        if (!secret_target->secrets[i].encrypted)
            hide(line, secret_target->secrets[i].value);
}
