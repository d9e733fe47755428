/* SPDX-License-Identifier: Apache-2.0 */
/* glue.c - connections read from AWS Glue or what answers as it does; nothing is written there. */
#include "glue.h"

#include <stdlib.h>
#include <string.h>

#include "testconn/deadline.h"
#include "text.h"
#include "token.h"

enum { PAGE = 100, PAGES_MAXIMUM = 1000, LISTING_MS = 20000 };

struct store {
    char *region;   /* NULL: the operator's own */
    char *endpoint; /* NULL: AWS's */
    char *shown;
    catalog_aws *call_aws;
    int limit_ms; /* of a call; 0: its own */
    bool leave_out_passwords;
};

static bool is_region(const char *text)
{
    size_t length = strlen(text);
    return length <= 40 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static bool is_endpoint(const char *text)
{
    return (text_starts(text, "https://") || text_starts(text, "http://")) && !strchr(text, '@') &&
           strlen(strstr(text, "://")) > 3;
}

/* "//REGION", "//REGION?endpoint=URL", "URL": understood into STORE. */
static bool read_location(struct store *store, const char *location, struct error *err)
{
    static const char key[] = "?endpoint=";
    if (text_starts(location, "//"))
        location += 2;
    const char *endpoint = is_endpoint(location) ? location : strstr(location, key);
    const char *end = endpoint ? endpoint : location + strlen(location);
    char *region = xstrndup(location, (size_t)(end - location));
    if (endpoint && endpoint != location)
        endpoint += strlen(key);
    bool right = is_region(region) && (!endpoint || is_endpoint(endpoint));
    store->region = *region ? xstrdup(region) : NULL;
    store->endpoint = endpoint ? xstrdup(endpoint) : NULL;
    store->shown = text_format("glue://%s%s%s", region, endpoint && *region ? key : "",
                               endpoint ? endpoint : "");
    free(region);
    return right || error_set(err, REASON_INVALID_INPUT,
                              "a glue: catalog is glue://REGION, glue:https://ENDPOINT or "
                              "glue://REGION?endpoint=URL, without a user and password");
}

static void store_close(void *argument)
{
    struct store *store = argument;
    free(store->region);
    free(store->endpoint);
    free(store->shown);
    free(store);
}

static void *store_open(const char *location, const struct catalog_options *options,
                        struct error *err)
{
    struct store *store = xcalloc(1, sizeof *store);
    store->call_aws = options->call_aws;
    store->limit_ms = options->limit_ms;
    if (read_location(store, location, err) &&
        (store->call_aws ||
         error_set(err, REASON_INTERNAL, "this program cannot call AWS for a glue: catalog")))
        return store;
    store_close(store);
    return NULL;
}

static void leave_out_passwords(void *argument, bool leave)
{
    struct store *store = argument;
    store->leave_out_passwords = leave;
}

/* The answer to OPERATION with BODY, which is taken over; NULL with ERR set. */
static json_t *ask(const struct store *store, const char *operation, json_t *body, const char *what,
                   struct error *err)
{
    json_t *request =
        json_pack("{s:s, s:o, s:s}", "operation", operation, "body", body, "what", what);
    if (store->region)
        json_object_set_new(request, "region", json_string(store->region));
    if (store->endpoint)
        json_object_set_new(request, "endpoint", json_string(store->endpoint));
    char *text = json_dumps(request, JSON_COMPACT);
    char *answer = store->call_aws(text, store->limit_ms, err);
    json_t *document = answer ? json_loads(answer, 0, NULL) : NULL;
    if (!answer && err->reason == REASON_SECRET_DENIED && strstr(err->message, "AccessDenied"))
        error_remedy(err, "grant the named identity glue:GetConnection and glue:GetConnections");
    if (answer && !document)
        error_set(err, REASON_PROTOCOL_ERROR, "%s: the answer is no JSON", what);
    text_wipe_free(answer);
    free(text);
    json_decref(request);
    return document;
}

/* How a call ended that set ERR. */
static enum catalog_result result_of(const struct error *err)
{
    if (err->reason == REASON_SECRET_DENIED || err->reason == REASON_AWS_CREDENTIALS_MISSING)
        return CATALOG_DENIED;
    if (strstr(err->message, "GlueEncryptionException"))
        return CATALOG_SEALED;
    return err->reason == REASON_TIMED_OUT || err->reason == REASON_SERVER_BUSY ? CATALOG_BUSY
                                                                                : CATALOG_FAILED;
}

static enum catalog_result refuse_type(const struct store *store, const char *name,
                                       struct error *err)
{
    error_set(err, REASON_INVALID_INPUT,
              "the ConnectionType of \"%s\" cannot be known: the answer of %s does not say it, and "
              "the properties belong to no type alone",
              name, store->shown);
    error_remedy(err, "test the definition itself: testconn test --input FILE");
    return CATALOG_FAILED;
}

static enum catalog_result store_get(void *argument, const char *name, struct catalog_entry *entry,
                                     struct error *err)
{
    const struct store *store = argument;
    char *what = text_format("the connection \"%s\"", name);
    json_t *answer =
        ask(store, "GetConnection",
            json_pack("{s:s, s:b}", "Name", name, "HidePassword", store->leave_out_passwords), what,
            err);
    enum catalog_result result = CATALOG_OK;
    if (!answer && err->reason == REASON_SECRET_MISSING)
        result = catalog_refuse_missing(store->shown, name, "", err);
    else if (!answer)
        result = result_of(err);
    else if (!glue_read_connection(json_object_get(answer, "Connection"), entry)) {
        error_set(err, REASON_WRONG_PROTOCOL,
                  "what answers for %s is not Glue: no connection in it", store->shown);
        result = CATALOG_FAILED;
    } else if (strcmp(entry->type, "?") == 0)
        result = refuse_type(store, name, err);
    json_decref(answer);
    free(what);
    if (result != CATALOG_OK)
        catalog_entry_release(entry);
    return result;
}

static bool has_criterion(const json_t *list, const char *criterion)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (text_equal(json_string_value(json_array_get(list, i)), criterion))
            return true;
    return false;
}

/* Whether CONNECTION is meant, by what the answer tells of it: not every emulator filters. */
static bool is_meant(const json_t *connection, const struct catalog_entry *entry,
                     const struct catalog_filter *filter)
{
    const json_t *criteria = json_object_get(connection, "MatchCriteria");
    if (filter->type && strcmp(entry->type, "?") != 0 && strcmp(filter->type, entry->type) != 0)
        return false;
    for (size_t i = 0; criteria && i < filter->criteria_count; i++)
        if (!has_criterion(criteria, filter->criteria[i]))
            return false;
    return true;
}

static void take_page(const json_t *answer, const struct catalog_filter *filter,
                      struct catalog_page *all)
{
    size_t index;
    json_t *connection;
    json_array_foreach(json_object_get(answer, "ConnectionList"), index, connection)
    {
        struct catalog_entry entry;
        if (glue_read_connection(connection, &entry) && is_meant(connection, &entry, filter))
            *catalog_page_add(all) = entry;
        else
            catalog_entry_release(&entry);
    }
}

static json_t *make_request(const struct store *store, const struct catalog_filter *filter,
                            bool definitions, const char *token)
{
    bool hide = !definitions || store->leave_out_passwords;
    json_t *body = json_pack("{s:i, s:b}", "MaxResults", (int)PAGE, "HidePassword", hide);
    json_t *wanted = json_object();
    if (filter->type)
        json_object_set_new(wanted, "ConnectionType", json_string(filter->type));
    if (filter->criteria_count)
        json_object_set_new(wanted, "MatchCriteria", json_array());
    for (size_t i = 0; i < filter->criteria_count; i++)
        json_array_append_new(json_object_get(wanted, "MatchCriteria"),
                              json_string(filter->criteria[i]));
    if (json_object_size(wanted))
        json_object_set(body, "Filter", wanted);
    json_decref(wanted);
    if (token)
        json_object_set_new(body, "NextToken", json_string(token));
    return body;
}

/* All pages of Glue's own listing, which has an order of its own. */
static enum catalog_result read_all(const struct store *store, const struct catalog_filter *filter,
                                    bool definitions, struct catalog_page *all, struct error *err)
{
    struct deadline deadline = deadline_in_ms(catalog_limit(store->limit_ms, LISTING_MS));
    char *token = NULL;
    enum catalog_result result = CATALOG_OK;
    for (int page = 0; page == 0 || (token && result == CATALOG_OK); page++) {
        json_t *answer = NULL;
        if (page == PAGES_MAXIMUM || deadline_passed(deadline))
            error_set(err, REASON_TIMED_OUT, "the connections of %s: the listing does not end",
                      store->shown);
        else
            answer = ask(store, "GetConnections", make_request(store, filter, definitions, token),
                         "the listing of the connections", err);
        const char *next = json_string_value(json_object_get(answer, "NextToken"));
        free(token);
        token = next && *next ? xstrdup(next) : NULL;
        if (answer)
            take_page(answer, filter, all);
        else
            result = result_of(err);
        json_decref(answer);
    }
    free(token);
    return result;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct catalog_entry *)a)->name, ((const struct catalog_entry *)b)->name);
}

/* The part of ALL behind AFTER that fits into PAGE. */
static void cut_page(struct catalog_page *all, const char *after, size_t limit, bool definitions,
                     const struct catalog_filter *filter, struct catalog_page *page)
{
    bool more = false;
    if (all->count)
        qsort(all->entries, all->count, sizeof *all->entries, compare);
    for (size_t i = 0; i < all->count && !more; i++) {
        struct catalog_entry *entry = &all->entries[i];
        if (strcmp(entry->name, after) <= 0)
            continue;
        more = page->count == limit;
        if (more)
            continue;
        *catalog_page_add(page) = *entry;
        *entry = (struct catalog_entry){0};
        struct catalog_entry *taken = &page->entries[page->count - 1];
        if (!definitions) {
            text_wipe_free(taken->definition);
            taken->definition = NULL;
        }
    }
    if (more)
        page->next_token = token_make(filter, page->entries[page->count - 1].name);
}

static enum catalog_result store_list(void *argument, const struct catalog_filter *filter,
                                      size_t limit, const char *token, bool definitions,
                                      struct catalog_page *page, struct error *err)
{
    struct catalog_page all = {0};
    char *after = token ? token_read(filter, token, err) : xstrdup("");
    if (!after)
        return CATALOG_INVALID_TOKEN;
    enum catalog_result result = read_all(argument, filter, definitions, &all, err);
    if (result == CATALOG_OK)
        cut_page(&all, after, limit, definitions, filter, page);
    catalog_page_release(&all);
    free(after);
    return result;
}

CATALOG_BACKEND_MODULE = {
    .abi = CATALOG_BACKEND_ABI,
    .open = store_open,
    .close = store_close,
    .get = store_get,
    .list = store_list,
    .read_only = "AWS Glue",
    .leave_out_passwords = leave_out_passwords,
    .foreign = true,
};
