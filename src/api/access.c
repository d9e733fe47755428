/* SPDX-License-Identifier: Apache-2.0 */
/* access.c - keys, rights, signatures. */
#include "access.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "aws_json.h"
#include "fd.h"
#include "locked.h"
#include "sigv4.h"

enum { FILE_MAXIMUM = 1 << 20, READ_MS = 5000, KEYS_MAXIMUM = 10000 };

struct key {
    char *id;
    char *secret; /* in locked memory */
    unsigned rights;
};

struct access {
    bool loopback;
    bool open; /* nobody has to sign */
    struct key *keys;
    size_t count;
};

static const struct {
    const char *word;
    unsigned right;
} rights[] = {{"test", ACCESS_TEST},
              {"read", ACCESS_READ},
              {"secrets", ACCESS_SECRETS | ACCESS_READ},
              {"read-secrets", ACCESS_SECRETS | ACCESS_READ},
              {"write", ACCESS_WRITE},
              {"all", ACCESS_ALL}};

static bool read_rights(char *words, unsigned *granted)
{
    char *word;
    *granted = 0;
    while ((word = strsep(&words, " \t,"))) {
        size_t i = 0;
        while (*word && i < sizeof rights / sizeof *rights && strcmp(rights[i].word, word) != 0)
            i++;
        if (*word && i == sizeof rights / sizeof *rights)
            return false;
        *granted |= *word ? rights[i].right : 0;
    }
    if (*granted == 0)
        *granted = ACCESS_ALL;
    return true;
}

/* The next word of *LINE, which moves behind it and the blanks that follow. */
static char *take_word(char **line)
{
    char *word = *line + strspn(*line, " \t");
    size_t length = strcspn(word, " \t");
    char *rest = word + length;
    if (*rest)
        *rest++ = '\0';
    *line = rest + strspn(rest, " \t");
    return *word ? word : NULL;
}

static bool add_key(struct access *access, char *line, const char *file, size_t number,
                    struct error *err)
{
    char *id = take_word(&line);
    char *secret = id ? take_word(&line) : NULL;
    struct key key = {.id = id};
    if (!id || *id == '#')
        return true;
    if (!secret)
        return error_set(err, REASON_INVALID_INPUT,
                         "%s: line %zu is not ACCESS_KEY_ID SECRET_ACCESS_KEY [RIGHTS]", file,
                         number);
    if (!read_rights(line, &key.rights))
        return error_set(err, REASON_INVALID_INPUT,
                         "%s: line %zu: the rights are test, read, secrets and write", file,
                         number);
    for (size_t i = 0; i < access->count; i++)
        if (strcmp(access->keys[i].id, id) == 0)
            return error_set(err, REASON_INVALID_INPUT, "%s: line %zu: the key %s stands twice",
                             file, number, id);
    key.id = xstrdup(id);
    key.secret = locked_copy(secret);
    access->keys = xrealloc(access->keys, (access->count + 1) * sizeof *access->keys);
    access->keys[access->count++] = key;
    return true;
}

static bool check_mode(const char *file, struct error *err)
{
    struct stat status;
    if (stat(file, &status) == 0 && status.st_mode & 077)
        return error_set(err, REASON_FILE_UNREADABLE,
                         "%s: others may read it (mode %04o); its mode has to be 0600", file,
                         (unsigned)status.st_mode & 07777);
    return true;
}

static bool read_keys(struct access *access, const char *file, struct error *err)
{
    size_t length = 0;
    size_t number = 0;
    if (!check_mode(file, err))
        return false;
    char *content = fd_read_file(file, FILE_MAXIMUM, deadline_in_ms(READ_MS), &length, err);
    bool right = content != NULL;
    char *rest = content;
    for (char *line; right && (line = strsep(&rest, "\n"));) {
        line[strcspn(line, "\r")] = '\0';
        right = add_key(access, line, file, ++number, err);
    }
    if (content)
        text_wipe(content, length);
    free(content);
    if (right && access->count == 0)
        return error_set(err, REASON_INVALID_INPUT, "%s holds no key", file);
    return right;
}

struct access *access_new(const char *file, bool loopback, struct error *err)
{
    struct access *access = xcalloc(1, sizeof *access);
    access->loopback = loopback;
    access->open = !file;
    if (!file || read_keys(access, file, err))
        return access;
    access_free(access);
    return NULL;
}

bool access_is_open(const struct access *access)
{
    return access->open;
}

void access_free(struct access *access)
{
    for (size_t i = 0; access && i < access->count; i++) {
        free(access->keys[i].id);
        locked_free(access->keys[i].secret);
    }
    if (access)
        free(access->keys);
    free(access);
}

/* Whether HOST ("127.0.0.1:8080", "[::1]", "localhost", "x.localhost:80") is an address or a name
 * that no name server can give away: a page of another site that was made to resolve to us sends
 * its own. */
static bool is_own_name(const char *host)
{
    char name[256];
    struct in6_addr room;
    size_t length = *host == '[' ? strcspn(host, "]") : strcspn(host, ":");
    if (length >= sizeof name)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)length, host);
    if (*name == '[')
        return inet_pton(AF_INET6, name + 1, &room) == 1;
    if (inet_pton(AF_INET, name, &room) == 1 || text_equal_nocase(name, "localhost"))
        return true;
    const char *end = length > 10 ? name + length - 10 : name;
    return text_equal_nocase(end, ".localhost");
}

bool access_refuse_browser(const struct access *access, struct http_exchange *exchange)
{
    const char *host = http_head_find(&exchange->head, "Host");
    exchange->forbidden = true;
    if (http_head_find(&exchange->head, "Origin") ||
        text_equal(http_head_find(&exchange->head, "Sec-Fetch-Site"), "cross-site")) {
        aws_json_refuse(exchange, "AccessDeniedException",
                        "this service does not answer to pages in a browser");
        return true;
    }
    if (access->loopback && host && !is_own_name(host)) {
        aws_json_refuse(exchange, "AccessDeniedException",
                        "the Host header names another host: this service is asked by an IP "
                        "address or localhost");
        return true;
    }
    exchange->forbidden = false;
    return false;
}

static const struct key *find_key(const struct access *access, const char *id)
{
    for (size_t i = 0; id && i < access->count; i++)
        if (strcmp(access->keys[i].id, id) == 0)
            return &access->keys[i];
    return NULL;
}

static bool refuse_fault(struct http_exchange *exchange, enum sigv4_fault fault, const char *words)
{
    aws_json_refuse(exchange, sigv4_fault_code(fault), "%s",
                    *words ? words : "the request is not signed");
    return false;
}

/* The key that signed REQUEST; NULL after it was refused. An unknown key costs the same time. */
static const struct key *verify(const struct access *access, struct http_exchange *exchange,
                                const struct sigv4_request *request, bool foreign)
{
    struct sigv4_claim claim = SIGV4_CLAIM_INIT;
    enum sigv4_fault fault = sigv4_read(request, &claim);
    const struct key *key = NULL;
    if (fault == SIGV4_FINE) {
        key = find_key(access, claim.access_key);
        fault = sigv4_verify(request, &claim, key ? key->secret : "unknown", time(NULL));
        if (!key)
            aws_json_refuse(exchange, "UnrecognizedClientException",
                            "The security token included in the request is invalid: the access "
                            "key is not known here.");
        else if (fault != SIGV4_FINE)
            refuse_fault(exchange, fault, claim.message);
        else if (!foreign && strcmp(claim.service, "glue") != 0)
            refuse_fault(exchange, SIGV4_MISMATCH,
                         "Credential should be scoped to correct service: 'glue'.");
        if (fault != SIGV4_FINE || (!foreign && strcmp(claim.service, "glue") != 0))
            key = NULL;
    } else {
        refuse_fault(exchange, fault, claim.message);
    }
    sigv4_claim_release(&claim);
    return key;
}

/* The hash of the body: what other services leave unsigned, or sign piece by piece, is theirs to
 * judge. */
static const char *hash_body(const struct http_exchange *exchange, bool foreign,
                             char hash[SIGV4_HASH_SIZE])
{
    const char *given = http_head_find(&exchange->head, "x-amz-content-sha256");
    if (foreign && given &&
        (text_equal(given, SIGV4_UNSIGNED_PAYLOAD) || text_starts(given, "STREAMING-")))
        return given;
    sigv4_hash(hash, exchange->body.data ? exchange->body.data : "", exchange->body.length);
    return hash;
}

static bool allow(const struct access *access, struct http_exchange *exchange, unsigned right,
                  bool foreign)
{
    const struct http_head *head = &exchange->head;
    struct sigv4_header headers[HTTP_HEADERS_MAXIMUM];
    char hash[SIGV4_HASH_SIZE];
    exchange->rights = ACCESS_ALL;
    if (access->open)
        return true;
    for (size_t i = 0; i < head->header_count; i++)
        headers[i] = (struct sigv4_header){head->headers[i].name, head->headers[i].value};
    struct sigv4_request request = {.method = head->method,
                                    .path = head->path,
                                    .query = head->query,
                                    .headers = headers,
                                    .header_count = head->header_count,
                                    .payload_hash = hash_body(exchange, foreign, hash)};
    exchange->forbidden = true;
    const struct key *key = verify(access, exchange, &request, foreign);
    if (!key)
        return false;
    exchange->access_key = key->id;
    exchange->rights = key->rights;
    if ((key->rights & right) == right) {
        exchange->forbidden = false;
        return true;
    }
    aws_json_refuse(exchange, "AccessDeniedException",
                    "the access key %s lacks the right %s, which %s takes: it has to stand in the "
                    "key's line of the file of --credentials",
                    key->id,
                    right == ACCESS_ALL    ? "all"
                    : right & ACCESS_WRITE ? "write"
                    : right & ACCESS_TEST  ? "test"
                                           : "read",
                    exchange->operation);
    return false;
}

bool access_allow(const struct access *access, struct http_exchange *exchange, unsigned right)
{
    return allow(access, exchange, right, false);
}

bool access_allow_foreign(const struct access *access, struct http_exchange *exchange)
{
    return allow(access, exchange, ACCESS_ALL, true);
}
