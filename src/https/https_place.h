/* SPDX-License-Identifier: Apache-2.0 */
/* https_place.h - the scheme, host and port that a URL names. */
#ifndef HTTPS_PLACE_H
#define HTTPS_PLACE_H

#include <stdbool.h>

#include "testconn/error.h"
#include "testconn/target.h"

/* Where a request goes. End with https_place_release(). */
struct https_place {
    struct endpoint endpoint; /* the host without brackets */
    bool is_tls;
};
#define HTTPS_PLACE_INIT ((struct https_place){.endpoint = {.host = NULL}})

/* Read URL, which must be https://, or http:// where PLAIN says so, and hold no user and password
 * unless it is a PROXY's. False with ERR set to INVALID_INPUT, which does not repeat the URL. */
bool https_place_read(const char *url, bool plain, bool proxy, struct https_place *place,
                      struct error *err);
void https_place_release(struct https_place *place);

/* Whether both are one. */
bool https_place_equal(const struct https_place *a, const struct https_place *b);

#endif
