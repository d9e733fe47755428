/* SPDX-License-Identifier: Apache-2.0 */
/* dns_answer.h - what a name server answered, taken apart. Pure: bytes in, records out. */
#ifndef DNS_ANSWER_H
#define DNS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "testconn/srv.h"

/* The SRV records among the LENGTH bytes of ANSWER into HOSTS, at most SRV_HOSTS_MAXIMUM. WRONG
 * says why there are none: static words, or NULL. False when the bytes are no answer. */
bool dns_answer_hosts(const unsigned char *answer, size_t length, struct srv_hosts *hosts,
                      const char **wrong);

/* The TXT records, each with its strings joined; as srv_texts(). */
bool dns_answer_texts(const unsigned char *answer, size_t length, char ***texts, size_t *count);

/* "REFUSED": the response code in ANSWER; NULL where there is no answer or it is a good one. */
const char *dns_answer_code(const unsigned char *answer, size_t length);

#endif
