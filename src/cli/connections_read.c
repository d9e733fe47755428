/* SPDX-License-Identifier: Apache-2.0 */
/* connections_read.c - get, list, delete and batch-delete. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog_choice.h"
#include "catalog_json.h"
#include "columns.h"
#include "commands.h"
#include "connections.h"
#include "text.h"
#include "words.h"

enum { PAGE = 200, NAME_WIDTH = 40, TITLE_WIDTH = 23, LINE_WIDTH = 80 };

static unsigned how_to_show(void)
{
    return CATALOG_SHOW_DATES | (connections_settings.show_password ? CATALOG_SHOW_PASSWORDS : 0);
}

/* A NAME that the catalog does not have: say which one is near. */
static int fail(const char *command, struct catalog *catalog, const char *name,
                enum catalog_result result, struct error *err)
{
    char *nearest = result == CATALOG_NOT_FOUND ? catalog_nearest(catalog, name) : NULL;
    if (nearest)
        error_remedy(err, "correct the name: did you mean %s ?", nearest);
    free(nearest);
    return connections_fail(command, result, err);
}

static const char *status_word(const struct catalog_entry *entry)
{
    if (entry->status == CATALOG_STATUS_NONE)
        return "not tested";
    return entry->status == CATALOG_STATUS_READY ? "READY" : "FAILED";
}

/* TITLE and TEXT side by side where that fits, TEXT below it where not. */
static void print_row(const char *title, const char *text)
{
    if (strlen(title) > TITLE_WIDTH)
        printf("  %s\n%*s", title, TITLE_WIDTH + 4, "");
    else
        printf("  %-*s  ", TITLE_WIDTH, title);
    columns_wrap(stdout, text, TITLE_WIDTH + 4, LINE_WIDTH, false);
}

static void print_date(const char *title, int64_t at_ms, const char *by)
{
    char date[32];
    catalog_date(date, sizeof date, at_ms);
    char *text = text_format("%s%s%s", date, by ? " by " : "", by ? by : "");
    print_row(title, text);
    free(text);
}

/* A value that HidePassword removed: what it refers to, if it is a reference and no secret. */
static const char *hidden_text(const char *value)
{
    size_t length = value ? strlen(value) : 0;
    bool reference = length && (text_starts(value, "${env:") || text_starts(value, "${file:")) &&
                     strchr(value, '}') == value + length - 1;
    return reference ? value : "***";
}

static void print_members(const json_t *connection, const struct catalog_entry *entry)
{
    static const char *const members[] = {"MatchCriteria", "PhysicalConnectionRequirements",
                                          "AuthenticationConfiguration", NULL};
    const json_t *shown = json_object_get(connection, "ConnectionProperties");
    json_t *stored = json_loads(entry->definition, 0, NULL);
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(stored, "ConnectionProperties"), key, value)
    {
        const char *text = json_string_value(json_object_get(shown, key));
        print_row(key, text ? text : hidden_text(json_string_value(value)));
    }
    json_decref(stored);
    for (const char *const *member = members; *member; member++) {
        char *text = json_dumps(json_object_get(connection, *member), JSON_COMPACT);
        if (text)
            print_row(*member, text);
        free(text);
    }
}

static void print_entry(const struct catalog_entry *entry)
{
    json_t *connection = catalog_entry_to_json(entry, how_to_show());
    const char *description = json_string_value(json_object_get(connection, "Description"));
    char *name = columns_text(entry->name);
    printf("%s: %s, %s\n", name, entry->type, status_word(entry));
    if (entry->reason)
        print_row("reason", entry->reason);
    if (entry->validated_ms)
        print_date("tested", entry->validated_ms, NULL);
    print_date("created", entry->created_ms, NULL);
    print_date("updated", entry->updated_ms, entry->updated_by);
    if (description)
        print_row("description", description);
    if (entry->tags)
        print_row("tags", entry->tags);
    print_members(connection, entry);
    free(name);
    json_decref(connection);
}

int connections_get(struct catalog *catalog, const char *const *names, size_t count)
{
    struct error err = ERROR_INIT;
    struct catalog_entry entry;
    (void)count;
    enum catalog_result result = catalog_get(catalog, names[0], &entry, &err);
    if (result != CATALOG_OK)
        return fail("connections get", catalog, names[0], result, &err);
    if (connections_json()) {
        json_t *answer =
            json_pack("{s:o}", "Connection", catalog_entry_to_json(&entry, how_to_show()));
        if (entry.tags)
            json_object_set_new(answer, "Tags", json_loads(entry.tags, 0, NULL));
        connections_print(answer);
    } else {
        print_entry(&entry);
    }
    catalog_entry_release(&entry);
    return 0;
}

/* What a listing has read: all of it, so that columns can be as wide as what they hold. */
struct listing {
    struct catalog_page *pages;
    size_t count;
};

static void listing_release(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        catalog_page_release(&listing->pages[i]);
    free(listing->pages);
}

/* One page when one was asked for, else all. */
static enum catalog_result read_listing(struct catalog *catalog, struct listing *listing,
                                        struct error *err)
{
    struct catalog_filter filter = {.type = connections_settings.type,
                                    .criteria = connections_settings.match.items,
                                    .criteria_count = connections_settings.match.count};
    bool one = connections_settings.limit > 0;
    const char *token = connections_settings.token;
    enum catalog_result result;
    do {
        struct catalog_page page;
        result = catalog_list(catalog, &filter, one ? (size_t)connections_settings.limit : PAGE,
                              token, connections_json(), &page, err);
        if (result != CATALOG_OK)
            break;
        listing->pages = xrealloc(listing->pages, (listing->count + 1) * sizeof *listing->pages);
        listing->pages[listing->count++] = page;
        token = page.next_token;
    } while (token && !one);
    return result;
}

static void print_line(const struct catalog_entry *entry, int name_width, int type_width)
{
    char date[32] = "-";
    if (entry->validated_ms)
        catalog_date(date, sizeof date, entry->validated_ms);
    /* To the minute is what a person wants to know. */
    if (entry->validated_ms)
        date[strcspn(date, "T")] = ' ';
    if (strlen(date) > 16)
        date[16] = '\0';
    columns_pad(stdout, entry->name, name_width);
    printf("  %-*s  %-10s  %s", type_width, entry->type, status_word(entry), date);
    int room = LINE_WIDTH - name_width - type_width - 10 - 16 - 8;
    if (entry->reason && room > 10) {
        char *whole = columns_text(entry->reason);
        char *cut = columns_cut(whole, room);
        printf("%*s  %s", 16 - (int)strlen(date), "", cut);
        free(whole);
        free(cut);
    }
    putchar('\n');
}

/* Nothing may be all that there is, or the wrong catalog. */
static void tell_empty(const struct catalog *catalog)
{
    bool filtered =
        connections_settings.type || connections_settings.match.count || connections_settings.token;
    fprintf(stderr, "testconn connections list: the catalog %s holds no %sconnection\n",
            catalog_url(catalog), filtered ? "such " : "");
}

/* Whether there was any. */
static bool print_listing(const struct listing *listing)
{
    int name_width = 4;
    int type_width = 4;
    size_t total = 0;
    for (size_t p = 0; p < listing->count; p++)
        for (size_t i = 0; i < listing->pages[p].count; i++, total++) {
            char *name = columns_text(listing->pages[p].entries[i].name);
            int columns = columns_of(name);
            int type = (int)strlen(listing->pages[p].entries[i].type);
            name_width = columns > name_width ? columns : name_width;
            type_width = type > type_width ? type : type_width;
            free(name);
        }
    name_width = name_width > NAME_WIDTH ? NAME_WIDTH : name_width;
    if (total)
        printf("%-*s  %-*s  %-10s  %s\n", name_width, "NAME", type_width, "TYPE", "STATUS",
               "TESTED (UTC)");
    for (size_t p = 0; p < listing->count; p++)
        for (size_t i = 0; i < listing->pages[p].count; i++)
            print_line(&listing->pages[p].entries[i], name_width, type_width);
    const struct catalog_page *last = listing->count ? &listing->pages[listing->count - 1] : NULL;
    if (last && last->next_token)
        printf("\nMore follow: --next-token %s\n", last->next_token);
    return total > 0;
}

static json_t *listing_to_json(const struct listing *listing)
{
    json_t *list = json_array();
    for (size_t p = 0; p < listing->count; p++)
        for (size_t i = 0; i < listing->pages[p].count; i++)
            json_array_append_new(
                list, catalog_entry_to_json(&listing->pages[p].entries[i], how_to_show()));
    json_t *answer = json_pack("{s:o}", "ConnectionList", list);
    const struct catalog_page *last = listing->count ? &listing->pages[listing->count - 1] : NULL;
    if (last && last->next_token)
        json_object_set_new(answer, "NextToken", json_string(last->next_token));
    return answer;
}

int connections_list(struct catalog *catalog, const char *const *names, size_t count)
{
    struct listing listing = {0};
    struct error err = ERROR_INIT;
    (void)names;
    (void)count;
    enum catalog_result result = read_listing(catalog, &listing, &err);
    if (result == CATALOG_OK && connections_json())
        connections_print(listing_to_json(&listing));
    else if (result == CATALOG_OK && !print_listing(&listing))
        tell_empty(catalog);
    listing_release(&listing);
    return result == CATALOG_OK ? 0 : connections_fail("connections list", result, &err);
}

int connections_delete(struct catalog *catalog, const char *const *names, size_t count)
{
    struct error err = ERROR_INIT;
    (void)count;
    enum catalog_result result = catalog_delete(catalog, names[0], &err);
    if (result != CATALOG_OK)
        return fail("connections delete", catalog, names[0], result, &err);
    if (connections_json())
        connections_print(json_object());
    else
        connections_tell(names[0], "deleted");
    return 0;
}

int connections_batch_delete(struct catalog *catalog, const char *const *names, size_t count)
{
    enum catalog_result results[CATALOG_BATCH_MAXIMUM];
    struct error err = ERROR_INIT;
    bool missing = false;
    enum catalog_result result = catalog_batch_delete(catalog, names, count, results, &err);
    if (result != CATALOG_OK)
        return connections_fail("connections batch-delete", result, &err);
    for (size_t i = 0; i < count; i++) {
        missing = missing || results[i] != CATALOG_OK;
        if (!connections_json())
            connections_tell(names[i], results[i] == CATALOG_OK ? "deleted" : "not found");
    }
    if (connections_json())
        connections_print(catalog_deletions_to_json(names, results, count));
    return missing ? EXIT_USAGE : 0;
}
