/* SPDX-License-Identifier: Apache-2.0 */
/* entry.c - stored connections and pages of them in memory. */
#include <stdlib.h>
#include <string.h>

#include "catalog_backend.h"
#include "text.h"

void catalog_entry_release(struct catalog_entry *entry)
{
    for (size_t i = 0; i < entry->criteria_count; i++)
        free(entry->criteria[i]);
    free(entry->criteria);
    free(entry->name);
    free(entry->type);
    text_wipe_free(entry->definition);
    free(entry->tags);
    free(entry->updated_by);
    free(entry->reason);
    *entry = (struct catalog_entry){0};
}

void catalog_page_release(struct catalog_page *page)
{
    for (size_t i = 0; i < page->count; i++)
        catalog_entry_release(&page->entries[i]);
    free(page->entries);
    free(page->next_token);
    *page = (struct catalog_page){0};
}

struct catalog_entry *catalog_page_add(struct catalog_page *page)
{
    page->entries = xrealloc(page->entries, (page->count + 1) * sizeof *page->entries);
    page->entries[page->count] = (struct catalog_entry){0};
    return &page->entries[page->count++];
}
