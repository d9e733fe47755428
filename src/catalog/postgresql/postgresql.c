/* SPDX-License-Identifier: Apache-2.0 */
/* postgresql.c - a catalog in a PostgreSQL database, shared by several agents: the writes, and the
 * module's face. */
#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "text.h"

enum { BY_SIZE = 256 };

static void *store_open(const char *location, const struct catalog_options *options,
                        struct error *err)
{
    struct store *store = xcalloc(1, sizeof *store);
    if (!place_read(&store->place, location, err)) {
        place_release(&store->place);
        free(store);
        return NULL;
    }
    store->limit_ms = options->limit_ms;
    store->key.path = options->key_file ? xstrdup(options->key_file) : NULL;
    return store;
}

static void store_close(void *argument)
{
    struct store *store = argument;
    session_close(store);
    place_release(&store->place);
    free(store->key.path);
    text_wipe(store, sizeof *store);
    free(store);
}

/* By the clock of the server: the same for every agent. */
#define NOW "(extract(epoch FROM pg_catalog.statement_timestamp()) * 1000)::bigint"

/* A new definition has no status: nobody has tested it. Tags belong to creation alone. */
#define INSERT                                                                                     \
    "INSERT INTO testconn.connections AS c (name, type, sealed, key_id, version, created_ms, "     \
    "updated_ms, updated_by, tags) VALUES ($1, $2, $3, $4, pg_catalog.nextval("                    \
    "'testconn.versions'), " NOW ", " NOW ", $5, $6) ON CONFLICT (name) DO "
#define SET                                                                                        \
    "type = $2, sealed = $3, key_id = $4, version = pg_catalog.nextval('testconn.versions'), "     \
    "updated_ms = " NOW ", updated_by = $5, status = 0, reason = NULL, validated_ms = 0"
static const char *const statements[] = {
    INSERT "NOTHING",
    INSERT "UPDATE SET " SET ", tags = coalesce($6, c.tags)",
    "UPDATE testconn.connections SET " SET " WHERE name = $1",
};
enum write { WRITE_CREATE, WRITE_REPLACE, WRITE_UPDATE };

struct writing {
    enum write how;
    const struct catalog_entry *entries;
    size_t count;
    size_t *at;
};

static enum catalog_result write_row(struct store *store, enum write how,
                                     const struct catalog_entry *entry, struct error *err)
{
    struct arguments arguments = {.count = 0};
    char by[BY_SIZE] = "";
    size_t size = 0;
    long changed = 0;
    unsigned char *sealed = seal(&store->key.key, entry->name, entry->definition, &size);
    if (entry->updated_by)
        text_one_line(by, sizeof by, entry->updated_by, strlen(entry->updated_by));
    arguments_text(&arguments, entry->name);
    arguments_text(&arguments, entry->type);
    arguments_bytes(&arguments, sealed, size);
    arguments_text(&arguments, store->key.key.id);
    arguments_text(&arguments, *by ? by : NULL);
    if (how != WRITE_UPDATE)
        arguments_text(&arguments, entry->tags);
    enum catalog_result result = session_change(store, statements[how], &arguments, &changed, err);
    free(sealed);
    if (result != CATALOG_OK || changed > 0)
        return result;
    return how == WRITE_CREATE ? catalog_refuse_taken(store->place.shown, entry->name, err)
                               : catalog_refuse_missing(store->place.shown, entry->name, "", err);
}

static enum catalog_result write_criteria(struct store *store, enum write how,
                                          const struct catalog_entry *entry, struct error *err)
{
    struct arguments name = {.count = 0};
    enum catalog_result result = CATALOG_OK;
    long changed = 0;
    arguments_text(&name, entry->name);
    if (how != WRITE_CREATE)
        result = session_change(store, "DELETE FROM testconn.criteria WHERE name = $1", &name,
                                &changed, err);
    for (size_t i = 0; result == CATALOG_OK && i < entry->criteria_count; i++) {
        struct arguments both = name;
        arguments_text(&both, entry->criteria[i]);
        result = session_change(store,
                                "INSERT INTO testconn.criteria (name, criterion) VALUES ($1, $2) "
                                "ON CONFLICT DO NOTHING",
                                &both, &changed, err);
    }
    return result;
}

/* All of them in one transaction. */
static enum catalog_result write_all(struct store *store, void *argument, struct error *err)
{
    const struct writing *writing = argument;
    if (writing->how == WRITE_UPDATE && !store->exists)
        return catalog_refuse_missing(store->place.shown, writing->entries->name, "", err);
    enum catalog_result result = transaction_begin(store, writing->how != WRITE_UPDATE, false, err);
    for (*writing->at = 0; result == CATALOG_OK && *writing->at < writing->count; ++*writing->at) {
        const struct catalog_entry *entry = &writing->entries[*writing->at];
        result = write_row(store, writing->how, entry, err);
        if (result == CATALOG_OK)
            result = write_criteria(store, writing->how, entry, err);
        if (result != CATALOG_OK)
            break;
    }
    return transaction_end(store, result, err);
}

static enum catalog_result store_create(void *store, const struct catalog_entry *entries,
                                        size_t count, bool replace, size_t *at, struct error *err)
{
    struct writing writing = {replace ? WRITE_REPLACE : WRITE_CREATE, entries, count, at};
    return session_do(store, write_all, &writing, err);
}

static enum catalog_result store_update(void *store, const struct catalog_entry *entry,
                                        struct error *err)
{
    size_t at = 0;
    struct writing writing = {WRITE_UPDATE, entry, 1, &at};
    return session_do(store, write_all, &writing, err);
}

struct deleting {
    const char *const *names;
    size_t count;
    enum catalog_result *results;
};

static enum catalog_result delete_all(struct store *store, void *argument, struct error *err)
{
    const struct deleting *deleting = argument;
    for (size_t i = 0; i < deleting->count; i++)
        deleting->results[i] = CATALOG_NOT_FOUND;
    if (!store->exists)
        return CATALOG_OK;
    enum catalog_result result = transaction_begin(store, false, true, err);
    for (size_t i = 0; i < deleting->count && result == CATALOG_OK; i++) {
        struct arguments name = {.count = 0};
        long deleted = 0;
        long criteria = 0;
        if (catalog_repeats(deleting->names, i, deleting->results))
            continue;
        arguments_text(&name, deleting->names[i]);
        result = session_change(store, "DELETE FROM testconn.connections WHERE name = $1", &name,
                                &deleted, err);
        if (result == CATALOG_OK)
            result = session_change(store, "DELETE FROM testconn.criteria WHERE name = $1", &name,
                                    &criteria, err);
        deleting->results[i] = deleted > 0 ? CATALOG_OK : CATALOG_NOT_FOUND;
    }
    return transaction_end(store, result, err);
}

static enum catalog_result store_delete(void *store, const char *const *names, size_t count,
                                        enum catalog_result *results, struct error *err)
{
    struct deleting deleting = {names, count, results};
    return session_do(store, delete_all, &deleting, err);
}

struct verdict {
    const char *name;
    int64_t version;
    enum catalog_status status;
    const char *reason;
    int64_t validated_ms;
};

/* A lost status is found again by the next test: it waits neither for the disk nor for a lock. */
static const char status_statement[] =
    "UPDATE testconn.connections c SET status = $3, reason = $4, validated_ms = $5 FROM ("
    "SELECT name, pg_catalog.set_config('synchronous_commit', 'off', true) FROM "
    "testconn.connections WHERE name = $1 AND version = $2 FOR UPDATE NOWAIT) l "
    "WHERE c.name = l.name";

static enum catalog_result write_status(struct store *store, void *argument, struct error *err)
{
    const struct verdict *verdict = argument;
    struct arguments arguments = {.count = 0};
    long changed = 0;
    if (!store->exists)
        return catalog_refuse_changed(verdict->name, err);
    arguments_text(&arguments, verdict->name);
    arguments_integer(&arguments, verdict->version);
    arguments_integer(&arguments, (int64_t)verdict->status);
    arguments_text(&arguments, verdict->reason);
    arguments_integer(&arguments, verdict->validated_ms);
    enum catalog_result result = session_change(store, status_statement, &arguments, &changed, err);
    if (result != CATALOG_OK || changed > 0)
        return result;
    return catalog_refuse_changed(verdict->name, err);
}

static enum catalog_result store_set_status(void *store, const char *name, int64_t version,
                                            enum catalog_status status, const char *reason,
                                            int64_t validated_ms, struct error *err)
{
    struct verdict verdict = {name, version, status, reason, validated_ms};
    return session_do(store, write_status, &verdict, err);
}

CATALOG_BACKEND_MODULE = {
    .abi = CATALOG_BACKEND_ABI,
    .open = store_open,
    .close = store_close,
    .create = store_create,
    .get = store_get,
    .list = store_list,
    .update = store_update,
    .batch_delete = store_delete,
    .set_status = store_set_status,
};
