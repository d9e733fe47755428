/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_test.c - seals, tokens, and the interface over a catalog in a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "catalog.h"
#include "catalog_json.h"
#include "seal.h"
#include "text.h"
#include "token.h"

static struct seal_key make_key(int fill)
{
    struct seal_key key;
    memset(key.bytes, fill, sizeof key.bytes);
    seal_key_identify(&key);
    return key;
}

static void what_is_sealed_opens_with_its_key_and_name_only(void **state)
{
    struct seal_key key = make_key(1);
    struct seal_key other = make_key(2);
    size_t size = 0;
    (void)state;
    assert_int_equal(strlen(key.id), 16);
    assert_string_not_equal(key.id, other.id);
    unsigned char *sealed = seal(&key, "orders", "{\"PASSWORD\":\"s3cret\"}", &size);
    assert_null(memmem(sealed, size, "s3cret", 6));
    char *text = seal_open(&key, "orders", sealed, size);
    assert_string_equal(text, "{\"PASSWORD\":\"s3cret\"}");
    free(text);
    assert_null(seal_open(&other, "orders", sealed, size));
    assert_null(seal_open(&key, "orders2", sealed, size));
    assert_null(seal_open(&key, "order", sealed, size));
    for (size_t i = 0; i < size; i++) {
        sealed[i] ^= 1;
        assert_null(seal_open(&key, "orders", sealed, size));
        sealed[i] ^= 1;
        assert_null(seal_open(&key, "orders", sealed, i));
    }
    free(sealed);
    sealed = seal(&key, "", "", &size);
    text = seal_open(&key, "", sealed, size);
    assert_string_equal(text, "");
    free(text);
    free(sealed);
}

static void two_seals_of_one_text_differ(void **state)
{
    struct seal_key key = make_key(1);
    size_t size = 0;
    (void)state;
    unsigned char *one = seal(&key, "a", "text", &size);
    unsigned char *two = seal(&key, "a", "text", &size);
    assert_memory_not_equal(one, two, size);
    free(one);
    free(two);
}

/* Else a test would use a stored authorization code up. */
static void what_is_stored_is_tested_as_stored(void **state)
{
    char definition[] = "{\"Name\":\"a\",\"ConnectionType\":\"SALESFORCE\"}";
    struct catalog_entry entry = {.definition = definition};
    struct error err = ERROR_INIT;
    (void)state;
    struct connection *connection = catalog_entry_to_connection(&entry, &err);
    assert_int_equal(connection->form, CONNECTION_FORM_STORED);
    connection_free(connection);
}

static void a_token_goes_on_in_its_own_listing_only(void **state)
{
    static const char *const words[] = {"one", "two"};
    struct catalog_filter plain = {0};
    struct catalog_filter filters[] = {{.type = "JDBC"},
                                       {.criteria = words, .criteria_count = 1},
                                       {.criteria = words, .criteria_count = 2}};
    char name[256];
    struct error err = ERROR_INIT;
    (void)state;
    for (size_t length = 1; length < sizeof name; length++) {
        memset(name, 'n', length);
        name[length] = '\0';
        char *token = token_make(&plain, name);
        char *again = token_read(&plain, token, &err);
        assert_string_equal(again, name);
        assert_int_equal(strspn(token,
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz01234567"
                                "89-_"),
                         strlen(token));
        free(again);
        for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
            assert_null(token_read(&filters[i], token, &err));
        free(token);
    }
}

static void a_token_that_was_changed_is_refused(void **state)
{
    struct catalog_filter filter = {.type = "JDBC"};
    struct error err = ERROR_INIT;
    static const char *const wrong[] = {"", "A", "AAAA", "====", "not a token", "AAAAAAAAAAAAAAAA"};
    char *token = token_make(&filter, "orders");
    (void)state;
    for (size_t i = 0; i < strlen(token); i++) {
        char right = token[i];
        token[i] = right == 'A' ? 'B' : 'A';
        assert_null(token_read(&filter, token, &err));
        assert_int_equal(err.reason, REASON_INVALID_INPUT);
        token[i] = '\0';
        assert_null(token_read(&filter, token, &err));
        token[i] = right;
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_null(token_read(&filter, wrong[i], &err));
    char *endless = xcalloc(100001, 1);
    memset(endless, 'A', 100000);
    assert_null(token_read(&filter, endless, &err));
    free(endless);
    free(token);
}

/* A catalog in a folder of its own. */
struct place {
    char folder[64];
    char *url;
    struct catalog *catalog;
    struct error err;
};

static int set_up(void **state)
{
    struct place *place = xcalloc(1, sizeof *place);
    struct catalog_options options = {.folder = CATALOGS_FOLDER};
    strcpy(place->folder, "/tmp/testconn-catalog-XXXXXX");
    if (!mkdtemp(place->folder))
        return -1;
    place->url = text_format("sqlite:%s/catalog.db", place->folder);
    place->catalog = catalog_open(place->url, &options, &place->err);
    *state = place;
    return place->catalog ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const files[] = {"", "-wal", "-shm", ".key"};
    struct place *place = *state;
    catalog_close(place->catalog);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path = text_format("%s/catalog.db%s", place->folder, files[i]);
        unlink(path);
        free(path);
    }
    int removed = rmdir(place->folder);
    free(place->url);
    free(place);
    return removed;
}

static enum catalog_result put(struct place *place, const char *name, const char *type,
                               const char *one, const char *two)
{
    char *criteria[] = {xstrdup(one ? one : ""), xstrdup(two ? two : "")};
    struct catalog_entry entry = {.name = xstrdup(name),
                                  .type = xstrdup(type),
                                  .criteria = criteria,
                                  .criteria_count = two   ? 2
                                                    : one ? 1
                                                          : 0,
                                  .definition = text_format("{\"Name\":\"%s\"}", name)};
    size_t at = 0;
    enum catalog_result result = catalog_create(place->catalog, &entry, 1, false, &at, &place->err);
    free(criteria[0]);
    free(criteria[1]);
    entry.criteria = NULL;
    entry.criteria_count = 0;
    catalog_entry_release(&entry);
    return result;
}

/* The names of all pages of LIMIT, joined by blanks; the caller frees them. */
static char *names_of(struct place *place, const struct catalog_filter *filter, size_t limit)
{
    struct text_buffer names = TEXT_BUFFER_INIT;
    char *token = NULL;
    do {
        struct catalog_page page;
        assert_int_equal(
            catalog_list(place->catalog, filter, limit, token, true, &page, &place->err),
            CATALOG_OK);
        assert_in_range(page.count, 0, limit);
        for (size_t i = 0; i < page.count; i++) {
            text_append_format(&names, "%s%s", names.length ? " " : "", page.entries[i].name);
            assert_non_null(page.entries[i].definition);
        }
        free(token);
        token = page.next_token ? xstrdup(page.next_token) : NULL;
        catalog_page_release(&page);
    } while (token);
    return text_take(&names);
}

static void filters_and_pages(void **state)
{
    static const char *const x[] = {"x"};
    static const char *const xy[] = {"x", "y"};
    static const char *const none[] = {"none"};
    struct place *place = *state;
    const struct {
        struct catalog_filter filter;
        const char *names;
    } cases[] = {
        {{0}, "B a b c d \xC3\xA4"},
        {{.type = "JDBC"}, "B a c \xC3\xA4"},
        {{.type = "KAFKA"}, "b d"},
        {{.type = "MONGODB"}, ""},
        {{.criteria = x, .criteria_count = 1}, "a b c"},
        {{.criteria = xy, .criteria_count = 2}, "a b"},
        {{.type = "JDBC", .criteria = xy, .criteria_count = 2}, "a"},
        {{.criteria = none, .criteria_count = 1}, ""},
    };
    char *before = names_of(place, &cases[0].filter, 10);
    assert_string_equal(before, "");
    free(before);
    assert_int_equal(put(place, "\xC3\xA4", "JDBC", NULL, NULL), CATALOG_OK);
    assert_int_equal(put(place, "c", "JDBC", "x", NULL), CATALOG_OK);
    assert_int_equal(put(place, "d", "KAFKA", "y", NULL), CATALOG_OK);
    assert_int_equal(put(place, "a", "JDBC", "y", "x"), CATALOG_OK);
    assert_int_equal(put(place, "B", "JDBC", NULL, NULL), CATALOG_OK);
    assert_int_equal(put(place, "b", "KAFKA", "x", "y"), CATALOG_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t limit = 1; limit < 8; limit++) {
            char *names = names_of(place, &cases[i].filter, limit);
            assert_string_equal(names, cases[i].names);
            free(names);
        }
}

static void arguments_that_the_api_does_not_allow(void **state)
{
    struct place *place = *state;
    struct catalog_page page;
    struct catalog_entry entry;
    struct catalog_filter filter = {0};
    struct catalog_filter odd = {.type = "JDBCC"};
    enum catalog_result results[26];
    const char *names[26];
    char name[258];
    memset(name, 'n', sizeof name);
    name[257] = '\0';
    for (size_t i = 0; i < 26; i++)
        names[i] = "a";
    assert_int_equal(put(place, "", "JDBC", NULL, NULL), CATALOG_INVALID);
    assert_int_equal(put(place, "a\nb", "JDBC", NULL, NULL), CATALOG_INVALID);
    assert_int_equal(put(place, "a\xff", "JDBC", NULL, NULL), CATALOG_INVALID);
    assert_int_equal(put(place, name, "JDBC", NULL, NULL), CATALOG_INVALID);
    name[256] = '\0';
    assert_int_equal(put(place, name, "JDBC", NULL, NULL), CATALOG_INVALID);
    name[255] = '\0';
    assert_int_equal(put(place, name, "JDBC", NULL, NULL), CATALOG_OK);
    assert_int_equal(put(place, "\t'; DROP TABLE connections; --\xC2\x80", "JDBC", NULL, NULL),
                     CATALOG_OK);
    assert_int_equal(catalog_get(place->catalog, name, &entry, &place->err), CATALOG_OK);
    catalog_entry_release(&entry);
    assert_int_equal(catalog_list(place->catalog, &filter, 0, NULL, false, &page, &place->err),
                     CATALOG_INVALID);
    assert_int_equal(catalog_list(place->catalog, &filter, 1001, NULL, false, &page, &place->err),
                     CATALOG_INVALID);
    assert_int_equal(catalog_list(place->catalog, &odd, 1, NULL, false, &page, &place->err),
                     CATALOG_INVALID);
    assert_non_null(strstr(place->err.message, "did you mean JDBC"));
    assert_int_equal(catalog_list(place->catalog, &filter, 1, "x", false, &page, &place->err),
                     CATALOG_INVALID_TOKEN);
    assert_int_equal(catalog_batch_delete(place->catalog, names, 26, results, &place->err),
                     CATALOG_INVALID);
    assert_int_equal(catalog_batch_delete(place->catalog, names, 25, results, &place->err),
                     CATALOG_OK);
    assert_int_equal(results[24], CATALOG_NOT_FOUND);
}

static int64_t version_of(struct place *place, const char *name)
{
    struct catalog_entry entry;
    assert_int_equal(catalog_get(place->catalog, name, &entry, &place->err), CATALOG_OK);
    int64_t version = entry.version;
    catalog_entry_release(&entry);
    return version;
}

static enum catalog_result fail_test(struct place *place, int64_t version)
{
    return catalog_set_status(place->catalog, "a", version, CATALOG_STATUS_FAILED, "no", 1234567,
                              &place->err);
}

static void a_status_is_written_to_the_tested_version_only(void **state)
{
    struct place *place = *state;
    struct catalog_entry entry;
    assert_int_equal(fail_test(place, 1), CATALOG_CHANGED);
    assert_int_equal(put(place, "a", "JDBC", NULL, NULL), CATALOG_OK);
    assert_int_equal(put(place, "a", "JDBC", NULL, NULL), CATALOG_ALREADY_EXISTS);
    int64_t first = version_of(place, "a");
    assert_int_equal(fail_test(place, first), CATALOG_OK);
    assert_int_equal(catalog_get(place->catalog, "a", &entry, &place->err), CATALOG_OK);
    assert_int_equal(entry.status, CATALOG_STATUS_FAILED);
    assert_string_equal(entry.reason, "no");
    assert_int_equal(entry.validated_ms, 1234567);
    assert_int_equal(entry.version, first);
    assert_int_equal(catalog_update(place->catalog, &entry, &place->err), CATALOG_OK);
    catalog_entry_release(&entry);
    assert_true(version_of(place, "a") > first);
    assert_int_equal(fail_test(place, first), CATALOG_CHANGED);
    int64_t second = version_of(place, "a");
    assert_int_equal(catalog_delete(place->catalog, "a", &place->err), CATALOG_OK);
    assert_int_equal(catalog_delete(place->catalog, "a", &place->err), CATALOG_NOT_FOUND);
    assert_int_equal(fail_test(place, second), CATALOG_CHANGED);
    assert_int_equal(put(place, "a", "JDBC", NULL, NULL), CATALOG_OK);
    assert_true(version_of(place, "a") > second);
    assert_int_equal(fail_test(place, second), CATALOG_CHANGED);
    assert_int_equal(catalog_get(place->catalog, "a", &entry, &place->err), CATALOG_OK);
    assert_int_equal(entry.status, CATALOG_STATUS_NONE);
    catalog_entry_release(&entry);
}

static void a_long_reason_is_cut_at_the_limit_of_the_api(void **state)
{
    struct place *place = *state;
    struct catalog_entry entry;
    char *reason = xcalloc(20001, 1);
    memset(reason, 'r', 20000);
    assert_int_equal(put(place, "a", "JDBC", NULL, NULL), CATALOG_OK);
    assert_int_equal(catalog_set_status(place->catalog, "a", version_of(place, "a"),
                                        CATALOG_STATUS_FAILED, reason, 1, &place->err),
                     CATALOG_OK);
    assert_int_equal(catalog_get(place->catalog, "a", &entry, &place->err), CATALOG_OK);
    assert_int_equal(strlen(entry.reason), CATALOG_REASON_MAXIMUM);
    catalog_entry_release(&entry);
    free(reason);
}

static void all_of_a_create_or_none(void **state)
{
    struct place *place = *state;
    struct catalog_entry entries[3] = {{0}};
    struct catalog_entry entry;
    static const char *const names[] = {"new", "a", "newer"};
    size_t at = 99;
    assert_int_equal(put(place, "a", "JDBC", "x", NULL), CATALOG_OK);
    for (int i = 0; i < 3; i++) {
        entries[i].name = xstrdup(names[i]);
        entries[i].type = xstrdup("KAFKA");
        entries[i].definition = xstrdup("{\"new\":1}");
    }
    assert_int_equal(catalog_create(place->catalog, entries, 3, false, &at, &place->err),
                     CATALOG_ALREADY_EXISTS);
    assert_int_equal(at, 1);
    assert_int_equal(catalog_get(place->catalog, "new", &entry, &place->err), CATALOG_NOT_FOUND);
    assert_int_equal(catalog_create(place->catalog, entries, 3, true, &at, &place->err),
                     CATALOG_OK);
    assert_int_equal(catalog_get(place->catalog, "a", &entry, &place->err), CATALOG_OK);
    assert_string_equal(entry.definition, "{\"new\":1}");
    assert_string_equal(entry.type, "KAFKA");
    catalog_entry_release(&entry);
    for (int i = 0; i < 3; i++)
        catalog_entry_release(&entries[i]);
}

static void urls_that_name_no_catalog(void **state)
{
    static const char *const urls[] = {"",        "sqlite",      "sqlite:",  "/tmp/x.db",
                                       "mysql:x", "../sqlite:x", "SQLITE:x", "postgresql"};
    struct catalog_options options = {.folder = CATALOGS_FOLDER};
    struct catalog_options nowhere = {.folder = "/nonexistent"};
    struct error err = ERROR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        assert_null(catalog_open(urls[i], &options, &err));
        assert_int_equal(err.reason, REASON_INVALID_INPUT);
    }
    assert_null(catalog_open("sqlite:/tmp/x.db", &nowhere, &err));
    assert_int_equal(err.reason, REASON_DRIVER_MISSING);
    assert_null(catalog_open("mysql://u:s3cret@h/d", &options, &err));
    assert_null(strstr(err.message, "s3cret"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens_with_its_key_and_name_only),
        cmocka_unit_test(two_seals_of_one_text_differ),
        cmocka_unit_test(a_token_goes_on_in_its_own_listing_only),
        cmocka_unit_test(a_token_that_was_changed_is_refused),
        cmocka_unit_test_setup_teardown(filters_and_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(arguments_that_the_api_does_not_allow, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_status_is_written_to_the_tested_version_only, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_long_reason_is_cut_at_the_limit_of_the_api, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(all_of_a_create_or_none, set_up, tear_down),
        cmocka_unit_test(what_is_stored_is_tested_as_stored),
        cmocka_unit_test(urls_that_name_no_catalog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
