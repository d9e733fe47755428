/* SPDX-License-Identifier: Apache-2.0 */
/* catalog.c - a URL becomes a module and its store; arguments are checked before any store sees
 * them. */
#include "catalog.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog_backend.h"
#include "folder.h"
#include "hide.h"
#include "text.h"
#include "words.h"

struct catalog {
    char *url;
    const struct catalog_backend *backend;
    void *store;
};

/* The known kinds, what their URLs look like, and the package that a module may lack. */
static const struct {
    const char *kind, *form, *library, *package;
} kinds[] = {{"sqlite", "sqlite:PATH", "libsqlite3.so.0", "libsqlite3-0"},
             {"postgresql", "postgresql://USER@HOST:PORT/DATABASE", "libpq.so.5", "libpq5"},
             {"glue", "glue://REGION", "libcurl.so.4", "libcurl4"}};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

static catalog_aws *aws_caller; /* of this process */

void catalog_use_aws(catalog_aws *call)
{
    aws_caller = call;
}

static int find_kind(const char *url)
{
    size_t length = strcspn(url, ":");
    for (int i = 0; url[length] && i < KIND_COUNT; i++)
        if (strlen(kinds[i].kind) == length && strncmp(kinds[i].kind, url, length) == 0)
            return i;
    return -1;
}

static const struct catalog_backend *refuse_module(int kind, const char *path, const char *why,
                                                   struct error *err)
{
    if (access(path, F_OK) != 0) {
        error_set(err, REASON_DRIVER_MISSING,
                  "this installation has no module for %s catalogs: %s is not there",
                  kinds[kind].kind, path);
        error_remedy(err, "install testconn whole: the module belongs there");
    } else {
        error_set(err, REASON_DRIVER_MISSING, "the module for %s catalogs cannot be loaded: %s",
                  kinds[kind].kind, why);
        if (strstr(why, kinds[kind].library))
            error_remedy(err, "install the package %s (apt-get install %s)", kinds[kind].package,
                         kinds[kind].package);
    }
    return NULL;
}

/* The module stays loaded: its library may have registered handlers. */
static const struct catalog_backend *load(int kind, const char *folder, struct error *err)
{
    char *own = folder ? NULL : folder_of_modules("catalogs");
    char *path = text_format("%s/%s.so", folder ? folder : own, kinds[kind].kind);
    void *module = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    const struct catalog_backend *backend = module ? dlsym(module, CATALOG_BACKEND_SYMBOL) : NULL;
    if (!module)
        backend = refuse_module(kind, path, dlerror(), err);
    else if (!backend || backend->abi != CATALOG_BACKEND_ABI)
        backend = refuse_module(kind, path, "it is of another version of testconn", err);
    free(own);
    free(path);
    return backend;
}

static struct catalog *refuse_url(const char *url, struct error *err)
{
    bool path = *url == '/';
    bool alias = text_starts(url, "postgres:");
    error_set(
        err, REASON_INVALID_INPUT,
        "\"%.*s\" names no catalog: sqlite:PATH, postgresql://... or glue://... is needed%s%s%s",
        path ? (int)strlen(url) : (int)strcspn(url, ":/@"), url,
        path    ? "; did you mean sqlite:"
        : alias ? "; did you mean postgresql"
                : "",
        path    ? url
        : alias ? "://..."
                : "",
        path || alias ? " ?" : "");
    return NULL;
}

struct catalog *catalog_open(const char *url, const struct catalog_options *options,
                             struct error *err)
{
    int kind = find_kind(url);
    if (kind < 0)
        return refuse_url(url, err);
    struct catalog_options given = *options;
    const struct catalog_backend *backend = load(kind, options->folder, err);
    const char *location = url + strlen(kinds[kind].kind) + 1;
    given.call_aws = aws_caller;
    void *store = backend ? backend->open(location, &given, err) : NULL;
    if (!store)
        return NULL;
    struct catalog *catalog = xcalloc(1, sizeof *catalog);
    /* A path is no URL: nothing in it is a password. */
    catalog->url = text_starts(url, "sqlite:") ? xstrdup(url) : hide_in_url(url);
    catalog->backend = backend;
    catalog->store = store;
    return catalog;
}

void catalog_close(struct catalog *catalog)
{
    if (!catalog)
        return;
    catalog->backend->close(catalog->store);
    free(catalog->url);
    free(catalog);
}

const char *catalog_url(const struct catalog *catalog)
{
    return catalog->url;
}

bool catalog_is_read_only(const struct catalog *catalog)
{
    return catalog->backend->read_only != NULL;
}

bool catalog_is_foreign(const struct catalog *catalog)
{
    return catalog->backend->foreign;
}

void catalog_leave_out_passwords(struct catalog *catalog, bool on)
{
    if (catalog->backend->leave_out_passwords)
        catalog->backend->leave_out_passwords(catalog->store, on);
}

char *catalog_default_url(struct error *err)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (state && *state == '/')
        return text_format("sqlite:%s/testconn/catalog.db", state);
    if (home && *home == '/')
        return text_format("sqlite:%s/.local/state/testconn/catalog.db", home);
    error_set(err, REASON_INVALID_INPUT,
              "neither TESTCONN_CATALOG is set nor, to an absolute path, XDG_STATE_HOME or HOME: "
              "where the catalog is has to be given with --catalog sqlite:PATH");
    return NULL;
}

static enum catalog_result refuse(struct error *err, const char *what)
{
    error_set(err, REASON_INVALID_INPUT, "%s", what);
    return CATALOG_INVALID;
}

static bool is_name(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= CATALOG_NAME_MAXIMUM && pattern_single_line(name, length);
}

/* CATALOG_OK when NAME is one that the API allows. */
static enum catalog_result check_name(const char *name, struct error *err)
{
    if (is_name(name))
        return CATALOG_OK;
    if (strlen(name) > CATALOG_NAME_MAXIMUM)
        error_set(err, REASON_INVALID_INPUT,
                  "the name \"%.40s...\" is %zu bytes long; at most %d are allowed", name,
                  strlen(name), CATALOG_NAME_MAXIMUM);
    else
        error_set(err, REASON_INVALID_INPUT,
                  "%s%s%s: a name is a single line of 1 to %d bytes without control characters",
                  *name ? "\"" : "an empty name", name, *name ? "\"" : "", CATALOG_NAME_MAXIMUM);
    return CATALOG_INVALID;
}

/* CATALOG_OK when connections can be written, and NAME is one that the API allows. */
static enum catalog_result check_write(const struct catalog *catalog, const char *name,
                                       struct error *err)
{
    if (!catalog->backend->read_only)
        return check_name(name, err);
    error_set(err, REASON_INVALID_INPUT,
              "the catalog %s is read-only: its connections are created, changed and deleted in %s",
              catalog->url, catalog->backend->read_only);
    return CATALOG_DENIED;
}

enum catalog_result catalog_create(struct catalog *catalog, const struct catalog_entry *entries,
                                   size_t count, bool replace, size_t *at, struct error *err)
{
    enum catalog_result result = CATALOG_OK;
    for (*at = 0; *at < count; ++*at)
        if ((result = check_write(catalog, entries[*at].name, err)) != CATALOG_OK)
            return result;
    *at = 0;
    return catalog->backend->create(catalog->store, entries, count, replace, at, err);
}

enum catalog_result catalog_get(struct catalog *catalog, const char *name,
                                struct catalog_entry *entry, struct error *err)
{
    *entry = (struct catalog_entry){0};
    enum catalog_result result = check_name(name, err);
    return result == CATALOG_OK ? catalog->backend->get(catalog->store, name, entry, err) : result;
}

static enum catalog_result check_filter(const struct catalog_filter *filter, struct error *err)
{
    if (filter->type && connection_type_standing(filter->type) == TYPE_UNKNOWN) {
        const char *nearest = text_nearest(filter->type, connection_types);
        error_set(err, REASON_INVALID_INPUT, "\"%.60s\" is no connection type%s%s%s", filter->type,
                  nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? " ?" : "");
        return CATALOG_INVALID;
    }
    if (filter->criteria_count > CATALOG_CRITERIA_MAXIMUM)
        return refuse(err, "at most 10 match criteria are allowed");
    for (size_t i = 0; i < filter->criteria_count; i++)
        if (!is_name(filter->criteria[i]))
            return refuse(err, "a match criterion is a single line of 1 to 255 bytes without "
                               "control characters");
    return CATALOG_OK;
}

enum catalog_result catalog_list(struct catalog *catalog, const struct catalog_filter *filter,
                                 size_t limit, const char *token, bool definitions,
                                 struct catalog_page *page, struct error *err)
{
    *page = (struct catalog_page){0};
    if (limit < 1 || limit > CATALOG_PAGE_MAXIMUM)
        return refuse(err, "the number of results is not between 1 and 1000");
    enum catalog_result result = check_filter(filter, err);
    if (result != CATALOG_OK)
        return result;
    return catalog->backend->list(catalog->store, filter, limit, token, definitions, page, err);
}

enum catalog_result catalog_update(struct catalog *catalog, const struct catalog_entry *entry,
                                   struct error *err)
{
    enum catalog_result result = check_write(catalog, entry->name, err);
    return result == CATALOG_OK ? catalog->backend->update(catalog->store, entry, err) : result;
}

enum catalog_result catalog_delete(struct catalog *catalog, const char *name, struct error *err)
{
    enum catalog_result deleted = CATALOG_OK;
    enum catalog_result result = catalog_batch_delete(catalog, &name, 1, &deleted, err);
    if (result != CATALOG_OK || deleted == CATALOG_OK)
        return result;
    error_set(err, REASON_INVALID_INPUT, "the catalog %s has no connection \"%s\"", catalog->url,
              name);
    return deleted;
}

enum catalog_result catalog_batch_delete(struct catalog *catalog, const char *const *names,
                                         size_t count, enum catalog_result *results,
                                         struct error *err)
{
    if (count > CATALOG_BATCH_MAXIMUM) {
        error_set(err, REASON_INVALID_INPUT,
                  "%zu names are given; at most %d can be deleted at once", count,
                  CATALOG_BATCH_MAXIMUM);
        return CATALOG_INVALID;
    }
    enum catalog_result result = CATALOG_OK;
    for (size_t i = 0; i < count; i++)
        if ((result = check_write(catalog, names[i], err)) != CATALOG_OK)
            return result;
    return catalog->backend->batch_delete(catalog->store, names, count, results, err);
}

enum catalog_result catalog_set_status(struct catalog *catalog, const char *name, int64_t version,
                                       enum catalog_status status, const char *reason,
                                       int64_t validated_ms, struct error *err)
{
    /* Cut before the store sees it, and never within a character. */
    char *cut = NULL;
    if (reason && *reason) {
        cut = xmalloc(CATALOG_REASON_MAXIMUM + 1);
        text_one_line(cut, CATALOG_REASON_MAXIMUM + 1, reason, strlen(reason));
    }
    enum catalog_result result = check_name(name, err);
    if (result == CATALOG_OK && !catalog->backend->read_only)
        result = catalog->backend->set_status(catalog->store, name, version, status, cut,
                                              validated_ms, err);
    free(cut);
    return result;
}

const char *catalog_result_exception(enum catalog_result result)
{
    switch (result) {
    case CATALOG_NOT_FOUND:
        return "EntityNotFoundException";
    case CATALOG_ALREADY_EXISTS:
        return "AlreadyExistsException";
    case CATALOG_CHANGED:
        return "ConflictException";
    case CATALOG_INVALID:
    case CATALOG_INVALID_TOKEN:
        return "InvalidInputException";
    case CATALOG_DENIED:
        return "AccessDeniedException";
    case CATALOG_SEALED:
        return "GlueEncryptionException";
    case CATALOG_BUSY:
        return "OperationTimeoutException";
    case CATALOG_OK:
    case CATALOG_FAILED:
    default:
        return "InternalServiceException";
    }
}
