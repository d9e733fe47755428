/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog.h - where named connections live: one small blocking interface over stores of several
 * kinds.
 *
 * Every call may wait for a disk or a network. A write that returned CATALOG_OK is kept, whatever
 * happens to the process or, where the store is a file, to the machine.
 */
#ifndef CATALOG_H
#define CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "testconn/error.h"

/* How a call ended; all but CATALOG_OK set the error. */
enum catalog_result {
    CATALOG_OK,
    CATALOG_NOT_FOUND,      /* no connection of that name */
    CATALOG_ALREADY_EXISTS, /* create: the name is taken */
    CATALOG_CHANGED,        /* set_status: it is no longer the version that was tested */
    CATALOG_INVALID,        /* a name, limit or filter that the API does not allow */
    CATALOG_INVALID_TOKEN,  /* list: not a token of this listing */
    CATALOG_DENIED,         /* we may only read it, or not even that */
    CATALOG_SEALED,         /* the key is lost or another, or a definition was tampered with */
    CATALOG_BUSY,           /* locked by another program, no room left, or no answer in time */
    CATALOG_FAILED          /* the store itself: unreadable, away, foreign, damaged, newer */
};

enum catalog_status { CATALOG_STATUS_NONE, CATALOG_STATUS_READY, CATALOG_STATUS_FAILED };

enum {
    CATALOG_NAME_MAXIMUM = 255,
    CATALOG_PAGE_MAXIMUM = 1000,
    CATALOG_BATCH_MAXIMUM = 25,
    CATALOG_CRITERIA_MAXIMUM = 10,
    CATALOG_REASON_MAXIMUM = 16384
};

/* One stored connection. What a listing without definitions leaves out is NULL. */
struct catalog_entry {
    char *name;
    char *type;      /* ConnectionType */
    char **criteria; /* MatchCriteria, to find it by; writes only: a read leaves none */
    size_t criteria_count;
    char *definition; /* a ConnectionInput as JSON text, as it was given; wiped on release */
    char *tags;       /* a JSON object as text; NULL: none */
    char *updated_by; /* who wrote the definition */
    /* Set by the store: */
    int64_t version; /* of the definition; never the same again, also after delete and create */
    int64_t created_ms, updated_ms; /* since 1970 */
    enum catalog_status status;     /* of the last test by name of this version */
    char *reason;                   /* of that status; NULL: none */
    int64_t validated_ms;           /* when that test ended; 0: never */
};
void catalog_entry_release(struct catalog_entry *entry);

/* Which connections are meant: those that fulfil all that is given. */
struct catalog_filter {
    const char *type;            /* NULL: any */
    const char *const *criteria; /* each must be among the connection's own */
    size_t criteria_count;
};

/* A part of a listing, ordered by the bytes of the name. */
struct catalog_page {
    struct catalog_entry *entries;
    size_t count;
    char *next_token; /* NULL: this was the last */
};
void catalog_page_release(struct catalog_page *page);

/*
 * AWS Glue asked as the agent, and waited for: REQUEST is {"region"?, "endpoint"?, "operation",
 * "body", "what"}. The answer, JSON, is the caller's to wipe and free. NULL with ERR set:
 * SECRET_MISSING for what is not there, or why there is no answer within LIMIT_MS (0: its own).
 */
typedef char *catalog_aws(const char *request, int limit_ms, struct error *err);

/* Have CALL do that in this process. Who never says so opens no catalog that needs it. */
void catalog_use_aws(catalog_aws *call);

struct catalog_options {
    const char *folder;   /* of the catalog modules; NULL: beside the program */
    const char *key_file; /* NULL: where the store keeps its key itself */
    int limit_ms;         /* of each wait for the store; 0: what its module thinks right */
    /* Calls AWS as the agent, for kinds that need it; catalog_open() sets it. */
    catalog_aws *call_aws;
};

struct catalog;

/*
 * Open the catalog at URL ("sqlite:PATH", another KIND:LOCATION whose module is installed). A store
 * that is not there yet is made by the first write; until then it is empty. NULL with ERR set:
 * INVALID_INPUT for a URL that cannot be meant, DRIVER_MISSING for a module that is not there,
 * what catalog_result says of a store. The caller ends with catalog_close().
 */
struct catalog *catalog_open(const char *url, const struct catalog_options *options,
                             struct error *err);
void catalog_close(struct catalog *catalog); /* wipes the key; NULL is allowed */

/* The URL it was opened by, without its secrets: for messages. */
const char *catalog_url(const struct catalog *catalog);

/* "sqlite:$XDG_STATE_HOME/testconn/catalog.db", or below ~/.local/state; its folder is made by the
 * first write. NULL with ERR set where neither variable is. The caller frees it. */
char *catalog_default_url(struct error *err);

/*
 * Whether the store can only be read: what would write is refused (CATALOG_DENIED), and a status
 * is left as it is (catalog_set_status() does nothing and returns CATALOG_OK).
 */
bool catalog_is_read_only(const struct catalog *catalog);

/*
 * Whether its definitions are written by others than who holds a key of this agent's: what they
 * refer to on this host is then not theirs to have.
 */
bool catalog_is_foreign(const struct catalog *catalog);

/* ON: from now on definitions may come without passwords, where the store can leave them out. */
void catalog_leave_out_passwords(struct catalog *catalog, bool on);

/*
 * Store COUNT new connections, all or none. REPLACE: those that exist are updated instead of
 * refused. On failure *AT is the one at fault, where it is one.
 */
enum catalog_result catalog_create(struct catalog *catalog, const struct catalog_entry *entries,
                                   size_t count, bool replace, size_t *at, struct error *err);

/* Read the connection NAME into ENTRY, which the caller releases. */
enum catalog_result catalog_get(struct catalog *catalog, const char *name,
                                struct catalog_entry *entry, struct error *err);

/*
 * Read at most LIMIT (1..1000) connections of FILTER into PAGE, which the caller releases; TOKEN is
 * the next_token of the page before, NULL for the first. Without DEFINITIONS no key is needed.
 * What is created or deleted while one pages may be in the listing or not; everything else is in it
 * once.
 */
enum catalog_result catalog_list(struct catalog *catalog, const struct catalog_filter *filter,
                                 size_t limit, const char *token, bool definitions,
                                 struct catalog_page *page, struct error *err);

/* Replace the definition of the existing connection ENTRY->name; tags stay, its status is gone. */
enum catalog_result catalog_update(struct catalog *catalog, const struct catalog_entry *entry,
                                   struct error *err);

enum catalog_result catalog_delete(struct catalog *catalog, const char *name, struct error *err);

/*
 * Delete COUNT (at most 25) connections; RESULTS[i] is CATALOG_OK or CATALOG_NOT_FOUND, for a name
 * that stands twice the same each time. Returns something else when nothing was deleted.
 */
enum catalog_result catalog_batch_delete(struct catalog *catalog, const char *const *names,
                                         size_t count, enum catalog_result *results,
                                         struct error *err);

/*
 * Write what a test of VERSION of NAME found, at VALIDATED_MS. REASON (may be NULL) is cut at
 * 16384 bytes. Does not wait for another program: CATALOG_BUSY means that the caller may try again.
 */
enum catalog_result catalog_set_status(struct catalog *catalog, const char *name, int64_t version,
                                       enum catalog_status status, const char *reason,
                                       int64_t validated_ms, struct error *err);

/* "EntityNotFoundException": what the API calls RESULT, which is not CATALOG_OK. */
const char *catalog_result_exception(enum catalog_result result);

#endif
