/* SPDX-License-Identifier: Apache-2.0 */
/* ambient.c - no PG* variable of whoever runs us decides where the catalog is or who we are. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store.h"
#include "text.h"

static const char patience[] = "RES_OPTIONS"; /* of the resolver: name servers may be silent */

static bool is_ambient(const char *variable)
{
    return text_starts(variable, "PG") || text_starts(variable, "RES_OPTIONS=");
}

void ambient_set_aside(struct ambient *ambient)
{
    *ambient = (struct ambient){0};
    for (char **variable = environ; variable && *variable; variable++)
        if (is_ambient(*variable)) {
            ambient->saved =
                xrealloc(ambient->saved, (ambient->count + 1) * sizeof *ambient->saved);
            ambient->saved[ambient->count++] = xstrdup(*variable);
        }
    for (size_t i = 0; i < ambient->count; i++) {
        char *name = xstrndup(ambient->saved[i], strcspn(ambient->saved[i], "="));
        unsetenv(name);
        free(name);
    }
    setenv(patience, "timeout:2 attempts:1", 1);
}

void ambient_put_back(struct ambient *ambient)
{
    unsetenv(patience);
    for (size_t i = 0; i < ambient->count; i++) {
        char *value = strchr(ambient->saved[i], '=');
        if (value) {
            *value = '\0';
            setenv(ambient->saved[i], value + 1, 1);
            text_wipe(value + 1, strlen(value + 1));
        }
        free(ambient->saved[i]);
    }
    free(ambient->saved);
}
