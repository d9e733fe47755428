/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network_openings.c - one well-formed, harmless request of each protocol that waits for its
 * client.
 *
 * None of them logs in, names an account, or changes anything; each is what the protocol's own
 * clients or load balancers' health checks send first:
 *
 *   PostgreSQL   SSLRequest; an offer of TLS is taken up, so that nothing is logged when we leave
 *   HTTP         HEAD / (1.0; no Host, which Redis takes for an attack)
 *   TLS          a ClientHello of TLS 1.2; what answers gets a whole handshake on another
 * connection Kafka        ApiVersions 0 MongoDB      hello TDS          PRELOGIN Oracle TNS CONNECT
 * with COMMAND=ping, as tnsping does Redis        PING (on its own port only: elsewhere its answer
 * to HEAD tells)
 */
#include "network_openings.h"

#include <stdio.h>
#include <string.h>

#include "testconn/probe.h"

/* Our mark in requests that number themselves; the answer repeats it. */
#define MARK "tcv1"

static bool answers_postgresql(const unsigned char *bytes, size_t length)
{
    return length == 1 && (bytes[0] == 'S' || bytes[0] == 'N');
}

static bool answers_kafka(const unsigned char *bytes, size_t length)
{
    return length >= 10 && bytes[0] == 0 && memcmp(bytes + 4, MARK, 4) == 0;
}

/* OP_MSG or OP_REPLY to our request. */
static bool answers_mongodb(const unsigned char *bytes, size_t length)
{
    return length >= 16 && memcmp(bytes + 8, MARK, 4) == 0 && bytes[14] == 0 && bytes[15] == 0 &&
           ((bytes[12] == 0xDD && bytes[13] == 7) || (bytes[12] == 1 && bytes[13] == 0));
}

#define OPENING(protocol, text, answers)                                                           \
    {                                                                                              \
        protocol, text, sizeof(text) - 1, answers                                                  \
    }

enum { POSTGRESQL, HTTP, TLS, KAFKA, MONGODB, TDS, TNS, REDIS };

/* In the order for a port that tells nothing: the two that the least mind, then the rest. */
static const struct opening openings[OPENINGS] = {
    [POSTGRESQL] = OPENING("PostgreSQL", "\0\0\0\x08\x04\xd2\x16\x2f", answers_postgresql),
    [HTTP] = OPENING("HTTP", "HEAD / HTTP/1.0\r\nUser-Agent: testconn\r\n\r\n", NULL),
    /* Suites, groups and signatures that any server of TLS 1.2 has some of. */
    [TLS] = OPENING("TLS",
                    "\x16\x03\x01\0\x7c\x01\0\0\x78\x03\x03"
                    "testconntestconntestconntestconn\0"
                    "\0\x20\xc0\x2b\xc0\x2f\xc0\x2c\xc0\x30\xcc\xa9\xcc\xa8\0\x9e\0\x9f"
                    "\xc0\x09\xc0\x13\xc0\x0a\xc0\x14\0\x9c\0\x9d\0\x2f\0\x35\x01\0"
                    "\0\x2f\0\x0a\0\x08\0\x06\0\x1d\0\x17\0\x18\0\x0b\0\x02\x01\0"
                    "\0\x0d\0\x14\0\x12\x04\x03\x08\x04\x04\x01\x05\x03\x08\x05\x05\x01"
                    "\x08\x06\x06\x01\x02\x01\xff\x01\0\x01\0",
                    NULL),
    [KAFKA] = OPENING("Kafka", "\0\0\0\x12\0\x12\0\0" MARK "\0\x08testconn", answers_kafka),
    [MONGODB] = OPENING("MongoDB",
                        "\x34\0\0\0" MARK "\0\0\0\0\xdd\x07\0\0\0\0\0\0\0"
                        "\x1f\0\0\0\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0",
                        answers_mongodb),
    [TDS] = OPENING("TDS (SQL Server)",
                    "\x12\x01\0\x1a\0\0\x01\0"
                    "\0\0\x0b\0\x06\x01\0\x11\0\x01\xff"
                    "\0\0\0\0\0\0\0",
                    NULL),
    [TNS] = OPENING("Oracle TNS",
                    "\0\x57\0\0\x01\0\0\0\x01\x36\x01\x2c\0\0\x08\0\x7f\xff\x7f\x08\0\0\0\x01"
                    "\0\x1d\0\x3a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                    "(CONNECT_DATA=(COMMAND=ping))",
                    NULL),
    [REDIS] = OPENING("Redis", "PING\r\n", NULL),
};

/* What ports are known for. GREETS: the server speaks first, and a stranger's words would count
 * against us there (MySQL's max_connect_errors, the penalties of sshd). */
enum { GREETS = OPENINGS };
static const struct {
    uint16_t port;
    int opening;
} ports[] = {
    {21, GREETS},       {22, GREETS},       {23, GREETS},       {25, GREETS},    {80, HTTP},
    {110, GREETS},      {143, GREETS},      {443, TLS},         {465, TLS},      {587, GREETS},
    {636, TLS},         {990, TLS},         {993, TLS},         {995, TLS},      {1433, TDS},
    {1521, TNS},        {1522, TNS},        {2121, GREETS},     {2222, GREETS},  {2484, TLS},
    {2525, GREETS},     {3306, GREETS},     {3307, GREETS},     {3308, GREETS},  {3309, GREETS},
    {5432, POSTGRESQL}, {5433, POSTGRESQL}, {5439, POSTGRESQL}, {5900, GREETS},  {5901, GREETS},
    {6379, REDIS},      {6380, TLS},        {6432, POSTGRESQL}, {8000, HTTP},    {8080, HTTP},
    {8443, TLS},        {9092, KAFKA},      {9093, TLS},        {9094, TLS},     {9096, TLS},
    {9098, TLS},        {9200, HTTP},       {10022, GREETS},    {13306, GREETS}, {22222, GREETS},
    {27017, MONGODB},   {27018, MONGODB},   {27019, MONGODB},   {33060, GREETS}, {33306, GREETS},
};

size_t openings_for(uint16_t port, const struct opening *order[OPENINGS], bool *expected)
{
    size_t count = 0;
    int first = -1;
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
        if (ports[i].port == port)
            first = ports[i].opening;
    *expected = first >= 0;
    if (first == GREETS)
        return 0;
    if (first >= 0)
        order[count++] = &openings[first];
    for (int i = 0; i < REDIS; i++)
        if (i != first)
            order[count++] = &openings[i];
    return count;
}

const struct opening *opening_tls(void)
{
    return &openings[TLS];
}

bool opening_is_for_all(const struct opening *opening)
{
    return opening == &openings[HTTP];
}

const char *opening_answer(const struct opening *opening, const unsigned char *bytes, size_t length)
{
    if (opening && opening->answers && opening->answers(bytes, length))
        return opening->protocol;
    return probe_protocol_of(bytes, length);
}

bool opening_tds_version(const unsigned char *bytes, size_t length, char *out, size_t size)
{
    enum { HEADER = 8, TOKEN = 5, VERSION = 0, END = 0xFF };
    for (size_t at = HEADER; at + TOKEN <= length && bytes[at] != END; at += TOKEN) {
        size_t offset = HEADER + (size_t)(bytes[at + 1] << 8 | bytes[at + 2]);
        if (bytes[at] != VERSION || offset + 4 > length)
            continue;
        const unsigned char *version = bytes + offset;
        snprintf(out, size, "%u.%u.%u", version[0], version[1], version[2] << 8 | version[3]);
        return true;
    }
    return false;
}
