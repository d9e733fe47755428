/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog_agent.c - an agent that keeps a catalog open: a command a line, a line of answer.
 * Arguments: the folder of the modules, the URL, the key file.
 *
 *   create NAME TEXT | put NAME TEXT | update NAME TEXT | delete NAME | get NAME | names
 *   status NAME VERSION REASON
 *
 * The answer begins with "ok" or with the reason's name; of get it is "ok VERSION STATUS TEXT".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "text.h"

static struct catalog *catalog;

static void answer(enum catalog_result result, const struct error *err)
{
    if (result == CATALOG_OK)
        puts("ok");
    else
        printf("%s %d %s\n", reason_name(err->reason), (int)result, err->message);
}

static enum catalog_result write_one(const char *how, const char *name, const char *text,
                                     struct error *err)
{
    char type[] = "JDBC";
    char *criteria[] = {xstrdup("all"), xstrdup(text)};
    struct catalog_entry entry = {.name = xstrdup(name),
                                  .type = type,
                                  .criteria = criteria,
                                  .criteria_count = 2,
                                  .definition = xstrdup(text)};
    size_t at = 0;
    enum catalog_result result = *how == 'u'
                                     ? catalog_update(catalog, &entry, err)
                                     : catalog_create(catalog, &entry, 1, *how == 'p', &at, err);
    free(criteria[0]);
    free(criteria[1]);
    free(entry.name);
    free(entry.definition);
    return result;
}

static void get(const char *name)
{
    struct catalog_entry entry;
    struct error err = ERROR_INIT;
    enum catalog_result result = catalog_get(catalog, name, &entry, &err);
    if (result == CATALOG_OK)
        printf("ok %lld %d %s\n", (long long)entry.version, (int)entry.status, entry.definition);
    else
        answer(result, &err);
    catalog_entry_release(&entry);
}

static void print_names(void)
{
    struct catalog_filter all = {0};
    struct catalog_page page;
    struct error err = ERROR_INIT;
    enum catalog_result result = catalog_list(catalog, &all, 1000, NULL, true, &page, &err);
    if (result != CATALOG_OK) {
        answer(result, &err);
        return;
    }
    fputs("ok", stdout);
    for (size_t i = 0; i < page.count; i++)
        printf(" %s=%s", page.entries[i].name, page.entries[i].definition);
    putchar('\n');
    catalog_page_release(&page);
}

static void obey(char *line)
{
    struct error err = ERROR_INIT;
    char *command = strsep(&line, " ");
    char *name = strsep(&line, " ");
    if (strcmp(command, "names") == 0) {
        print_names();
    } else if (!name) {
        puts("what?");
    } else if (strcmp(command, "get") == 0) {
        get(name);
    } else if (strcmp(command, "delete") == 0) {
        answer(catalog_delete(catalog, name, &err), &err);
    } else if (strcmp(command, "status") == 0) {
        const char *version = strsep(&line, " ");
        answer(catalog_set_status(catalog, name, strtoll(version ? version : "", NULL, 10),
                                  CATALOG_STATUS_FAILED, line, 1, &err),
               &err);
    } else {
        answer(write_one(command, name, line ? line : "", &err), &err);
    }
}

int main(int argc, char **argv)
{
    static char line[65536];
    struct error err = ERROR_INIT;
    struct catalog_options options = {.folder = argv[argc > 1 ? 1 : 0],
                                      .key_file = argc > 3 ? argv[3] : NULL};
    catalog = argc > 2 ? catalog_open(argv[2], &options, &err) : NULL;
    if (!catalog) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        obey(line);
        fflush(stdout);
    }
    catalog_close(catalog);
    return 0;
}
