/* SPDX-License-Identifier: Apache-2.0 */
/* backend.c - what stores of all kinds say and do alike. */
#include <stdlib.h>
#include <string.h>

#include "catalog_backend.h"
#include "key_file.h"
#include "text.h"

int catalog_limit(int limit_ms, int own_ms)
{
    return limit_ms > 0 && limit_ms < own_ms ? limit_ms : own_ms;
}

enum catalog_result catalog_refuse_missing(const char *place, const char *name, const char *hint,
                                           struct error *err)
{
    error_set(err, REASON_INVALID_INPUT, "the catalog %s has no connection \"%s\"%s", place, name,
              hint);
    error_remedy(err, "correct the name, or create the connection");
    return CATALOG_NOT_FOUND;
}

enum catalog_result catalog_refuse_taken(const char *place, const char *name, struct error *err)
{
    error_set(err, REASON_INVALID_INPUT, "the catalog %s has a connection \"%s\" already", place,
              name);
    error_remedy(err, "use another name, or update the connection");
    return CATALOG_ALREADY_EXISTS;
}

enum catalog_result catalog_refuse_changed(const char *name, struct error *err)
{
    error_set(err, REASON_CONFLICT,
              "the connection \"%s\" was changed or deleted while it was tested", name);
    return CATALOG_CHANGED;
}

bool catalog_repeats(const char *const *names, size_t index, enum catalog_result *results)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(names[i], names[index]) == 0) {
            results[index] = results[i];
            return true;
        }
    return false;
}

enum catalog_status catalog_status_of(long long number)
{
    return number == CATALOG_STATUS_READY || number == CATALOG_STATUS_FAILED
               ? (enum catalog_status)number
               : CATALOG_STATUS_NONE;
}

/* The key is missing though definitions are sealed with it, or another. */
static enum catalog_result refuse_key(const struct catalog_key *key, const char *place,
                                      const char *wanted, bool missing, struct error *err)
{
    if (missing)
        error_set(err, REASON_DECRYPT_FAILED,
                  "the key %s is missing: the connections of %s are sealed with it (key id %s)",
                  key->path, place, wanted);
    else
        error_set(err, REASON_DECRYPT_FAILED,
                  "%s is not the key of this catalog: it has the id %s, the connections of %s are "
                  "sealed with key id %s",
                  key->path, key->key.id, place, wanted);
    error_brief(err, missing ? "the key %s is missing" : "%s is not the key of the catalog",
                key->path);
    error_remedy(err,
                 "put the right key back as %s; where it is lost for good, delete the connections "
                 "and create them again",
                 key->path);
    return CATALOG_SEALED;
}

enum catalog_result catalog_key_get(struct catalog_key *key, const char *place, const char *wanted,
                                    bool create, struct error *err)
{
    if (key->known && strcmp(wanted, key->key.id) == 0)
        return CATALOG_OK;
    enum key_state state = key_file_read(key->path, &key->key, err);
    if (state == KEY_MISSING && *wanted)
        return refuse_key(key, place, wanted, true, err);
    if (state == KEY_MISSING && create)
        state = key_file_make(key->path, &key->key, err) ? KEY_READ : KEY_REFUSED;
    if (state != KEY_READ)
        return err->reason == REASON_DECRYPT_FAILED ? CATALOG_SEALED
               : err->reason == REASON_BUSY         ? CATALOG_BUSY
                                                    : CATALOG_FAILED;
    if (*wanted && strcmp(wanted, key->key.id) != 0)
        return refuse_key(key, place, wanted, false, err);
    key->known = true;
    return CATALOG_OK;
}

enum catalog_result catalog_key_open(const struct catalog_key *key, const char *place,
                                     const char *id, const unsigned char *sealed, size_t size,
                                     struct catalog_entry *entry, struct error *err)
{
    if (!id || strcmp(id, key->key.id) != 0) {
        error_set(err, REASON_DECRYPT_FAILED,
                  "the connection \"%s\" of %s is sealed with key id %s; %s has the id %s",
                  entry->name, place, id ? id : "-", key->path, key->key.id);
        return CATALOG_SEALED;
    }
    entry->definition = seal_open(&key->key, entry->name, sealed, size);
    if (entry->definition)
        return CATALOG_OK;
    error_set(err, REASON_DECRYPT_FAILED,
              "the definition of \"%s\" in %s does not open with the right key %s: it was damaged, "
              "or put there from under another name",
              entry->name, place, key->path);
    error_remedy(err, "update the connection with its right definition, or delete it");
    return CATALOG_SEALED;
}
