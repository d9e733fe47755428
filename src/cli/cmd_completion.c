/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_completion.c - `testconn completion`: what the tables say, for a shell; for the build, the
 * manual page too. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "manual.h"
#include "text.h"

static const struct option_row rows[] = {{NULL, 0, NULL, OPTION_FLAG, NULL, NULL, NULL, NULL}};

static const struct {
    const char *name;
    void (*write)(FILE *out);
} kinds[] = {{"bash", manual_bash}, {"zsh", manual_zsh}, {"man", manual_page}};

static int write_kind(const char *const *names, int count)
{
    if (count == 0)
        return usage_error("completion", "the name of the shell is missing: bash or zsh");
    if (count > 1)
        return usage_error("completion", "unexpected argument %s", names[1]);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, names[0]) == 0) {
            kinds[i].write(stdout);
            return 0;
        }
    return usage_error("completion", "there is none for \"%s\", only for bash and zsh", names[0]);
}

static int run(int argc, char **argv)
{
    const char **names = xcalloc((size_t)argc + 1, sizeof *names);
    int count = 0;
    int code = EXIT_USAGE;
    if (options_help(&command_completion, argc, argv))
        code = 0;
    else if (options_read("completion", rows, argc, argv, names, &count))
        code = write_kind(names, count);
    free(names);
    return code;
}

const struct command command_completion = {
    .name = "completion",
    .arguments = "bash|zsh",
    .summary = "print a completion script for a shell",
    .description =
        "Print a script that completes commands, options, values and files.\n"
        "  bash: source <(testconn completion bash), or put it where bash-completion looks.\n"
        "  zsh:  put it as _testconn into a folder of $fpath.",
    .run = run,
    .rows = rows,
};
