/* SPDX-License-Identifier: Apache-2.0 */
/* caller_fuzz.c - any bytes as AWS's configuration file, credentials file and the output of a
 * credential process, parted by 0x1E. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws_chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next of the three texts. */
static const char *take(const uint8_t **at, size_t *left, size_t *length)
{
    const uint8_t *text = *at;
    const uint8_t *stop = *left ? memchr(text, 0x1E, *left) : NULL;
    *length = stop ? (size_t)(stop - text) : *left;
    size_t taken = *length + (stop != NULL);
    *at += taken;
    *left -= taken;
    return (const char *)text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct shared_config *shared = shared_config_new();
    size_t length;
    const char *text = take(&data, &size, &length);
    shared_config_add(shared, SHARED_FILE_CONFIG, text, length);
    text = take(&data, &size, &length);
    shared_config_add(shared, SHARED_FILE_CREDENTIALS, text, length);
    text = take(&data, &size, &length);
    json_decref(aws_chain_process_output(text, length, "command"));
    for (int named = 0; named < 2; named++) {
        json_t *environment = named ? json_pack("{s:s}", "AWS_PROFILE", "a") : json_object();
        struct operator_config config = {environment, shared, "config", "credentials"};
        json_t *plan = aws_chain(&config);
        if (!json_is_object(plan) ||
            (json_object_size(plan) != 2 && !json_object_get(plan, "error")))
            abort();
        json_decref(plan);
        json_decref(aws_settings(&config));
        json_decref(environment);
    }
    shared_config_free(shared);
    return 0;
}
