/* SPDX-License-Identifier: Apache-2.0 */
/* manual_shells.c - the tables of the commands written as completion scripts. */
#include "manual.h"

#include <stdbool.h>
#include <string.h>

#include "commands.h"

static const struct option_row help_row = {"help", 'h',  NULL, OPTION_FLAG,
                                           NULL,   NULL, NULL, "show the help of the command"};

/* Every command that does something by itself, as CALL is to see it. */
static void each_command(FILE *out, void (*call)(FILE *, const struct command *))
{
    for (int i = 0; commands[i]; i++) {
        if (commands[i]->parts)
            for (const struct command *part = commands[i]->parts; part->name; part++)
                call(out, part);
        else
            call(out, commands[i]);
    }
}

/* Every option of COMMAND, --help too. */
static void each_row(FILE *out, const struct command *command,
                     void (*call)(FILE *, const struct command *, const struct option_row *))
{
    for (const struct option_row *row = command->rows; row && row->name; row++)
        call(out, command, row);
    call(out, command, &help_row);
}

/* The word of a part within its command: "create" of "connections create". */
static const char *last_word(const char *name)
{
    const char *blank = strrchr(name, ' ');
    return blank ? blank + 1 : name;
}

/* Whether the arguments of COMMAND are names of stored connections. */
static bool takes_names(const struct command *command)
{
    return strstr(command->arguments, "NAME") != NULL;
}

static bool takes_file(const char *value)
{
    return strcmp(value, "FILE") == 0;
}

static bool takes_folder(const char *value)
{
    return strcmp(value, "FOLDER") == 0;
}

/* WORDS "a|b" with BLANK in place of the bars. */
static void write_words(FILE *out, const char *words)
{
    for (; *words; words++)
        fputc(*words == '|' ? ' ' : *words, out);
}

/* bash */

static void write_bash_value(FILE *out, const struct command *command, const struct option_row *row)
{
    if (row->kind == OPTION_FLAG)
        return;
    fprintf(out, "    '%s --%s'", command->name, row->name);
    if (row->letter)
        fprintf(out, " | '%s -%c'", command->name, row->letter);
    fputs(")\n", out);
    if (row->kind == OPTION_WORD) {
        fputs("        mapfile -t COMPREPLY < <(compgen -W '", out);
        write_words(out, row->words);
        fputs("' -- \"$cur\")\n", out);
    } else if (takes_file(row->value) || takes_folder(row->value)) {
        fprintf(out,
                "        compopt -o filenames 2> /dev/null\n"
                "        mapfile -t COMPREPLY < <(compgen -%c -- \"$cur\")\n",
                takes_file(row->value) ? 'f' : 'd');
    }
    fputs("        return ;;\n", out);
}

static void write_bash_values(FILE *out, const struct command *command)
{
    each_row(out, command, write_bash_value);
}

static void write_bash_option(FILE *out, const struct command *command,
                              const struct option_row *row)
{
    (void)command;
    fprintf(out, " --%s", row->name);
    if (row->letter)
        fprintf(out, " -%c", row->letter);
}

static void write_bash_options(FILE *out, const struct command *command)
{
    fprintf(out, "    '%s') options='", command->name);
    each_row(out, command, write_bash_option);
    fputs("'", out);
    /* Arguments that are files, or words of a closed list. */
    if (strstr(command->arguments, "FILE..."))
        fputs(" files=1", out);
    else if (takes_names(command))
        fputs(" names=1", out);
    else if (command->arguments[0] != '[' && strchr(command->arguments, '|')) {
        fputs(" words='", out);
        write_words(out, command->arguments);
        fputc('\'', out);
    }
    fputs(" ;;\n", out);
}

static void write_bash_parts(FILE *out)
{
    for (int i = 0; commands[i]; i++) {
        if (!commands[i]->parts)
            continue;
        fprintf(out, "    %s) parts='", commands[i]->name);
        for (const struct command *part = commands[i]->parts; part->name; part++)
            fprintf(out, "%s ", last_word(part->name));
        fputs("' ;;\n", out);
    }
}

void manual_bash(FILE *out)
{
    fputs("# bash completion of testconn, made by: testconn completion bash\n"
          "_testconn() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    local command=${COMP_WORDS[1]} parts='' options='' words='' files='' names='' name\n"
          "    COMPREPLY=()\n"
          "    # --output=json is three words here.\n"
          "    if [[ $cur == = ]]; then\n"
          "        cur=\n"
          "    elif [[ $option == = ]]; then\n"
          "        option=${COMP_WORDS[COMP_CWORD-2]}\n"
          "    fi\n"
          "    if ((COMP_CWORD == 1)); then\n"
          "        mapfile -t COMPREPLY < <(compgen -W 'help",
          out);
    for (int i = 0; commands[i]; i++)
        fprintf(out, " %s", commands[i]->name);
    fputs("' -- \"$cur\")\n"
          "        return\n"
          "    fi\n"
          "    case $command in\n",
          out);
    write_bash_parts(out);
    fputs("    esac\n"
          "    if [[ $parts ]]; then\n"
          "        if ((COMP_CWORD == 2)); then\n"
          "            mapfile -t COMPREPLY < <(compgen -W \"$parts\" -- \"$cur\")\n"
          "            return\n"
          "        fi\n"
          "        command+=\" ${COMP_WORDS[2]}\"\n"
          "    fi\n"
          "    case \"$command $option\" in\n",
          out);
    each_command(out, write_bash_values);
    fputs("    esac\n"
          "    case $command in\n"
          "    help) words='",
          out);
    for (int i = 0; commands[i]; i++)
        fprintf(out, "%s ", commands[i]->name);
    fputs("' ;;\n", out);
    each_command(out, write_bash_options);
    fputs("    esac\n"
          "    if [[ $cur == -* ]]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
          "    elif [[ $words ]]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
          "    elif [[ $files ]]; then\n"
          "        compopt -o filenames 2> /dev/null\n"
          "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
          "    elif [[ $names ]]; then\n"
          "        # Not by compgen -W, which would run what a name holds.\n"
          "        while IFS= read -r name; do\n"
          "            [[ $name == \"$cur\"* ]] && COMPREPLY+=(\"$(printf %q \"$name\")\")\n"
          "        done < <(\"${COMP_WORDS[0]}\" connections list -o json 2> /dev/null |\n"
          "            sed -n 's/^ *\"Name\": \"\\(.*\\)\",$/\\1/p')\n"
          "    fi\n"
          "}\n"
          "complete -F _testconn testconn\n",
          out);
}

/* zsh */

/* TEXT within single quotes and brackets. */
static void write_zsh_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("[]:\\", *text))
            fputc('\\', out);
        if (*text == '\'')
            fputs("'\\'", out);
        fputc(*text, out);
    }
}

static void write_zsh_row(FILE *out, const struct command *command, const struct option_row *row)
{
    const char *equals = row->kind == OPTION_FLAG ? "" : "=";
    (void)command;
    fputs(" \\\n        ", out);
    if (row->letter)
        fprintf(out, "'(-%c --%s)'{-%c%s,--%s%s}'[", row->letter, row->name, row->letter,
                *equals ? "+" : "", row->name, equals);
    else
        fprintf(out, "'--%s%s[", row->name, equals);
    write_zsh_text(out, row->help);
    fputc(']', out);
    if (row->kind != OPTION_FLAG) {
        fprintf(out, ":%s:", row->value);
        if (row->kind == OPTION_WORD) {
            fputc('(', out);
            write_words(out, row->words);
            fputc(')', out);
        } else if (takes_file(row->value)) {
            fputs("_files", out);
        } else if (takes_folder(row->value)) {
            fputs("_files -/", out);
        }
    }
    fputc('\'', out);
}

static void write_zsh_command(FILE *out, const struct command *command)
{
    fprintf(out, "    '%s')\n        _arguments -s", command->name);
    each_row(out, command, write_zsh_row);
    if (strstr(command->arguments, "FILE..."))
        fputs(" \\\n        '*:FILE:_files'", out);
    else if (takes_names(command))
        fputs(" \\\n        '*:NAME:_testconn_names'", out);
    else if (command->arguments[0] != '[' && strchr(command->arguments, '|')) {
        fputs(" \\\n        '1:word:(", out);
        write_words(out, command->arguments);
        fputs(")'", out);
    }
    fputs(" ;;\n", out);
}

static void write_zsh_list(FILE *out, const struct command *command)
{
    fprintf(out, "        '%s:", last_word(command->name));
    write_zsh_text(out, command->summary);
    fputs("'\n", out);
}

static void write_zsh_parts(FILE *out)
{
    for (int i = 0; commands[i]; i++) {
        if (!commands[i]->parts)
            continue;
        fprintf(out, "    %s)\n        parts=(\n", commands[i]->name);
        for (const struct command *part = commands[i]->parts; part->name; part++)
            write_zsh_list(out, part);
        fputs("        ) ;;\n", out);
    }
}

void manual_zsh(FILE *out)
{
    fputs("#compdef testconn\n"
          "# zsh completion of testconn, made by: testconn completion zsh\n"
          "_testconn_names() {\n"
          "    local -a names\n"
          "    names=(\"${(@f)$($testconn connections list -o json 2> /dev/null |\n"
          "        sed -n 's/^ *\"Name\": \"\\(.*\\)\",$/\\1/p')}\")\n"
          "    compadd -a names\n"
          "}\n"
          "_testconn() {\n"
          "    local command=$words[2] testconn=$words[1]\n"
          "    local -a list parts\n"
          "    list=(\n"
          "        'help:show the help of a command'\n",
          out);
    for (int i = 0; commands[i]; i++)
        write_zsh_list(out, commands[i]);
    fputs("    )\n"
          "    if ((CURRENT == 2)); then\n"
          "        _describe command list\n"
          "        return\n"
          "    fi\n"
          "    case $command in\n",
          out);
    write_zsh_parts(out);
    fputs("    esac\n"
          "    if (($#parts)); then\n"
          "        if ((CURRENT == 3)); then\n"
          "            _describe command parts\n"
          "            return\n"
          "        fi\n"
          "        command+=\" $words[3]\"\n"
          "        shift words\n"
          "        ((CURRENT--))\n"
          "    fi\n"
          "    shift words\n"
          "    ((CURRENT--))\n"
          "    case $command in\n"
          "    help) _describe command list ;;\n",
          out);
    each_command(out, write_zsh_command);
    fputs("    esac\n"
          "}\n"
          "if [[ $funcstack[1] == _testconn ]]; then\n"
          "    _testconn \"$@\"\n"
          "else\n"
          "    compdef _testconn testconn\n"
          "fi\n",
          out);
}
