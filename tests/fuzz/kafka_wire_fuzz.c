/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_wire_fuzz.c - any bytes as each answer of a broker: the first says which, and its version.
 */
#include <stdint.h>
#include <stdlib.h>

#include "kafka_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t last_byte; /* reading the end of a token must be allowed */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kafka_versions versions;
    struct kafka_handshake handshake;
    struct kafka_authenticate authenticate;
    struct kafka_metadata metadata;
    if (size < 1)
        return 0;
    int version = data[0] >> 4;
    switch (data[0] & 3) {
    case 0:
        kafka_read_versions(data + 1, size - 1, version, &versions);
        break;
    case 1:
        kafka_read_handshake(data + 1, size - 1, &handshake);
        break;
    case 2:
        if (kafka_read_authenticate(data + 1, size - 1, &authenticate) && authenticate.token_length)
            last_byte = authenticate.token[authenticate.token_length - 1];
        break;
    default:
        kafka_read_metadata(data + 1, size - 1, version, &metadata);
        free(metadata.brokers);
    }
    return 0;
}
