/* SPDX-License-Identifier: Apache-2.0 */
/* json_memory.c - jansson's memory, wiped when it is freed. */
#include "json_memory.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>

#include "text.h"

static void wipe_and_free(void *memory)
{
    if (memory)
        text_wipe(memory, malloc_usable_size(memory));
    free(memory);
}

void json_memory_wipe(void)
{
    json_set_alloc_funcs(malloc, wipe_and_free);
}
