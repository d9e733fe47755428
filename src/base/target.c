/* SPDX-License-Identifier: Apache-2.0 */
/* target.c - looking into a target. */
#include "testconn/target.h"

#include <string.h>

const char *target_parameter(const struct target *target, const char *name)
{
    for (size_t i = 0; i < target->parameter_count; i++)
        if (strcmp(target->parameters[i].name, name) == 0)
            return target->parameters[i].value;
    return NULL;
}

const struct target_file *target_file(const struct target *target, const char *name)
{
    for (size_t i = 0; i < target->file_count; i++)
        if (strcmp(target->files[i].name, name) == 0)
            return &target->files[i];
    return NULL;
}

const char *target_secret(const struct target *target, const char *name)
{
    for (size_t i = 0; i < target->secret_count; i++)
        if (strcmp(target->secrets[i].name, name) == 0)
            return target->secrets[i].value;
    return NULL;
}
