/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_choice.c - option, variable, default. */
#include "catalog_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "hide.h"
#include "text.h"

struct catalog_choice catalog_choice;

char *catalog_choice_url(struct error *err)
{
    const char *variable = getenv("TESTCONN_CATALOG");
    if (catalog_choice.url)
        return xstrdup(catalog_choice.url);
    return variable && *variable ? xstrdup(variable) : catalog_default_url(err);
}

const char *catalog_choice_encryption(void)
{
    const char *key = catalog_choice.encrypt;
    if (!key)
        key = getenv("TESTCONN_ENCRYPT_PASSWORDS");
    return key && *key ? key : NULL;
}

void catalog_choice_conceal(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char *shown = strstr(argv[i], "postgres");
        if (!shown || !strchr(shown, ':'))
            continue;
        char *copy = xstrdup(argv[i]);
        char *hidden = hide_in_url(shown);
        size_t room = strlen(shown);
        size_t length = strlen(hidden);
        memset(shown, ' ', room);
        memcpy(shown, hidden, length < room ? length : room);
        argv[i] = copy;
        free(hidden);
    }
}

struct catalog *catalog_choice_open(struct error *err)
{
    struct catalog_options options = {.key_file = catalog_choice.key_file,
                                      .limit_ms = catalog_choice.limit_ms};
    char *url = catalog_choice_url(err);
    struct catalog *catalog = url ? catalog_open(url, &options, err) : NULL;
    free(url);
    return catalog;
}

void catalog_complain(const char *command, const struct error *err)
{
    const struct reason_info *info = reason_info(err->reason);
    bool plain = err->reason == REASON_INVALID_INPUT;
    const char *remedy = *err->remedy ? err->remedy : plain ? "" : info->remedy;
    fprintf(stderr, "testconn %s: %s%s%s\n", command, plain ? "" : info->name, plain ? "" : ": ",
            err->message);
    if (*remedy)
        fprintf(stderr, "To fix it: %s%s\n", remedy, strchr(remedy, '?') ? "" : ".");
}

int catalog_exit_code(enum catalog_result result, const struct error *err)
{
    if (result == CATALOG_OK)
        return 0;
    if (result == CATALOG_ALREADY_EXISTS)
        return EXIT_REFUSED;
    if (err->reason == REASON_INVALID_INPUT)
        return EXIT_USAGE;
    if (err->reason == REASON_BUSY || err->reason == REASON_CONFLICT ||
        err->reason == REASON_INTERNAL)
        return EXIT_ERROR;
    return EXIT_REFUSED;
}

char *catalog_nearest(struct catalog *catalog, const char *name)
{
    struct catalog_filter all = {0};
    struct catalog_page page;
    struct error ignored = ERROR_INIT;
    char *found = NULL;
    if (catalog_list(catalog, &all, CATALOG_PAGE_MAXIMUM, NULL, false, &page, &ignored) !=
        CATALOG_OK)
        return NULL;
    const char **names = xcalloc(page.count + 1, sizeof *names);
    for (size_t i = 0; i < page.count; i++)
        names[i] = page.entries[i].name;
    const char *nearest = text_nearest(name, names);
    if (nearest)
        found = xstrdup(nearest);
    free(names);
    catalog_page_release(&page);
    return found;
}
