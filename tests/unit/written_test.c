/* SPDX-License-Identifier: Apache-2.0 */
/* written_test.c - host names beyond ASCII, told as they are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "written.h"

#define ASCII "xn--bcher-kva.example"
#define WRITTEN                                                                                    \
    "b\xc3\xbc"                                                                                    \
    "cher.example"

static char ascii_host[] = ASCII;
static char plain_host[] = "db.example";
static char broken_host[] = "xn--\x2d.example";

static void tells_a_host_as_it_is_written(void **state)
{
    struct endpoint endpoints[] = {{plain_host, 1}, {broken_host, 1}, {ascii_host, 1}};
    const struct target target = {.endpoints = endpoints, .endpoint_count = 3};
    static const struct {
        const char *line;
        const char *told;
    } cases[] = {
        {"", ""},
        {"db.example:5432 refuses", "db.example:5432 refuses"},
        {ASCII, WRITTEN " (" ASCII ")"},
        {"no TCP connection to " ASCII ":5432: refused",
         "no TCP connection to " WRITTEN ":5432 (" ASCII "): refused"},
        {"the host name \"" ASCII "\" does not exist",
         "the host name \"" WRITTEN "\" (" ASCII ") does not exist"},
        {ASCII ":1 and " ASCII ":2.", WRITTEN ":1 (" ASCII ") and " WRITTEN ":2."},
        {"www." ASCII " x" ASCII " " ASCII ".org " ASCII "s",
         "www." ASCII " x" ASCII " " ASCII ".org " ASCII "s"},
    };
    (void)state;
    assert_null(written_tell(ASCII)); /* until a target has begun */
    written_begin(&target);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *told = written_tell(cases[i].line);
        assert_string_equal(told, cases[i].told);
        free(told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tells_a_host_as_it_is_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
