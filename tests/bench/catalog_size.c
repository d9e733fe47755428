/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_size.c - what a get and a page of list cost in a small and in a large catalog, measured
 * in turns within one run. Arguments: the folder of the modules, connections of the large one, and
 * the URLs of both, which are empty, where they are to be no files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog.h"
#include "testconn/deadline.h"
#include "text.h"

enum { SMALL = 100, PAGE = 100, ROUNDS = 40, GETS = 200, LISTS = 10 };
#define RATIO_MOST 1.5

struct place {
    struct catalog *catalog;
    size_t size;
    double get_us, list_us; /* the best of all rounds: what it costs when nobody disturbs */
};

static void die(const struct error *err)
{
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

/* Names that are spread over the whole, as real ones are. */
static char *name_of(size_t index)
{
    return text_format("connection-%08zx", (index * 2654435761U) & 0xFFFFFFFF);
}

static void fill(struct place *place)
{
    struct error err = ERROR_INIT;
    struct catalog_entry *entries = xcalloc(place->size, sizeof *entries);
    size_t at = 0;
    for (size_t i = 0; i < place->size; i++) {
        entries[i].name = name_of(i);
        entries[i].type = xstrdup(i % 3 ? "JDBC" : "KAFKA");
        entries[i].definition = text_format(
            "{\"Name\":\"%s\",\"ConnectionType\":\"JDBC\",\"ConnectionProperties\":{\"JDBC_"
            "CONNECTION_URL\":\"jdbc:postgresql://db%zu.example:5432/orders\",\"USERNAME\":"
            "\"app\",\"PASSWORD\":\"secret %zu\",\"JDBC_ENFORCE_SSL\":\"true\"}}",
            entries[i].name, i, i);
    }
    if (catalog_create(place->catalog, entries, place->size, false, &at, &err) != CATALOG_OK)
        die(&err);
    for (size_t i = 0; i < place->size; i++)
        catalog_entry_release(&entries[i]);
    free(entries);
}

static double measure_get(const struct place *place, size_t round)
{
    struct error err = ERROR_INIT;
    int64_t began_us = clock_now_us();
    for (size_t i = 0; i < GETS; i++) {
        struct catalog_entry entry;
        char *name = name_of((round * GETS + i) * 7919 % place->size);
        if (catalog_get(place->catalog, name, &entry, &err) != CATALOG_OK)
            die(&err);
        catalog_entry_release(&entry);
        free(name);
    }
    return (double)(clock_now_us() - began_us) / GETS;
}

static double measure_list(const struct place *place)
{
    struct error err = ERROR_INIT;
    struct catalog_filter all = {0};
    int64_t began_us = clock_now_us();
    for (size_t i = 0; i < LISTS; i++) {
        struct catalog_page page;
        if (catalog_list(place->catalog, &all, PAGE, NULL, true, &page, &err) != CATALOG_OK ||
            page.count != PAGE)
            die(&err);
        catalog_page_release(&page);
    }
    return (double)(clock_now_us() - began_us) / LISTS;
}

static void measure(struct place *place, size_t round)
{
    double get_us = measure_get(place, round);
    double list_us = measure_list(place);
    if (round == 0 || get_us < place->get_us)
        place->get_us = get_us;
    if (round == 0 || list_us < place->list_us)
        place->list_us = list_us;
}

static void open_place(struct place *place, const char *folder, const char *modules,
                       const char *given)
{
    struct error err = ERROR_INIT;
    char *key = text_format("%s/%zu.db.key", folder, place->size);
    struct catalog_options options = {.folder = modules, .key_file = key};
    char *url = given ? xstrdup(given) : text_format("sqlite:%s/%zu.db", folder, place->size);
    place->catalog = catalog_open(url, &options, &err);
    if (!place->catalog)
        die(&err);
    free(url);
    free(key);
    fill(place);
}

static void clean(const char *folder, const struct place *place)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".key"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char *path = text_format("%s/%zu.db%s", folder, place->size, ends[i]);
        unlink(path);
        free(path);
    }
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/testconn-bench-XXXXXX";
    struct place places[] = {{.size = SMALL},
                             {.size = argc > 2 ? strtoul(argv[2], NULL, 10) : 100000}};
    if (argc < 2 || !mkdtemp(folder))
        return 2;
    for (int i = 0; i < 2; i++)
        open_place(&places[i], folder, argv[1], argc > 4 ? argv[3 + i] : NULL);
    for (size_t round = 0; round < ROUNDS; round++)
        for (int i = 0; i < 2; i++)
            measure(&places[i], round);
    double get_ratio = places[1].get_us / places[0].get_us;
    double list_ratio = places[1].list_us / places[0].list_us;
    printf("get: %.1f us of %zu, %.1f us of %zu, ratio %.2f\n", places[0].get_us, places[0].size,
           places[1].get_us, places[1].size, get_ratio);
    printf("a page of %d: %.0f us of %zu, %.0f us of %zu, ratio %.2f\n", PAGE, places[0].list_us,
           places[0].size, places[1].list_us, places[1].size, list_ratio);
    for (int i = 0; i < 2; i++) {
        catalog_close(places[i].catalog);
        clean(folder, &places[i]);
    }
    rmdir(folder);
    return get_ratio <= RATIO_MOST && list_ratio <= RATIO_MOST ? 0 : 1;
}
