/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog_backend.h - what a kind of catalog is: a module catalogs/KIND.so that exports one struct.
 *
 * catalog.c has checked names, limits, filters and counts before a function here is called. All
 * texts are plain strings: a module shares no library state with the program.
 */
#ifndef CATALOG_BACKEND_H
#define CATALOG_BACKEND_H

#include "catalog.h"
#include "seal.h"

/* Raised when struct catalog_backend or anything it refers to changes. */
#define CATALOG_BACKEND_ABI 4

struct catalog_backend {
    int abi;
    /* LOCATION is what follows "KIND:" in the URL. NULL with ERR set. */
    void *(*open)(const char *location, const struct catalog_options *options, struct error *err);
    void (*close)(void *store);
    /* As their namesakes in catalog.h. */
    enum catalog_result (*create)(void *store, const struct catalog_entry *entries, size_t count,
                                  bool replace, size_t *at, struct error *err);
    enum catalog_result (*get)(void *store, const char *name, struct catalog_entry *entry,
                               struct error *err);
    enum catalog_result (*list)(void *store, const struct catalog_filter *filter, size_t limit,
                                const char *token, bool definitions, struct catalog_page *page,
                                struct error *err);
    enum catalog_result (*update)(void *store, const struct catalog_entry *entry,
                                  struct error *err);
    enum catalog_result (*batch_delete)(void *store, const char *const *names, size_t count,
                                        enum catalog_result *results, struct error *err);
    enum catalog_result (*set_status)(void *store, const char *name, int64_t version,
                                      enum catalog_status status, const char *reason,
                                      int64_t validated_ms, struct error *err);
    /* "AWS Glue": where it is written instead; it has no create, update, batch_delete and
     * set_status then. NULL: here. */
    const char *read_only;
    void (*leave_out_passwords)(void *store, bool leave); /* NULL: it cannot */
    bool foreign;                                         /* catalog_is_foreign() */
};

#define CATALOG_BACKEND_SYMBOL "testconn_catalog"
#define CATALOG_BACKEND_MODULE                                                                     \
    extern __attribute__((visibility("default"))) const struct catalog_backend testconn_catalog;   \
    const struct catalog_backend testconn_catalog

/* How long to wait at most where a module's own limit is OWN_MS and the caller's LIMIT_MS (0:
 * none). */
int catalog_limit(int limit_ms, int own_ms);

/* Append an empty entry to PAGE and return it. */
struct catalog_entry *catalog_page_add(struct catalog_page *page);

/* What every kind of store says alike; PLACE is how messages call the store. */
enum catalog_result catalog_refuse_missing(const char *place, const char *name, const char *hint,
                                           struct error *err); /* HINT may be "" */
enum catalog_result catalog_refuse_taken(const char *place, const char *name, struct error *err);
enum catalog_result catalog_refuse_changed(const char *name, struct error *err);

/* Whether NAMES[INDEX] stood before in NAMES: then RESULTS[INDEX] is what that came to. */
bool catalog_repeats(const char *const *names, size_t index, enum catalog_result *results);

/* The status that a store wrote as NUMBER. */
enum catalog_status catalog_status_of(long long number);

/* The key of a store that seals. Begin with everything zero but PATH; end by wiping it. */
struct catalog_key {
    char *path;
    bool known;
    struct seal_key key;
};

/*
 * Have KEY at hand, the one with the id WANTED of what PLACE holds ("": it holds nothing yet).
 * CREATE: one is made where it is missing and nothing is held. CATALOG_SEALED or another with ERR
 * set, naming the file.
 */
enum catalog_result catalog_key_get(struct catalog_key *key, const char *place, const char *wanted,
                                    bool create, struct error *err);

/* The definition of ENTRY, whose name is set, out of SIZE bytes of SEALED under the key ID. */
enum catalog_result catalog_key_open(const struct catalog_key *key, const char *place,
                                     const char *id, const unsigned char *sealed, size_t size,
                                     struct catalog_entry *entry, struct error *err);

#endif
