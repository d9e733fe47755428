/* SPDX-License-Identifier: Apache-2.0 */
/* delayed.c - a library that is loaded when its first function is called. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

/* A function of the library, as x86_64.S keeps it. */
struct delayed {
    void *function;
    const char *name;
};

void delayed_find(struct delayed *slot);

/* Fill SLOT. Several threads may do so at once: all of them find the same. */
void delayed_find(struct delayed *slot)
{
    void *library = dlopen(DELAYED_LIBRARY, RTLD_LAZY | RTLD_LOCAL);
    void *function = library ? dlsym(library, slot->name) : NULL;
    if (!function) {
        fprintf(stderr, "testconn: %s\n", dlerror());
        abort();
    }
    __atomic_store_n(&slot->function, function, __ATOMIC_RELEASE);
}
