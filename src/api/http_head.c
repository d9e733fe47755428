/* SPDX-License-Identifier: Apache-2.0 */
/* http_head.c - request line, headers and what they say of the body. */
#include "http_head.h"

#include <stdlib.h>
#include <string.h>

#include "jdbc_url_parts.h"

enum { BAD_REQUEST = 400, NOT_IMPLEMENTED = 501, VERSION_NOT_SUPPORTED = 505 };
enum { LENGTH_DIGITS = 15 };

size_t http_head_length(const char *text, size_t length)
{
    size_t begin = 0;
    while (begin < length && (text[begin] == '\r' || text[begin] == '\n'))
        begin++;
    for (const char *at = text + begin; (at = memchr(at, '\n', length - (size_t)(at - text)));) {
        size_t next = (size_t)(++at - text);
        if (next < length && *at == '\n')
            return next + 1;
        if (next + 1 < length && at[0] == '\r' && at[1] == '\n')
            return next + 2;
    }
    return 0;
}

static bool is_token_byte(char byte)
{
    return byte && strchr("!#$%&'*+-.^_`|~0123456789"
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                          byte);
}

static bool is_token(const char *text)
{
    size_t length = 0;
    while (is_token_byte(text[length]))
        length++;
    return length > 0 && text[length] == '\0';
}

/* Visible ASCII only. */
static bool is_target(const char *text)
{
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at <= 0x20 || (unsigned char)*at >= 0x7F || *at == '#')
            return false;
    return *text != '\0';
}

/* "host", "host:port", "[::1]:port": LENGTH bytes, and nobody's name in front of them. */
static bool is_authority(const char *text, size_t length)
{
    static const char name[] = "!$%&'()*+,-.0123456789;=_~"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t host = strspn(text, name);
    if (*text == '[') {
        host = 1 + strspn(text + 1, "0123456789.:abcdefABCDEF");
        if (text[host++] != ']')
            return false;
    }
    if (host == 0 || host > length)
        return false;
    return host == length ||
           (text[host] == ':' && strspn(text + host + 1, "0123456789") >= length - host - 1);
}

static int refuse(const char **why, int status, const char *words)
{
    *why = words;
    return status;
}

/* "http://host/path?query": the path of it; NULL for what is neither that nor a path. */
static const char *find_path(const char *target)
{
    if (*target == '/')
        return target;
    if (!text_starts_nocase(target, "http://") && !text_starts_nocase(target, "https://"))
        return NULL;
    const char *path = strchr(strstr(target, "://") + 3, '/');
    return path ? path : "/";
}

static int read_authority(struct http_head *head, const char *text, const char **why)
{
    size_t length = strcspn(text, "/");
    if (!is_authority(text, length))
        return refuse(why, BAD_REQUEST, "the target of the request names no host");
    head->authority = xstrndup(text, length);
    return 0;
}

static int read_request_line(struct http_head *head, char *line, const char **why)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    if (!version)
        return refuse(why, BAD_REQUEST, "the request line is not METHOD TARGET HTTP/1.1");
    *target++ = '\0';
    *version++ = '\0';
    if (!text_starts(version, "HTTP/") || strlen(version) != 8 || version[6] != '.')
        return refuse(why, BAD_REQUEST, "the request line is not METHOD TARGET HTTP/1.1");
    if (version[5] != '1' || (version[7] != '0' && version[7] != '1'))
        return refuse(why, VERSION_NOT_SUPPORTED, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    if (!is_token(line) || !is_target(target) || !find_path(target))
        return refuse(why, BAD_REQUEST, "the method or the target of the request is malformed");
    head->minor = version[7] - '0';
    head->method = line;
    head->target = xstrdup(target);
    char *query = strchr(target, '?');
    if (query)
        *query++ = '\0';
    head->query = query;
    head->path = find_path(target);
    return *target == '/' ? 0 : read_authority(head, strstr(target, "://") + 3, why);
}

static int add_header(struct http_head *head, const char *name, const char *value, const char **why)
{
    if (head->header_count == HTTP_HEADERS_MAXIMUM)
        return refuse(why, 431, "there are more than 100 header lines");
    head->headers[head->header_count++] = (struct http_header){.name = name, .value = value};
    return 0;
}

static int read_header(struct http_head *head, char *line, const char **why)
{
    char *colon = strchr(line, ':');
    if (*line == ' ' || *line == '\t')
        return refuse(why, BAD_REQUEST, "a header line is folded");
    if (!colon)
        return refuse(why, BAD_REQUEST, "a header line has no colon");
    *colon = '\0';
    if (!is_token(line))
        return refuse(why, BAD_REQUEST, "the name of a header is malformed");
    char *value = colon + 1 + strspn(colon + 1, " \t");
    size_t length = strlen(value);
    while (length && strchr(" \t", value[length - 1]))
        value[--length] = '\0';
    for (const char *at = value; *at; at++)
        if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7F)
            return refuse(why, BAD_REQUEST, "the value of a header holds a control character");
    return add_header(head, line, value, why);
}

const char *http_head_find(const struct http_head *head, const char *name)
{
    for (size_t i = 0; i < head->header_count; i++)
        if (text_equal_nocase(head->headers[i].name, name))
            return head->headers[i].value;
    return NULL;
}

size_t http_head_count(const struct http_head *head, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < head->header_count; i++)
        count += text_equal_nocase(head->headers[i].name, name);
    return count;
}

/* Whether WORD stands in the comma-separated value of the headers NAME. */
static bool has_word(const struct http_head *head, const char *name, const char *word)
{
    for (size_t i = 0; i < head->header_count; i++) {
        const char *at = head->headers[i].value;
        if (!text_equal_nocase(head->headers[i].name, name))
            continue;
        while (*at) {
            at += strspn(at, " \t,");
            size_t length = strcspn(at, " \t,");
            if (length == strlen(word) && text_starts_nocase(at, word))
                return true;
            at += length;
        }
    }
    return false;
}

/* Who is meant: the host of the target, where it names one, whatever the header says (RFC 9112,
 * 3.2.2). Two readers of one request must not take it for two hosts'. */
static int read_host(struct http_head *head, const char **why)
{
    const char *host = http_head_find(head, "Host");
    if (http_head_count(head, "Host") > 1 || (head->minor == 1 && !host))
        return refuse(why, BAD_REQUEST, "exactly one Host header is needed");
    if (host && *host && !is_authority(host, strlen(host)))
        return refuse(why, BAD_REQUEST, "the Host header is no HOST[:PORT]");
    if (!head->authority)
        return 0;
    for (size_t i = 0; host && i < head->header_count; i++)
        if (text_equal_nocase(head->headers[i].name, "Host"))
            head->headers[i].value = head->authority;
    return host ? 0 : add_header(head, "Host", head->authority, why);
}

static int read_framing(struct http_head *head, const char **why)
{
    const char *coding = http_head_find(head, "Transfer-Encoding");
    const char *length = http_head_find(head, "Content-Length");
    unsigned long number = 0;
    if (coding && length)
        return refuse(why, BAD_REQUEST, "both Content-Length and Transfer-Encoding are given");
    if (http_head_count(head, "Content-Length") > 1 ||
        http_head_count(head, "Transfer-Encoding") > 1)
        return refuse(why, BAD_REQUEST, "the length of the body is given twice");
    if (length && (strlen(length) > LENGTH_DIGITS || !text_to_number(length, 0, -1UL, &number)))
        return refuse(why, BAD_REQUEST, "Content-Length is no number");
    if (coding && !text_equal_nocase(coding, "chunked"))
        return refuse(why, NOT_IMPLEMENTED, "the only Transfer-Encoding known here is chunked");
    if (coding && head->minor == 0)
        return refuse(why, BAD_REQUEST, "HTTP/1.0 has no Transfer-Encoding");
    head->chunked = coding != NULL;
    head->content_length = number;
    head->keep_alive = head->minor == 1 ? !has_word(head, "Connection", "close")
                                        : has_word(head, "Connection", "keep-alive");
    head->expects_continue = head->minor == 1 && has_word(head, "Expect", "100-continue");
    return read_host(head, why);
}

int http_head_read(struct http_head *head, const char *text, size_t length, const char **why)
{
    *head = (struct http_head){0};
    while (length && (*text == '\r' || *text == '\n')) {
        text++;
        length--;
    }
    head->raw = xstrndup(text, length);
    head->text = xstrndup(text, length);
    if (strlen(head->text) != length)
        return refuse(why, BAD_REQUEST, "the head holds a NUL byte");
    int status = 0;
    bool first = true;
    for (char *line = head->text; status == 0; first = false) {
        char *end = strchr(line, '\n');
        if (!end || end == line || end[-1] != '\r')
            return refuse(why, BAD_REQUEST, "a line does not end in CR LF");
        end[-1] = '\0';
        if (!*line && !first)
            break;
        status = first ? read_request_line(head, line, why) : read_header(head, line, why);
        line = end + 1;
    }
    return status ? status : read_framing(head, why);
}

void http_head_release(struct http_head *head)
{
    char *target = NULL;
    if (head->target)
        memcpy(&target, &head->target, sizeof target);
    free(target);
    text_wipe_free(head->raw);
    free(head->text);
    free(head->authority);
    *head = (struct http_head){0};
}

/* A form's blank is a plus sign. */
static char *decode(const char *text, size_t length)
{
    char *copy = xstrndup(text, length);
    for (char *at = copy; *at; at++)
        *at = *at == '+' ? ' ' : *at;
    char *decoded = url_decode(copy, length);
    free(copy);
    return decoded;
}

char *http_head_parameter(const struct http_head *head, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = head->query; at && *at; at += strspn(at, "&")) {
        size_t whole = strcspn(at, "&");
        if (whole > length && at[length] == '=' && strncmp(at, name, length) == 0)
            return decode(at + length + 1, whole - length - 1);
        at += whole;
    }
    return NULL;
}
