/* SPDX-License-Identifier: Apache-2.0 */
/* locked.c - pages with a size in front of the text. */
#include "locked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "text.h"

enum { HEAD = 16 }; /* bytes before the text, where its mapping's size stands */

char *locked_copy(const char *text)
{
    size_t size = HEAD + strlen(text) + 1;
    char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        fputs("testconn: out of memory\n", stderr);
        abort();
    }
    mlock(pages, size);
    madvise(pages, size, MADV_DONTDUMP);
    memcpy(pages, &size, sizeof size);
    memcpy(pages + HEAD, text, size - HEAD);
    return pages + HEAD;
}

void locked_free(char *text)
{
    size_t size;
    if (!text)
        return;
    memcpy(&size, text - HEAD, sizeof size);
    text_wipe(text, size - HEAD);
    munmap(text - HEAD, size);
}
