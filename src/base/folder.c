/* SPDX-License-Identifier: Apache-2.0 */
/* folder.c - found from the program's own path, so that an installation can be moved. */
#include "folder.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "text.h"

const char *folder_program(void)
{
    static const char program[] = "/proc/self/exe";
    return access(program, X_OK) == 0 ? program : (const char *)getauxval(AT_EXECFN);
}

char *folder_of_modules(const char *kind)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    if (length <= 0 && !realpath((const char *)getauxval(AT_EXECFN), program)) /* no /proc */
        *program = '\0';
    char *slash = strrchr(program, '/');
    if (slash)
        *slash = '\0';
    char *beside = text_format("%s/%s", program, kind);
    if (access(beside, F_OK) == 0)
        return beside;
    free(beside);
    /* From PREFIX/bin, by its name where it has one: it stands in messages. */
    slash = strrchr(program, '/');
    if (slash)
        *slash = '\0';
    return text_format("%s/" TESTCONN_LIBDIR "/testconn/%s", program, kind);
}
