/* SPDX-License-Identifier: Apache-2.0 */
/* request_id.c - random bytes as a UUID of version 4. */
#include "request_id.h"

#include <stdio.h>
#include <sys/random.h>

void request_id_make(char out[37])
{
    unsigned char b[16] = {0};
    if (getrandom(b, sizeof b, GRND_NONBLOCK) != (ssize_t)sizeof b)
        b[0] = 0;
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
}
