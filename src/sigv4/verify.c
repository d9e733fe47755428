/* SPDX-License-Identifier: Apache-2.0 */
/* verify.c - what a signed request claims, and whether it is true. */
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "canonical.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

static const char scope_words[] = "Credential must have exactly 5 slash-delimited elements, e.g. "
                                  "keyid/date/region/service/aws4_request.";

enum { SKEW_S = 300, EXPIRES_MAXIMUM_S = 604800, SCOPE_PARTS = 5 };

const char *sigv4_fault_code(enum sigv4_fault fault)
{
    static const char *const codes[] = {
        [SIGV4_FINE] = NULL,
        [SIGV4_NOT_SIGNED] = "MissingAuthenticationTokenException",
        [SIGV4_INCOMPLETE] = "IncompleteSignatureException",
        [SIGV4_EXPIRED] = "InvalidSignatureException",
        [SIGV4_EARLY] = "InvalidSignatureException",
        [SIGV4_MISMATCH] = "InvalidSignatureException",
    };
    return codes[fault];
}

void sigv4_claim_release(struct sigv4_claim *claim)
{
    free(claim->access_key);
    free(claim->date);
    free(claim->region);
    free(claim->service);
    free(claim->signed_headers);
    free(claim->signature);
    text_wipe_free(claim->session_token);
    *claim = SIGV4_CLAIM_INIT;
}

static enum sigv4_fault __attribute__((format(printf, 3, 4)))
fault(struct sigv4_claim *claim, enum sigv4_fault which, const char *format, ...)
{
    char raw[sizeof claim->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    text_one_line(claim->message, sizeof claim->message, raw, strlen(raw));
    return which;
}

/* The value of the first header of that NAME, or NULL. */
static const char *header(const struct sigv4_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (text_equal_nocase(request->headers[i].name, name))
            return request->headers[i].value;
    return NULL;
}

static bool is_hex(const char *text, size_t length)
{
    return strlen(text) == length && strspn(text, "0123456789abcdef") == length;
}

static bool is_date(const char *text)
{
    static const char form[] = "00000000T000000Z";
    size_t i = 0;
    for (; form[i] && text[i]; i++)
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    return !form[i] && !text[i];
}

/* "KEY/20241001/us-east-1/glue/aws4_request"; an access key has no slash. */
static bool read_scope(struct sigv4_claim *claim, const char *credential)
{
    char *parts[SCOPE_PARTS] = {NULL};
    char *copy = xstrdup(credential);
    char *rest = copy;
    int count = 0;
    for (char *part; (part = strsep(&rest, "/"));)
        if (count++ < SCOPE_PARTS)
            parts[count - 1] = part;
    bool whole = count == SCOPE_PARTS && *parts[0] && strlen(parts[1]) == 8 && *parts[2] &&
                 *parts[3] && strcmp(parts[4], "aws4_request") == 0;
    if (whole) {
        claim->access_key = xstrdup(parts[0]);
        claim->date = xstrdup(parts[1]);
        claim->region = xstrdup(parts[2]);
        claim->service = xstrdup(parts[3]);
    }
    free(copy);
    return whole;
}

/* One "Name=value" of an Authorization header; NULL ends. */
static char *next_member(char **rest, char **value)
{
    while (*rest) {
        char *member = strsep(rest, ",");
        member += strspn(member, " \t");
        *value = strchr(member, '=');
        if (!*value)
            continue;
        *(*value)++ = '\0';
        (*value)[strcspn(*value, " \t")] = '\0';
        return member;
    }
    return NULL;
}

/* Credential, SignedHeaders and Signature of an Authorization header. False: the scope is none. */
static bool read_members(struct sigv4_claim *claim, const char *members)
{
    char *copy = xstrdup(members);
    char *rest = copy;
    char *value;
    bool scope = true;
    for (char *name; (name = next_member(&rest, &value));) {
        if (strcmp(name, "Credential") == 0 && !claim->access_key)
            scope = read_scope(claim, value);
        else if (strcmp(name, "SignedHeaders") == 0 && !claim->signed_headers)
            claim->signed_headers = xstrdup(value);
        else if (strcmp(name, "Signature") == 0 && !claim->signature)
            claim->signature = xstrdup(value);
    }
    free(copy);
    return scope;
}

/* The header form; what is missing is told by check_claim(). */
static enum sigv4_fault read_headers(const struct sigv4_request *request, struct sigv4_claim *claim)
{
    const char *text = header(request, "authorization");
    const char *date = header(request, "x-amz-date");
    const char *token = header(request, "x-amz-security-token");
    size_t length = strlen(ALGORITHM);
    if (!text_starts(text, ALGORITHM) || !text[length] || !strchr(" \t", text[length]))
        return fault(claim, SIGV4_INCOMPLETE, "Unsupported AWS 'algorithm': '%.*s'.",
                     (int)strcspn(text, " \t"), text);
    if (!read_members(claim, text + length))
        return fault(claim, SIGV4_INCOMPLETE, "%s", scope_words);
    if (date && is_date(date))
        snprintf(claim->signed_at, sizeof claim->signed_at, "%s", date);
    if (token)
        claim->session_token = xstrdup(token);
    return SIGV4_FINE;
}

/* The parameter NAME of a query, decoded, which the caller frees; NULL: none. */
static char *parameter(const struct pairs *parameters, const char *name)
{
    for (size_t i = 0; i < parameters->count; i++)
        if (strcmp(parameters->items[i].name, name) == 0)
            return pair_decode(parameters->items[i].value);
    return NULL;
}

static enum sigv4_fault read_query(const struct pairs *parameters, struct sigv4_claim *claim)
{
    unsigned long expires = 0;
    char *algorithm = parameter(parameters, "X-Amz-Algorithm");
    char *credential = parameter(parameters, "X-Amz-Credential");
    char *date = parameter(parameters, "X-Amz-Date");
    char *seconds = parameter(parameters, "X-Amz-Expires");
    bool whole = seconds && text_to_number(seconds, 1, EXPIRES_MAXIMUM_S, &expires);
    enum sigv4_fault found = SIGV4_FINE;
    claim->presigned = true;
    claim->expires_s = (long)expires;
    claim->signature = parameter(parameters, "X-Amz-Signature");
    claim->signed_headers = parameter(parameters, "X-Amz-SignedHeaders");
    claim->session_token = parameter(parameters, "X-Amz-Security-Token");
    if (!algorithm || strcmp(algorithm, ALGORITHM) != 0)
        found = fault(claim, SIGV4_INCOMPLETE, "Unsupported AWS 'algorithm': '%.40s'.",
                      algorithm ? algorithm : "");
    else if (credential && !read_scope(claim, credential))
        found = fault(claim, SIGV4_INCOMPLETE, "%s", scope_words);
    else if (!whole)
        found =
            fault(claim, SIGV4_INCOMPLETE,
                  "X-Amz-Expires must be a number of seconds between 1 and %d.", EXPIRES_MAXIMUM_S);
    if (date && is_date(date))
        snprintf(claim->signed_at, sizeof claim->signed_at, "%s", date);
    free(algorithm);
    free(credential);
    free(date);
    free(seconds);
    return found;
}

/* Whether NAME is signed where it has to be. */
static bool covers(const struct sigv4_request *request, const struct sigv4_claim *claim,
                   const char *name, bool always)
{
    return (!always && !header(request, name)) || names_have(name, claim->signed_headers);
}

static enum sigv4_fault check_claim(const struct sigv4_request *request, struct sigv4_claim *claim)
{
    static const char *const demanded[] = {"host", "x-amz-date", "x-amz-target",
                                           "x-amz-security-token", "x-amz-content-sha256"};
    const char *missing = !claim->access_key       ? "Credential"
                          : !claim->signed_headers ? "SignedHeaders"
                          : !claim->signature      ? "Signature"
                          : !claim->signed_at[0]   ? "X-Amz-Date"
                                                   : NULL;
    if (missing)
        return fault(claim, SIGV4_INCOMPLETE, "Authorization requires '%s'.", missing);
    if (!is_hex(claim->signature, SIGV4_HASH_SIZE - 1))
        return fault(claim, SIGV4_INCOMPLETE, "'Signature' is not 64 hexadecimal digits.");
    if (strncmp(claim->date, claim->signed_at, strlen(claim->date)) != 0)
        return fault(claim, SIGV4_INCOMPLETE,
                     "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
                     "date from HTTP: '%.8s' != '%.8s'.",
                     claim->date, claim->signed_at);
    for (size_t i = 0; i < sizeof demanded / sizeof *demanded; i++)
        if (!covers(request, claim, demanded[i], i == 0))
            return fault(claim, SIGV4_INCOMPLETE, "'%s' must be a signed header.", demanded[i]);
    return SIGV4_FINE;
}

enum sigv4_fault sigv4_read(const struct sigv4_request *request, struct sigv4_claim *claim)
{
    struct pairs parameters = {0};
    char *signature = NULL;
    enum sigv4_fault found = SIGV4_NOT_SIGNED;
    if (header(request, "authorization")) {
        found = read_headers(request, claim);
    } else {
        pairs_read_query(&parameters, request->query, NULL);
        signature = parameter(&parameters, "X-Amz-Signature");
        if (signature)
            found = read_query(&parameters, claim);
        else
            fault(claim, SIGV4_NOT_SIGNED, "Missing Authentication Token");
    }
    free(signature);
    pairs_release(&parameters);
    return found == SIGV4_FINE ? check_claim(request, claim) : found;
}

static time_t read_date(const char *date)
{
    struct tm broken = {0};
    return strptime(date, "%Y%m%dT%H%M%SZ", &broken) ? timegm(&broken) : 0;
}

static enum sigv4_fault check_time(struct sigv4_claim *claim, time_t now)
{
    char today[SIGV4_DATE_SIZE];
    char limit[SIGV4_DATE_SIZE];
    time_t signed_at = read_date(claim->signed_at);
    sigv4_date(today, now);
    if (signed_at > now + SKEW_S) {
        sigv4_date(limit, now + SKEW_S);
        return fault(claim, SIGV4_EARLY,
                     "Signature not yet current: %s is still later than %s (%s + 5 min.)",
                     claim->signed_at, limit, today);
    }
    if (claim->presigned && now > signed_at + claim->expires_s) {
        sigv4_date(limit, signed_at + claim->expires_s);
        return fault(claim, SIGV4_EXPIRED, "Signature expired: %s is now earlier than %s", limit,
                     today);
    }
    if (!claim->presigned && signed_at < now - SKEW_S) {
        sigv4_date(limit, now - SKEW_S);
        return fault(claim, SIGV4_EXPIRED,
                     "Signature expired: %s is now earlier than %s (%s - 5 min.)", claim->signed_at,
                     limit, today);
    }
    return SIGV4_FINE;
}

enum sigv4_fault sigv4_verify(const struct sigv4_request *request, struct sigv4_claim *claim,
                              const char *secret_key, time_t now)
{
    struct pairs headers = {0};
    struct pairs parameters = {0};
    char signature[SIGV4_HASH_SIZE];
    enum sigv4_fault found = check_time(claim, now);
    if (found != SIGV4_FINE)
        return found;
    pairs_read_headers(&headers, request->headers, request->header_count, claim->signed_headers);
    pairs_read_query(&parameters, request->query, claim->presigned ? "X-Amz-Signature" : NULL);
    char *query = pairs_format_query(&parameters);
    struct signing signing = {.request = request,
                              .headers = &headers,
                              .signed_headers = claim->signed_headers,
                              .query = query,
                              .date = claim->signed_at,
                              .scope_date = claim->date,
                              .region = claim->region,
                              .service = claim->service,
                              .secret_key = secret_key};
    signing_compute(&signing, signature);
    if (CRYPTO_memcmp(signature, claim->signature, SIGV4_HASH_SIZE) != 0)
        found = fault(claim, SIGV4_MISMATCH,
                      "The request signature we calculated does not match the signature you "
                      "provided. Check your AWS Secret Access Key and signing method. Consult the "
                      "service documentation for details.");
    text_wipe(signature, sizeof signature);
    text_wipe_free(query);
    pairs_release(&headers);
    pairs_release(&parameters);
    return found;
}
