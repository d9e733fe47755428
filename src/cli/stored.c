/* SPDX-License-Identifier: Apache-2.0 */
/* stored.c - names from a catalog become an input; reports become statuses. */
#include "stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "catalog_choice.h"
#include "catalog_json.h"
#include "commands.h"
#include "references.h"
#include "text.h"

enum { FLUSH_MS = 5000, PAUSE_MS = 10 };

/* What is known of connection INDEX of the input. */
struct item {
    char *name;
    int64_t version;
    enum catalog_result result; /* CATALOG_OK: it was read */
    struct error *failure;      /* why not */
    /* A status that is still to be written: */
    bool pending;
    enum catalog_status status;
    char *reason;
    int64_t validated_ms;
};

struct stored {
    struct catalog *catalog;
    char *url;
    const char *command;
    struct item *items;
    size_t count;
    bool may_pass; /* what could not be read may be readable later */
};

/* What stands for a connection that cannot be read. */
static struct connection *make_empty(const char *name)
{
    json_t *document = json_object();
    json_object_set_new(document, "Name", json_string(name)); /* no member when it is not UTF-8 */
    return connection_new(document, CONNECTION_FORM_INPUT);
}

/* Append CONNECTION, which is taken over. */
static struct item *append(struct stored *stored, struct input *input, const char *name,
                           struct connection *connection)
{
    struct connection_list *list = &input->list;
    size_t count = list->count + 1;
    list->items = xrealloc(list->items, count * sizeof *list->items);
    input->unset = xrealloc(input->unset, count * sizeof *input->unset);
    stored->items = xrealloc(stored->items, count * sizeof *stored->items);
    list->items[list->count] = connection;
    input->unset[list->count] = PROBLEMS_INIT;
    stored->items[list->count] = (struct item){.name = xstrdup(name), .result = CATALOG_OK};
    stored->count = list->count = count;
    return &stored->items[count - 1];
}

static void append_failure(struct stored *stored, struct input *input, const char *name,
                           enum catalog_result result, const struct error *err)
{
    struct item *item = append(stored, input, name, make_empty(name));
    item->result = result;
    item->failure = xmalloc(sizeof *item->failure);
    *item->failure = *err;
    stored->may_pass |= reason_info(err->reason)->transient;
}

/* Whoever wrote it into AWS is not who runs this command. */
static void see_references(const struct stored *stored, struct connection *connection,
                           struct problems *problems)
{
    static const struct references_allowed none = {NULL, 0};
    if (catalog_is_foreign(stored->catalog))
        references_check(connection, &none, problems);
    else
        input_expand(connection, problems);
}

static void read_one(struct stored *stored, struct input *input, const char *name)
{
    struct error err = ERROR_INIT;
    struct catalog_entry entry;
    enum catalog_result result = catalog_get(stored->catalog, name, &entry, &err);
    struct connection *connection =
        result == CATALOG_OK ? catalog_entry_to_connection(&entry, &err) : NULL;
    if (connection) {
        struct item *item = append(stored, input, name, connection);
        item->version = entry.version;
        see_references(stored, connection, &input->unset[input->list.count - 1]);
    } else {
        if (result == CATALOG_NOT_FOUND) {
            char *nearest = catalog_nearest(stored->catalog, name);
            if (nearest)
                error_remedy(&err, "correct the name: did you mean %s ?", nearest);
            free(nearest);
        }
        append_failure(stored, input, name, result == CATALOG_OK ? CATALOG_FAILED : result, &err);
        if (result == CATALOG_NOT_FOUND || result == CATALOG_INVALID)
            catalog_complain(stored->command, &err);
    }
    catalog_entry_release(&entry);
}

/* The names of all that CHOICE means, page by page. */
static enum catalog_result read_all(struct stored *stored, const struct choice *choice,
                                    struct input *input, struct error *err)
{
    struct catalog_filter filter = {.type = choice->type,
                                    .criteria = choice->match.items,
                                    .criteria_count = choice->match.count};
    struct catalog_page page;
    enum catalog_result result;
    char *token = NULL;
    do {
        result =
            catalog_list(stored->catalog, &filter, CATALOG_PAGE_MAXIMUM, token, false, &page, err);
        free(token);
        token = result == CATALOG_OK && page.next_token ? xstrdup(page.next_token) : NULL;
        for (size_t i = 0; result == CATALOG_OK && i < page.count; i++)
            read_one(stored, input, page.entries[i].name);
        catalog_page_release(&page);
    } while (token);
    return result;
}

static int refuse(struct stored *stored, const struct choice *choice, enum catalog_result result,
                  const struct error *err)
{
    stored->may_pass = reason_info(err->reason)->transient;
    if (!choice->patient || !stored->may_pass)
        catalog_complain(stored->command, err);
    return catalog_exit_code(result, err);
}

/* The catalog could not be opened: each NAME fails for that, unless that is wrong usage. */
static int fail_all(struct stored *stored, const struct choice *choice, struct input *input,
                    const struct error *err)
{
    if (err->reason == REASON_INVALID_INPUT || choice->count == 0)
        return refuse(stored, choice, CATALOG_FAILED, err);
    for (size_t i = 0; i < choice->count; i++)
        append_failure(stored, input, choice->names[i], CATALOG_FAILED, err);
    return 0;
}

static bool stands_before(const struct choice *choice, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(choice->names[i], choice->names[index]) == 0)
            return true;
    return false;
}

int stored_read(const char *command, const struct choice *choice, struct input *input,
                struct stored **stored_at)
{
    struct error err = ERROR_INIT;
    struct stored *stored = xcalloc(1, sizeof *stored);
    *stored_at = stored;
    *input = (struct input){0};
    stored->command = command;
    stored->catalog = catalog_choice_open(&err);
    stored->url = xstrdup(stored->catalog ? catalog_url(stored->catalog) : "the catalog");
    input->name = stored->url;
    if (!stored->catalog)
        return fail_all(stored, choice, input, &err);
    for (size_t i = 0; i < choice->count; i++)
        if (!stands_before(choice, i))
            read_one(stored, input, choice->names[i]);
    if (choice->count)
        return 0;
    enum catalog_result result = read_all(stored, choice, input, &err);
    if (result != CATALOG_OK)
        return refuse(stored, choice, result, &err);
    if (input->list.count)
        return 0;
    bool filtered = choice->type || choice->match.count;
    return usage_error(command, "nothing to test: the catalog %s holds no %sconnection",
                       stored->url, filtered ? "such " : "");
}

void stored_free(struct stored *stored)
{
    if (!stored)
        return;
    for (size_t i = 0; i < stored->count; i++) {
        free(stored->items[i].name);
        free(stored->items[i].failure);
        free(stored->items[i].reason);
    }
    free(stored->items);
    catalog_close(stored->catalog);
    free(stored->url);
    free(stored);
}

struct report *stored_failure(const struct stored *stored, const struct input *input, size_t index)
{
    if (!stored || stored->items[index].result == CATALOG_OK)
        return NULL;
    const struct item *item = &stored->items[index];
    /* A definition that cannot be read is as a file that cannot: before its input was seen. */
    enum stage stage =
        item->failure->reason == REASON_INVALID_INPUT ? STAGE_INPUT : STAGE_CREDENTIALS;
    struct report *report = report_new(input->list.items[index]->label, NULL);
    report_fail(report, stage, item->failure);
    report_finish(report);
    return report;
}

bool stored_may_pass(const struct stored *stored)
{
    return stored && stored->may_pass;
}

bool stored_is_missing(const struct stored *stored, size_t index)
{
    return stored && (stored->items[index].result == CATALOG_NOT_FOUND ||
                      stored->items[index].result == CATALOG_INVALID);
}

void stored_compare(struct stored *stored, size_t index, struct report *report)
{
    struct catalog_entry entry;
    struct error err = ERROR_INIT;
    /* What is never written need not be compared. */
    if (!stored || stored->items[index].result != CATALOG_OK ||
        catalog_is_read_only(stored->catalog))
        return;
    enum catalog_result result =
        catalog_get(stored->catalog, stored->items[index].name, &entry, &err);
    if (result == CATALOG_NOT_FOUND ||
        (result == CATALOG_OK && entry.version != stored->items[index].version)) {
        report_add_finding(report, "warning", "connection-changed",
                           "the connection was changed or deleted while it was tested: this is the "
                           "verdict on what it was, and its status is not written");
        stored->items[index].result = CATALOG_CHANGED;
    }
    catalog_entry_release(&entry);
}

/* Write a pending status; true unless it may be tried again. */
static bool write_status(struct stored *stored, size_t index, bool last)
{
    struct item *item = &stored->items[index];
    struct error err = ERROR_INIT;
    enum catalog_result result =
        catalog_set_status(stored->catalog, item->name, item->version, item->status, item->reason,
                           item->validated_ms, &err);
    if (result == CATALOG_BUSY && !last)
        return false;
    item->pending = false;
    if (result != CATALOG_OK)
        fprintf(stderr, "testconn %s: the status of \"%s\" was not written: %s\n", stored->command,
                item->name, err.message);
    return true;
}

void stored_keep(struct stored *stored, size_t index, const struct report *report)
{
    bool verdict = report->status == REPORT_OK || report->status == REPORT_FAILED;
    /* What we ourselves broke says nothing about the connection. */
    if (!stored || !verdict || stored->items[index].result != CATALOG_OK)
        return;
    struct item *item = &stored->items[index];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    free(item->reason);
    item->pending = true;
    item->status = report->status == REPORT_OK ? CATALOG_STATUS_READY : CATALOG_STATUS_FAILED;
    item->reason = report->status == REPORT_OK
                       ? NULL
                       : catalog_status_reason(stage_name(report->stage), report->code,
                                               report->reason, report->remedy);
    item->validated_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    write_status(stored, index, false);
}

void stored_flush(struct stored *stored)
{
    struct deadline deadline = deadline_in_ms(FLUSH_MS);
    for (size_t i = 0; stored && i < stored->count; i++)
        while (stored->items[i].pending && !write_status(stored, i, deadline_passed(deadline))) {
            struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
            nanosleep(&pause, NULL);
        }
}
