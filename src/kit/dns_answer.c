/* SPDX-License-Identifier: Apache-2.0 */
/* dns_answer.c - SRV and TXT records out of a name server's answer. */
#include "dns_answer.h"

#include <arpa/nameser.h>
#include <resolv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum {
    HEADER_SIZE = 12,  /* bytes; four counts at its end */
    QUESTION_TAIL = 4, /* type, class */
    RECORD_TAIL = 10,  /* type, class, time to live, length of the data */
    SRV_FIXED = 6,     /* priority, weight, port */
    TEXTS_MAXIMUM = 64,
    CODE_AT = 3,
    CODE_MASK = 15
};

/* An answer being read; glibc's own reader is in a library that nothing else of ours needs. */
struct reader {
    const unsigned char *begin;
    const unsigned char *at;
    const unsigned char *end;
    unsigned left; /* records of the answer section */
};

struct record {
    unsigned type;
    const unsigned char *data;
    size_t length;
};

static unsigned number(const unsigned char *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* Pass a name and COUNT bytes behind it. */
static bool skip(struct reader *reader, size_t count)
{
    int name = dn_skipname(reader->at, reader->end);
    if (name < 0 || (size_t)(reader->end - reader->at - name) < count)
        return false;
    reader->at += (size_t)name + count;
    return true;
}

static bool reader_begin(struct reader *reader, const unsigned char *answer, size_t length)
{
    if (length < HEADER_SIZE)
        return false;
    unsigned questions = number(answer + 4);
    *reader = (struct reader){answer, answer + HEADER_SIZE, answer + length, number(answer + 6)};
    for (; questions; questions--)
        if (!skip(reader, QUESTION_TAIL))
            return false;
    return true;
}

/* The next record; false when there is no more, or no whole one. */
static bool reader_next(struct reader *reader, struct record *record)
{
    if (reader->left == 0 || !skip(reader, RECORD_TAIL))
        return false;
    reader->left--;
    record->type = number(reader->at - RECORD_TAIL);
    record->length = number(reader->at - 2);
    record->data = reader->at;
    if ((size_t)(reader->end - reader->at) < record->length)
        return false;
    reader->at += record->length;
    return true;
}

/* A record's place in the order of RFC 2782. */
struct ranked {
    unsigned priority;
    unsigned weight;
    struct endpoint endpoint;
};

static int compare(const void *a, const void *b)
{
    const struct ranked *left = a;
    const struct ranked *right = b;
    if (left->priority != right->priority)
        return left->priority < right->priority ? -1 : 1;
    if (left->weight != right->weight)
        return left->weight > right->weight ? -1 : 1;
    int by_name = strcasecmp(left->endpoint.host, right->endpoint.host);
    return by_name ? by_name : (int)left->endpoint.port - (int)right->endpoint.port;
}

static bool is_host(const char *name)
{
    static const char bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return *name && *name != '.' && name[strspn(name, bytes)] == '\0';
}

/* One SRV record; what is wrong with it, or NULL. */
static const char *read_srv(const struct reader *reader, const struct record *record,
                            struct ranked *ranked)
{
    char name[NS_MAXDNAME];
    const unsigned char *data = record->data;
    if (record->length <= SRV_FIXED ||
        ns_name_uncompress(reader->begin, reader->end, data + SRV_FIXED, name, sizeof name) < 0)
        return "a broken record";
    unsigned port = number(data + 4);
    size_t length = strlen(name);
    if (length == 0 || strcmp(name, ".") == 0)
        return "that the service is not offered there (its target is \".\")";
    if (name[length - 1] == '.')
        name[length - 1] = '\0';
    if (!is_host(name))
        return "a target that is no host name";
    if (port == 0)
        return "the port 0";
    *ranked = (struct ranked){.priority = number(data),
                              .weight = number(data + 2),
                              .endpoint = {.host = xstrdup(name), .port = (uint16_t)port}};
    return NULL;
}

bool dns_answer_hosts(const unsigned char *answer, size_t length, struct srv_hosts *hosts,
                      const char **wrong)
{
    struct ranked found[SRV_HOSTS_MAXIMUM];
    size_t count = 0;
    struct reader reader;
    struct record record;
    *hosts = (struct srv_hosts){0};
    *wrong = NULL;
    if (!reader_begin(&reader, answer, length))
        return false;
    while (count < SRV_HOSTS_MAXIMUM && reader_next(&reader, &record)) {
        if (record.type != ns_t_srv)
            continue;
        const char *fault = read_srv(&reader, &record, &found[count]);
        if (fault)
            *wrong = fault;
        else
            count++;
    }
    if (count == 0)
        return true;
    qsort(found, count, sizeof *found, compare);
    hosts->endpoints = xcalloc(count, sizeof *hosts->endpoints);
    hosts->count = count;
    for (size_t i = 0; i < count; i++)
        hosts->endpoints[i] = found[i].endpoint;
    return true;
}

/* Strings of at most 255 bytes, each behind its length. */
static char *join_strings(const unsigned char *data, size_t length)
{
    struct text_buffer text = TEXT_BUFFER_INIT;
    for (size_t at = 0; at < length;) {
        size_t size = data[at++];
        if (size > length - at)
            size = length - at;
        text_append_bytes(&text, data + at, size);
        at += size;
    }
    return text_take(&text);
}

bool dns_answer_texts(const unsigned char *answer, size_t length, char ***texts, size_t *count)
{
    struct reader reader;
    struct record record;
    *texts = NULL;
    *count = 0;
    if (!reader_begin(&reader, answer, length))
        return false;
    while (*count < TEXTS_MAXIMUM && reader_next(&reader, &record)) {
        if (record.type != ns_t_txt)
            continue;
        *texts = xrealloc(*texts, (*count + 1) * sizeof **texts);
        (*texts)[(*count)++] = join_strings(record.data, record.length);
    }
    return true;
}

const char *dns_answer_code(const unsigned char *answer, size_t length)
{
    static const char *const codes[] = {NULL,       "FORMERR", "SERVFAIL",
                                        "NXDOMAIN", "NOTIMP",  "REFUSED"};
    unsigned code = length > CODE_AT ? answer[CODE_AT] & CODE_MASK : 0;
    return code < sizeof codes / sizeof *codes ? codes[code] : "an unknown response code";
}
