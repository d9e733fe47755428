/* SPDX-License-Identifier: Apache-2.0 */
/* aws_answer.c - errors in JSON and XML, and their kinds. */
#include "aws_answer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* The code point of "&#...;" without its ends, or -1. */
static long read_reference(const char *text, size_t length)
{
    bool hexadecimal = length > 1 && (*text == 'x' || *text == 'X');
    char digits[9];
    if (hexadecimal) {
        text++;
        length--;
    }
    if (length == 0 || length >= sizeof digits)
        return -1;
    memcpy(digits, text, length);
    digits[length] = '\0';
    if (strspn(digits, hexadecimal ? "0123456789abcdefABCDEF" : "0123456789") != length)
        return -1;
    return strtol(digits, NULL, hexadecimal ? 16 : 10);
}

static void append_code_point(struct text_buffer *out, long point)
{
    unsigned char bytes[4];
    size_t count = 0;
    if (point < 0x80) {
        bytes[count++] = (unsigned char)point;
    } else if (point < 0x800) {
        bytes[count++] = (unsigned char)(0xC0 | point >> 6);
        bytes[count++] = (unsigned char)(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        bytes[count++] = (unsigned char)(0xE0 | point >> 12);
        bytes[count++] = (unsigned char)(0x80 | (point >> 6 & 0x3F));
        bytes[count++] = (unsigned char)(0x80 | (point & 0x3F));
    } else {
        bytes[count++] = (unsigned char)(0xF0 | point >> 18);
        bytes[count++] = (unsigned char)(0x80 | (point >> 12 & 0x3F));
        bytes[count++] = (unsigned char)(0x80 | (point >> 6 & 0x3F));
        bytes[count++] = (unsigned char)(0x80 | (point & 0x3F));
    }
    text_append_bytes(out, bytes, count);
}

/* The entity at TEXT ("&amp;"), decoded into OUT; how many bytes it took, 0: it is none. */
static size_t decode_entity(struct text_buffer *out, const char *text, size_t length)
{
    static const struct {
        const char *entity;
        const char *text;
    } named[] = {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        size_t size = strlen(named[i].entity);
        if (size <= length && memcmp(text, named[i].entity, size) == 0) {
            text_append(out, named[i].text);
            return size;
        }
    }
    const char *end = memchr(text, ';', length);
    if (length < 4 || text[1] != '#' || !end)
        return 0;
    long point = read_reference(text + 2, (size_t)(end - text) - 2);
    if (point <= 0 || point > 0x10FFFF)
        return 0;
    append_code_point(out, point);
    return (size_t)(end - text) + 1;
}

static char *decode(const char *text, size_t length)
{
    struct text_buffer out = TEXT_BUFFER_INIT;
    for (size_t at = 0; at < length;) {
        size_t taken = text[at] == '&' ? decode_entity(&out, text + at, length - at) : 0;
        if (!taken)
            text_append_bytes(&out, text + at, taken = 1);
        at += taken;
    }
    return text_take(&out);
}

/* Where "<NAME" of an element begins, with what follows the name being its end or a blank. */
static const char *find_element(const char *at, const char *end, const char *name)
{
    size_t length = strlen(name);
    while (at < end && (at = memchr(at, '<', (size_t)(end - at)))) {
        at++;
        if ((size_t)(end - at) > length && memcmp(at, name, length) == 0 &&
            strchr("> \t\r\n", at[length]) && at[length])
            return at - 1;
    }
    return NULL;
}

char *aws_xml_text(const char *body, size_t length, const char *name)
{
    const char *end = body + length;
    const char *at = find_element(body, end, name);
    const char *start = at ? memchr(at, '>', (size_t)(end - at)) : NULL;
    if (!start || start[-1] == '/')
        return NULL;
    start++;
    const char *stop = memchr(start, '<', (size_t)(end - start));
    return stop ? decode(start, (size_t)(stop - start)) : NULL;
}

static void take_line(char *out, size_t size, const char *text)
{
    text_one_line(out, size, text ? text : "", text ? strlen(text) : 0);
}

/* "com.amazonaws.kms#NotFoundException:http://..." without what stands around the name. */
static void take_code(struct aws_fault *fault, const char *type)
{
    const char *hash = strrchr(type, '#');
    if (hash)
        type = hash + 1;
    snprintf(fault->code, sizeof fault->code, "%.*s",
             (int)strspn(type, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"),
             type);
}

static void read_xml(struct aws_fault *fault, const char *body, size_t length)
{
    char *code = aws_xml_text(body, length, "Code");
    char *message = aws_xml_text(body, length, "Message");
    char *region = aws_xml_text(body, length, "Region");
    if (code)
        take_code(fault, code);
    take_line(fault->message, sizeof fault->message, message);
    take_line(fault->region, sizeof fault->region, region);
    free(code);
    free(message);
    free(region);
}

static const char *member(const json_t *object, const char *const *names)
{
    const char *value = NULL;
    for (; !value && *names; names++)
        value = json_string_value(json_object_get(object, *names));
    return value;
}

static void read_json(struct aws_fault *fault, const char *body, size_t length)
{
    static const char *const types[] = {"__type", "code", "Code", NULL};
    static const char *const messages[] = {"message", "Message", "errorMessage", NULL};
    json_t *document = json_loadb(body, length, 0, NULL);
    const char *type = member(document, types);
    if (type)
        take_code(fault, type);
    take_line(fault->message, sizeof fault->message, member(document, messages));
    json_decref(document);
}

void aws_fault_read(struct aws_fault *fault, int status, const char *error_type, const char *body,
                    size_t length)
{
    size_t blanks = 0;
    *fault = (struct aws_fault){.status = status};
    while (blanks < length && strchr(" \t\r\n", body[blanks]) && body[blanks])
        blanks++;
    if (blanks < length && body[blanks] == '<')
        read_xml(fault, body, length);
    else
        read_json(fault, body, length);
    if (!fault->code[0] && error_type)
        take_code(fault, error_type);
}

static bool is_one_of(const char *code, const char *const *codes)
{
    for (; *codes; codes++)
        if (strcmp(code, *codes) == 0)
            return true;
    return false;
}

static const char *const key_codes[] = {"UnrecognizedClientException",
                                        "InvalidClientTokenId",
                                        "InvalidAccessKeyId",
                                        "InvalidToken",
                                        "AuthFailure",
                                        "MissingAuthenticationToken",
                                        "MissingAuthenticationTokenException",
                                        NULL};
static const char *const signature_codes[] = {
    "SignatureDoesNotMatch",        "InvalidSignatureException",    "IncompleteSignature",
    "IncompleteSignatureException", "AuthorizationHeaderMalformed", NULL};
static const char *const expired_codes[] = {"ExpiredToken", "ExpiredTokenException",
                                            "TokenRefreshRequired", NULL};
static const char *const identity_codes[] = {"InvalidIdentityToken", "IDPRejectedClaim",
                                             "IDPCommunicationError", NULL};
static const char *const clock_codes[] = {"RequestExpired", "RequestTimeTooSkewed", NULL};
static const char *const denied_codes[] = {"AccessDenied",
                                           "AccessDeniedException",
                                           "UnauthorizedOperation",
                                           "UnauthorizedException",
                                           "NotAuthorized",
                                           "NotAuthorizedException",
                                           "OptInRequired",
                                           "AllAccessDisabled",
                                           "AccountProblem",
                                           "RegionDisabledException",
                                           "InvalidIdentityTokenException",
                                           NULL};
static const char *const missing_codes[] = {"ResourceNotFoundException",
                                            "NotFoundException",
                                            "EntityNotFoundException",
                                            "NoSuchKey",
                                            "NoSuchBucket",
                                            "NoSuchVersion",
                                            "ClusterNotFound",
                                            "ClusterNotFoundFault",
                                            NULL};
static const char *const throttled_codes[] = {"Throttling",
                                              "ThrottlingException",
                                              "ThrottledException",
                                              "RequestThrottled",
                                              "RequestThrottledException",
                                              "TooManyRequestsException",
                                              "RequestLimitExceeded",
                                              "BandwidthLimitExceeded",
                                              "PriorRequestNotComplete",
                                              "SlowDown",
                                              NULL};

enum aws_fault_kind aws_fault_kind(const struct aws_fault *fault)
{
    enum { UNAUTHORIZED = 401, FORBIDDEN = 403, TOO_MANY = 429, SERVER = 500 };
    if (is_one_of(fault->code, throttled_codes) || fault->status == TOO_MANY)
        return AWS_FAULT_THROTTLED;
    if (is_one_of(fault->code, denied_codes) || is_one_of(fault->code, key_codes) ||
        is_one_of(fault->code, signature_codes) || is_one_of(fault->code, expired_codes) ||
        is_one_of(fault->code, identity_codes) || is_one_of(fault->code, clock_codes))
        return AWS_FAULT_DENIED;
    if (is_one_of(fault->code, missing_codes))
        return AWS_FAULT_MISSING;
    if (fault->status >= SERVER)
        return AWS_FAULT_SERVER;
    return fault->status == UNAUTHORIZED || fault->status == FORBIDDEN ? AWS_FAULT_DENIED
                                                                       : AWS_FAULT_OTHER;
}

const char *aws_fault_remedy(const struct aws_fault *fault)
{
    /* "Signature expired" and "not yet current" are AWS's words for a clock that is wrong. */
    if (is_one_of(fault->code, clock_codes) || strstr(fault->message, "Signature expired") ||
        strstr(fault->message, "not yet current"))
        return "set the clock of this host: AWS accepts a request within five minutes of its own "
               "time";
    if (is_one_of(fault->code, expired_codes))
        return "renew the temporary AWS credentials: they have expired";
    if (is_one_of(fault->code, identity_codes))
        return "check the web identity token, and that the role trusts the identity provider that "
               "issued it";
    if (is_one_of(fault->code, key_codes))
        return "check the AWS access key (and the session token that belongs to it): AWS does not "
               "know it";
    if (is_one_of(fault->code, signature_codes))
        return "check the AWS secret access key: it does not belong to the access key";
    return "";
}
