/* SPDX-License-Identifier: Apache-2.0 */
/* mongodb_message_fuzz.c - any bytes as a server's message, and as what it says of itself. */
#include <stdint.h>
#include <string.h>

#include "mongodb_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bson_t document;
    struct server_error error;
    struct hello hello;
    if (size < MESSAGE_HEADER)
        return 0;
    message_length(data);
    if (!message_document(data, data + MESSAGE_HEADER, size - MESSAGE_HEADER, &document))
        return 0;
    document_is_ok(&document, &error);
    hello_read(&document, &hello);
    hello_has_mechanism(&hello, "SCRAM-SHA-256");
    hello_role(&hello);
    return 0;
}
