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

/* Raised when struct catalog_backend or anything it refers to changes. */
#define CATALOG_BACKEND_ABI 1

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
};

#define CATALOG_BACKEND_SYMBOL "testconn_catalog"
#define CATALOG_BACKEND_MODULE                                                                     \
    extern __attribute__((visibility("default"))) const struct catalog_backend testconn_catalog;   \
    const struct catalog_backend testconn_catalog

/* Append an empty entry to PAGE and return it. */
struct catalog_entry *catalog_page_add(struct catalog_page *page);

#endif
